//! A small company for a test: manifests written to a folder of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder of manifests and one for state, both gone with this value.
#[derive(Debug)]
pub struct Office {
    folder: TempDir,
}

/// One person of the company: a user with one handset.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The user's name; the handset is called `NAME-desk`.
    pub name: &'static str,
    /// The extension.
    pub extension: &'static str,
    /// The name shown and spoken.
    pub display_name: &'static str,
}

/// Mary, extension 101.
pub const MARY: Person = Person {
    name: "mary",
    extension: "101",
    display_name: "Mary Miller",
};
/// John, extension 102.
pub const JOHN: Person = Person {
    name: "john",
    extension: "102",
    display_name: "John Smith",
};
/// Ann, extension 103.
pub const ANN: Person = Person {
    name: "ann",
    extension: "103",
    display_name: "Ann Lee",
};

/// The SIP domain of every test's company.
pub const DOMAIN: &str = "office.example.com";
/// Every handset's SIP password in the tests.
pub const PASSWORD: &str = "correct horse battery";
/// Everybody's PIN in the tests.
pub const PIN: &str = "27182";

impl Person {
    /// The handset's username.
    pub fn handset(&self) -> String {
        format!("{}-desk", self.name)
    }

    /// The manifests: User, Handset and their Secrets.
    pub fn manifests(&self) -> String {
        manifests_of(self.name, self.extension, self.display_name, "")
    }
}

/// The manifests of a user with one handset; `spec` is more of the User's spec, in flow style: `voicemail: {…}`.
pub fn manifests_of(name: &str, extension: &str, display_name: &str, spec: &str) -> String {
    format!(
        "apiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {{name: {name}}}\nspec:\n  \
         displayName: {display_name}\n  extension: \"{extension}\"\n  pinSecretRef: {{name: {name}-pin, key: pin}}\n  {spec}\n---\n\
         apiVersion: switchboard.dev/v1alpha1\nkind: Handset\nmetadata: {{name: {name}-desk}}\nspec:\n  \
         ownerRef: {{name: {name}}}\n  passwordSecretRef: {{name: {name}-desk-sip, key: password}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}-pin, labels: {{switchboard.dev/use: pin}}}}\nstringData: {{pin: \"{PIN}\"}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}-desk-sip, labels: {{switchboard.dev/use: sip}}}}\nstringData: {{password: \"{PASSWORD}\"}}\n"
    )
}

impl Office {
    /// A `PhoneSystem` and these people.
    pub fn of(people: &[Person]) -> Self {
        let office = Self {
            folder: TempDir::new().expect("a temporary folder"),
        };
        std::fs::create_dir(office.manifests()).expect("the manifests' folder");
        office.write(
            "phonesystem.yaml",
            &format!(
                "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: office}}\nspec:\n  \
                 domain: {DOMAIN}\n  timeZone: America/New_York\n  dialPlan: {{operator: \"0\"}}\n  limits: {{callsPerUser: 1000}}\n"
            ),
        );
        let mut all = String::new();
        for person in people {
            let _ = writeln!(all, "---\n{}", person.manifests());
        }
        office.write("people.yaml", &all);
        office
    }

    /// Many people with room for many messages: `u0`, `u1`, …, each with a handset `u0-desk` and an extension from 1000 up.
    pub fn of_many(people: usize) -> Self {
        let office = Self::of(&[]);
        let mut all = String::new();
        for number in 0..people {
            let (name, extension) = (format!("u{number}"), (1000 + number).to_string());
            let display_name = format!("User {number}");
            let spec = "voicemail: {maxMessages: 100000, maxMinutes: 100000}";
            let _ = writeln!(
                all,
                "---\n{}",
                manifests_of(&name, &extension, &display_name, spec)
            );
        }
        office.write("people.yaml", &all);
        office
    }

    /// The folder that `standalone` is given.
    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// All that its worker keeps, as text.
    pub fn kept(&self) -> String {
        let mut folders = vec![self.state()];
        let mut text = String::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match std::fs::read(entry.path()) {
                    Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
                    Err(_) => folders.push(entry.path()),
                }
            }
        }
        text
    }

    /// A path for a test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a manifest file, at once as a whole.
    pub fn write(&self, name: &str, text: &str) {
        write_whole(&self.manifests().join(name), text);
    }
}

fn write_whole(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, text).expect("the manifest is written");
    std::fs::rename(&draft, path).expect("the manifest is put in place");
}
