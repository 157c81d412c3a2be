//! Messages left by phone, mailed by a worker (spec MB-7), and e-mails counted for who logs in (MB-8).

mod counting;
mod mailing;
mod trouble;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mailbox::disk::RealDisk;
use mailbox::{FolderStore, MailboxId, Mailboxes, MailboxesOptions};
use switchboard_tests::exim::{Exim, PASSWORD, USERNAME};
use switchboard_tests::office::{JOHN, Office, manifests_of};
use switchboard_tests::worker::Worker;

/// An office whose mail goes to that server.
fn office(exim: &Exim) -> Office {
    let office = Office::of(&[JOHN]);
    mail_by(&office, exim, PASSWORD);
    office
}

/// Its mail goes to that server, logged in to with that password.
fn mail_by(office: &Office, exim: &Exim, password: &str) {
    mail_through(office, exim.plain(), "credentialsSecretRef: {name: smtp}");
    secret(office, "smtp", USERNAME, password, &exim.authority());
}

/// Its mail goes to that port; `more` is more of the server's spec.
fn mail_through(office: &Office, port: u16, more: &str) {
    office.write(
        "phonesystem.yaml",
        &format!(
            "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: office}}\nspec:\n  \
             domain: office.example.com\n  timeZone: America/New_York\n  limits: {{callsPerUser: 1000}}\n  \
             mail: {{smtp: {{host: localhost, port: {port}, from: 'Voicemail <voicemail@example.com>', {more}}}}}\n"
        ),
    );
}

fn secret(office: &Office, name: &str, username: &str, password: &str, authority: &str) {
    let mut yaml = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, labels: {{switchboard.dev/use: {name}}}}}\nstringData:\n  \
         username: {username}\n  password: '{password}'\n  ca.crt: |\n"
    );
    for line in authority.lines() {
        let _ = writeln!(yaml, "    {line}");
    }
    office.write(&format!("{name}.yaml"), &yaml);
}

/// Somebody with an address and a mode.
fn hire(office: &Office, name: &str, extension: &str, address: &str, mode: &str) {
    let spec = format!("email: {address}\n  voicemail: {{email: {{mode: '{mode}'}}}}");
    let manifests = manifests_of(name, extension, &format!("{name} Miller"), &spec);
    office.write(&format!("{name}.yaml"), &manifests);
}

fn sent(worker: &Worker) -> f64 {
    worker.metric("switchboard_mails_total{result=\"sent\"}")
}

/// How many messages are new in these mailboxes, as the store of a worker that has ended has them.
fn new_messages(office: &Office, users: &[&str]) -> Vec<u32> {
    let spool = tempfile::TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(FolderStore::open(office.state().join("store")).unwrap());
        let disk = Arc::new(RealDisk::open(spool.path()).unwrap());
        let options = MailboxesOptions::new([7; 32]);
        let (mailboxes, _delivered) = Mailboxes::open(store, disk, options).unwrap();
        let mut counts = Vec::new();
        for user in users {
            let mailbox = mailboxes.mailbox(&MailboxId::new(*user).unwrap());
            counts.push(mailbox.counts().await.new);
        }
        counts
    })
}

/// Bob's extension.
const BOB: &str = "202";
/// A letter that was put off is tried again after half a minute.
const PATIENCE: Duration = Duration::from_mins(2);
