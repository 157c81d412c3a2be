//! What the terminal says at start: who can be rung, and how to set up each phone.
use std::fmt::Write as _;

use crds::{
    Directory,
    directory::{Account, PinOrigin},
    secrets::Credentials,
};

/// A table of phones with what a softphone asks for. `sip` is the address phones reach, such as `192.168.1.5:5060`.
pub fn setup_sheet(directory: &Directory, credentials: &Credentials, sip: &str) -> String {
    let system = directory.system();
    let mut phones: Vec<&Account> = directory.accounts().collect();
    phones.sort_by_key(|phone| (order(phone.extension.as_deref()), phone.handset.clone()));
    let plan = &system.dial_plan;
    let mut sheet = String::new();
    let _ = writeln!(
        sheet,
        "{} ({}): {} people, {} phones",
        system.name,
        system.domain,
        directory.users().len(),
        phones.len()
    );
    let _ = writeln!(sheet);
    table(&mut sheet, &rows(directory, credentials, &phones));
    if phones.len() > SHOWN {
        let _ = writeln!(
            sheet,
            "  … and {} more; their passwords are in their Secrets",
            phones.len() - SHOWN
        );
    }
    let _ = writeln!(sheet);
    let _ = writeln!(
        sheet,
        "  Set up a softphone: server {sip}, transport UDP or TCP, username and password as above."
    );
    let _ = writeln!(
        sheet,
        "  Dial an extension to ring it, {} for your messages (PIN, then #), {}+extension to leave one without ringing.",
        plan.message_center, plan.leave_message
    );
    sheet
}

/// How many phones are listed: more would push what matters off the screen.
const SHOWN: usize = 20;

const HEADINGS: [&str; 6] = ["Ext", "Name", "Presence", "Username", "Password", "PIN"];

type Row = [String; 6];

fn rows(directory: &Directory, credentials: &Credentials, phones: &[&Account]) -> Vec<Row> {
    let mut shown = Vec::with_capacity(SHOWN.min(phones.len()) + 1);
    shown.push(HEADINGS.map(str::to_owned));
    for phone in phones.iter().take(SHOWN) {
        let user = phone.user.as_deref().and_then(|user| directory.user(user));
        let secret = |given: Option<&str>| given.unwrap_or("-").to_owned();
        let pin = match user {
            Some(user) if user.pin_origin == PinOrigin::Chosen => "(his own)".to_owned(),
            Some(user) => secret(credentials.pin(&user.name)),
            None => "-".to_owned(),
        };
        shown.push([
            phone.extension.as_deref().unwrap_or("-").to_owned(),
            user.map_or_else(
                || "(shared)".to_owned(),
                |user| user.display_name.to_string(),
            ),
            user.map_or_else(|| "-".to_owned(), |user| user.presence.to_string()),
            phone.username.to_string(),
            secret(credentials.password(&phone.handset)),
            pin,
        ]);
    }
    shown
}

fn table(sheet: &mut String, rows: &[Row]) {
    let mut widths = [0usize; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut line = String::from(" ");
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, " {cell:<width$} ");
        }
        let _ = writeln!(sheet, "{}", line.trim_end());
    }
}

/// Numbers by length, then value: 9 before 10; phones without a number last.
fn order(extension: Option<&str>) -> (bool, usize, &str) {
    let number = extension.unwrap_or_default();
    (extension.is_none(), number.len(), number)
}
