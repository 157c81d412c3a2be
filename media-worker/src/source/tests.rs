use std::{fs, path::Path, time::Duration};

use crds::Presence;

use super::*;
use crate::state::State;

const SYSTEM: &str = "\
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec: {domain: office.example.com}
";

fn user(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {{name: {name}}}\nspec:\n{spec}\n"
    )
}

/// A folder of manifests and a state folder.
struct Place {
    manifests: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self {
            manifests: tempfile::tempdir().unwrap(),
            state: tempfile::tempdir().unwrap(),
        };
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.manifests.path().join(name), text).unwrap();
    }

    fn open(&self) -> Result<Manifests, OpenError> {
        Manifests::open(self.manifests.path(), || State::open(self.state.path()))
    }

    fn check(&self) -> Vec<String> {
        let prefix = format!("{}/", self.manifests.path().display());
        check(self.manifests.path())
            .iter()
            .map(|c| c.to_string().replace(&prefix, ""))
            .collect()
    }
}

fn directory(source: &Manifests) -> Arc<Directory> {
    source.snapshots().borrow().directory.clone()
}

#[test]
fn a_user_alone_is_enough() {
    let place = Place::new(&[(
        "office.yaml",
        &(SYSTEM.to_owned() + &user("mary", "  extension: \"101\"")),
    )]);
    let source = place.open().unwrap();
    let snapshot = source.snapshots().borrow().clone();
    assert_eq!(snapshot.complaints, []);
    let phone = snapshot.directory.account("mary").unwrap();
    assert!(phone.ha1.is_some());
    let pin = snapshot.credentials.pin("mary").unwrap();
    assert!(snapshot.directory.user("mary").unwrap().pin.verify(pin));
    assert!(snapshot.directory.system().nonce_key.is_some());
}

#[test]
fn generated_secrets_are_the_same_after_a_restart() {
    let place = Place::new(&[(
        "office.yaml",
        &(SYSTEM.to_owned() + &user("mary", "  extension: \"101\"")),
    )]);
    let before = directory(&place.open().unwrap())
        .account("mary")
        .unwrap()
        .ha1;
    assert_eq!(
        directory(&place.open().unwrap())
            .account("mary")
            .unwrap()
            .ha1,
        before
    );
}

#[test]
fn a_misspelt_field_stops_a_start_and_is_named_with_file_line_and_remedy() {
    let place = Place::new(&[
        ("office.yaml", SYSTEM),
        ("users.yaml", &user("mary", "  extention: \"101\"")),
    ]);
    assert!(matches!(place.open(), Err(OpenError::Manifests(_))));
    assert_eq!(
        place.check(),
        ["users.yaml:6: User mary: spec.extention: unknown field; did you mean extension?"]
    );
}

#[test]
fn a_file_that_breaks_later_leaves_its_previous_version_in_force() {
    let place = Place::new(&[
        ("office.yaml", SYSTEM),
        ("users.yaml", &user("mary", "  extension: \"101\"")),
    ]);
    let source = place.open().unwrap();
    place.write("users.yaml", &user("mary", "  extension: 102"));
    source.reload().unwrap();
    let snapshot = source.snapshots().borrow().clone();
    assert!(snapshot.directory.extension("101").is_some());
    let complaint = snapshot.complaints[0].to_string();
    assert!(
        complaint.ends_with(
            "this is a number and must be text; put it in quotes: \"102\" (until then the version before stays in force)"
        ),
        "{complaint}"
    );
    place.write("users.yaml", &user("mary", "  extension: \"102\""));
    source.reload().unwrap();
    assert_eq!(source.snapshots().borrow().complaints, []);
    assert!(
        directory(&source).extension("102").is_some()
            && directory(&source).extension("101").is_none()
    );
}

#[test]
fn what_a_user_set_by_phone_counts_and_the_manifests_stay_as_they_are() {
    let given = "---\napiVersion: switchboard.dev/v1alpha1\nkind: UserSettings\nmetadata: {name: mary}\nspec: {presence: Away, language: de}\n";
    let place = Place::new(&[(
        "office.yaml",
        &(SYSTEM.to_owned() + &user("mary", "  extension: \"101\"") + given),
    )]);
    let text = fs::read_to_string(place.manifests.path().join("office.yaml")).unwrap();
    let source = place.open().unwrap();
    assert_eq!(
        directory(&source).user("mary").unwrap().presence,
        Presence::Away
    );
    source
        .update_settings("mary", |spec| spec.presence = Some(Presence::Busy))
        .unwrap();
    let mary = directory(&source).user("mary").unwrap().clone();
    assert_eq!((mary.presence, &*mary.language), (Presence::Busy, "de"));
    drop(source);
    assert_eq!(
        directory(&place.open().unwrap())
            .user("mary")
            .unwrap()
            .presence,
        Presence::Busy
    );
    assert_eq!(
        fs::read_to_string(place.manifests.path().join("office.yaml")).unwrap(),
        text
    );
}

#[test]
fn a_pin_chosen_by_phone_replaces_the_one_in_the_secret() {
    let place = Place::new(&[(
        "office.yaml",
        &(SYSTEM.to_owned() + &user("mary", "  extension: \"101\"")),
    )]);
    let source = place.open().unwrap();
    let before = source.snapshots().borrow().clone();
    let verifier = before.directory.system().pin_key.verifier("mary", "24688");
    source
        .update_settings("mary", |spec| spec.pin_verifier = Some(verifier))
        .unwrap();
    let mary = directory(&source).user("mary").unwrap().clone();
    assert!(mary.pin.verify("24688") && !mary.pin.verify(before.credentials.pin("mary").unwrap()));
}

#[test]
fn check_names_duplicates_foreign_kinds_and_what_is_no_yaml() {
    let place = Place::new(&[
        (
            "a.yaml",
            &(SYSTEM.to_owned() + &user("mary", "  extension: \"101\"")),
        ),
        ("b.yaml", &user("mary", "  extension: \"102\"")),
        (
            "c.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: office}\n",
        ),
        (
            "d.yaml",
            "apiVersion: switchboard.dev/v1alpha1\nkind: Usr\nmetadata: {name: x}\n",
        ),
    ]);
    assert_eq!(
        place.check(),
        [
            "b.yaml:4: User mary: metadata.name: it is already written in {}a.yaml:8; remove one or give it another name"
                .replace("{}", &format!("{}/", place.manifests.path().display()))
                .replace(&format!("{}/", place.manifests.path().display()), ""),
            "c.yaml:2: warning: v1 Namespace is passed over: it is no part of a PhoneSystem; keep it elsewhere".into(),
            "d.yaml:2: this version has no Kind Usr; did you mean User?".into(),
        ]
    );
    place.write("d.yaml", "kind: [");
    assert!(
        place
            .check()
            .last()
            .unwrap()
            .starts_with("d.yaml:1: this is not YAML"),
        "{:?}",
        place.check()
    );
}

#[test]
fn a_folder_without_a_phone_system_or_without_files_stops_a_start() {
    for files in [&[][..], &[("users.yaml", "")][..]] {
        let place = Place::new(files);
        assert!(
            matches!(place.open(), Err(OpenError::Manifests(c)) if c.iter().any(Complaint::is_error))
        );
        assert!(!place.check().is_empty());
    }
    assert!(!check(Path::new("/nowhere/at/all")).is_empty());
}

#[test]
fn a_user_who_is_added_is_in_force_without_a_restart() {
    let place = Place::new(&[
        ("office.yaml", SYSTEM),
        ("users.yaml", &user("mary", "  extension: \"101\"")),
    ]);
    let source = Arc::new(place.open().unwrap());
    let mut snapshots = source.snapshots();
    let _watching = source.watch().unwrap();
    place.write("more.yaml", &user("john", "  extension: \"102\""));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let added = runtime.block_on(async {
        let new = snapshots.wait_for(|snapshot| snapshot.directory.account("john").is_some());
        tokio::time::timeout(Duration::from_mins(1), new)
            .await
            .is_ok()
    });
    assert!(added);
}

#[test]
fn the_demo_company_is_in_order_and_says_how_to_set_up_its_phones() {
    let office = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/examples/office");
    assert_eq!(
        check(&office)
            .iter()
            .map(Complaint::to_string)
            .collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let state = tempfile::tempdir().unwrap();
    let source = Manifests::open(&office, || State::open(state.path())).unwrap();
    let snapshot = source.snapshots().borrow().clone();
    let sheet = setup_sheet(&snapshot.directory, &snapshot.credentials, "192.0.2.5:5060");
    let mary = sheet
        .lines()
        .find(|line| line.contains("mary-desk "))
        .unwrap();
    let row = [
        "101",
        "Mary Miller",
        "InOffice",
        "mary-desk",
        "mary-desk-demo",
        "13579",
    ];
    assert!(row.iter().all(|cell| mary.contains(cell)), "{sheet}");
    assert!(sheet.contains("server 192.0.2.5:5060"), "{sheet}");
}

#[test]
fn the_cluster_example_is_in_order_in_a_folder_too() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/examples/cluster");
    assert_eq!(check(&example), []);
}

#[test]
fn kinds_that_do_nothing_yet_are_kept_and_warned_of() {
    let queue = "\
---
apiVersion: switchboard.dev/v1alpha1
kind: CallQueue
metadata: {name: sales}
spec: {agents: [{name: mary}]}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: \"160\"}
spec: {target: {queue: {name: sales}}}
";
    let manifests = SYSTEM.to_owned() + &user("mary", "  extension: \"101\"") + queue;
    let place = Place::new(&[("office.yaml", &manifests)]);
    place.open().unwrap();
    assert_eq!(
        place.check(),
        [
            "office.yaml:12: warning: CallQueue sales: it is checked and kept, but does nothing in this version; \
             keep it for a later version; docs/parity.md says what works",
            "office.yaml:20: warning: Extension 160: spec.target.queue: this version has no CallQueue yet, so that \
             nobody answers there; keep it for a later version, or send callers elsewhere",
        ]
    );
}

/// What is wrong with what is in force, without the way to the folder.
fn complaints(place: &Place, source: &Manifests) -> Vec<String> {
    let prefix = format!("{}/", place.manifests.path().display());
    let snapshot = source.snapshots().borrow().clone();
    let complaints = snapshot.complaints.iter();
    complaints
        .map(|complaint| complaint.to_string().replace(&prefix, ""))
        .collect()
}

fn holder(source: &Manifests, number: &str) -> Option<String> {
    let directory = directory(source);
    let user = directory.user_by_extension(number)?;
    Some(user.name.to_string())
}

#[test]
fn who_has_a_number_keeps_it_when_others_want_it_too_and_after_a_restart() {
    let place = Place::new(&[
        ("office.yaml", SYSTEM),
        ("zoe.yaml", &user("zoe", "  extension: \"201\"")),
    ]);
    let source = place.open().unwrap();
    place.write("adam.yaml", &user("adam", "  extension: \"201\""));
    source.reload().unwrap();
    let of_adam = "adam.yaml:6: User adam: spec.extension: the User zoe has extension 201 already; write a number that is free";
    assert_eq!(complaints(&place, &source), [of_adam]);
    let to_adam = "apiVersion: switchboard.dev/v1alpha1\nkind: Extension\nmetadata: {name: \"201\"}\nspec: {target: {user: {name: adam}}}\n";
    place.write("201.yaml", to_adam);
    source.reload().unwrap();
    let of_extension = "201.yaml:3: Extension 201: metadata.name: the User zoe has extension 201 already; write a number that is free";
    let both = [of_adam.to_owned(), of_extension.to_owned()];
    assert_eq!(sorted(complaints(&place, &source)), sorted(both.to_vec()));
    drop(source);
    let source = place.open().unwrap();
    assert_eq!(holder(&source, "201"), Some("zoe".into()));
    // Whoever changes to a number that is taken has it no more than who is added with it.
    place.write("max.yaml", &user("max", "  extension: \"202\""));
    source.reload().unwrap();
    place.write("zoe.yaml", &user("zoe", "  extension: \"202\""));
    source.reload().unwrap();
    assert_eq!(holder(&source, "202"), Some("max".into()));
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[test]
fn check_blames_the_later_of_two_by_file_and_line() {
    let zoe = user("zoe", "  extension: \"201\"");
    let place = Place::new(&[
        ("a.yaml", &(SYSTEM.to_owned() + &zoe)),
        ("b.yaml", &user("adam", "  extension: \"201\"")),
    ]);
    let of_adam = "b.yaml:6: User adam: spec.extension: the User zoe has extension 201 already; write a number that is free";
    assert_eq!(place.check(), [of_adam]);
    assert_eq!(holder(&place.open().unwrap(), "201"), Some("zoe".into()));
}

#[test]
fn a_document_that_is_refused_degrades_alone() {
    let zoe = user("zoe", "  extension: \"201\"");
    let place = Place::new(&[("office.yaml", SYSTEM), ("people.yaml", &zoe)]);
    let source = place.open().unwrap();
    let eva = user("eva", "  extension: \"202\"");
    place.write(
        "people.yaml",
        &(zoe.replace("extension", "extention") + &eva + &user("max", "  extension: 203")),
    );
    source.reload().unwrap();
    assert_eq!(
        complaints(&place, &source),
        [
            "people.yaml:6: User zoe: spec.extention: unknown field; did you mean extension? (until then the version before stays in force)",
            "people.yaml:18: User max: spec.extension: this is a number and must be text; put it in quotes: \"203\" (until then it is left out)",
        ]
    );
    let holders = ["201", "202"].map(|number| holder(&source, number));
    let holders = holders.each_ref().map(Option::as_deref);
    assert_eq!(holders, [Some("zoe"), Some("eva")]);
    assert!(directory(&source).user("max").is_none());
}

#[test]
fn what_a_document_may_have_been_stays_while_its_kind_is_misspelt() {
    let zoe = user("zoe", "  extension: \"201\"");
    let eva = user("eva", "  extension: \"202\"");
    let place = Place::new(&[
        ("office.yaml", SYSTEM),
        ("people.yaml", &(zoe.clone() + &eva)),
    ]);
    let source = place.open().unwrap();
    let misspelt = zoe.replace("kind: User", "kind: Usr");
    place.write("people.yaml", &(misspelt.clone() + &eva));
    place.write("more.yaml", &misspelt);
    source.reload().unwrap();
    assert_eq!(
        complaints(&place, &source),
        [
            "more.yaml:3: this version has no Kind Usr; did you mean User? (until then it is left out)",
            "people.yaml:3: this version has no Kind Usr; did you mean User? \
             (until then what the file had before stays in force: User zoe)",
        ]
    );
    assert_eq!(holder(&source, "201"), Some("zoe".into()));
}

#[test]
fn a_save_that_changes_nothing_in_force_leaves_the_directory_as_it_is() {
    let zoe = user("zoe", "  extension: \"201\"");
    let place = Place::new(&[("office.yaml", SYSTEM), ("people.yaml", &zoe)]);
    let source = place.open().unwrap();
    let before = directory(&source);
    for text in [
        format!("# our people\n{zoe}"),
        zoe.replace("extension", "extention"),
        "kind: [".to_owned(),
    ] {
        place.write("people.yaml", &text);
        source.reload().unwrap();
        assert!(Arc::ptr_eq(&before, &directory(&source)), "{text}");
    }
    place.write("people.yaml", &zoe.replace("201", "202"));
    source.reload().unwrap();
    assert!(!Arc::ptr_eq(&before, &directory(&source)));
}

#[test]
fn a_secret_that_lacks_the_entry_is_named_and_no_other_password_is_made() {
    let spec = "  extension: \"201\"\n  pinSecretRef: {name: max-code, key: pin}\n";
    let desk = "---\napiVersion: switchboard.dev/v1alpha1\nkind: Handset\nmetadata: {name: max-desk}\nspec:\n  \
                ownerRef: {name: max}\n  passwordSecretRef: {name: max-pw, key: pass}\n\
                ---\napiVersion: v1\nkind: Secret\nmetadata: {name: max-pw}\nstringData: {password: a-password-of-mine}\n";
    let all = SYSTEM.to_owned() + &user("max", spec) + desk;
    let place = Place::new(&[("office.yaml", &all)]);
    let of_password = "office.yaml:19: Handset max-desk: spec.passwordSecretRef: the Secret max-pw has no entry pass, but password; \
                       write pass into the Secret, or have spec.passwordSecretRef name the entry that is meant";
    let of_pin = "office.yaml:11: warning: User max: spec.pinSecretRef: no manifest has the Secret max-code, so that its entry pin is generated; \
                  correct the name or write the Secret, or leave pinSecretRef out";
    assert_eq!(place.check(), [of_pin, of_password]);
    let source = place.open().unwrap();
    let expected = [of_pin, of_password].map(str::to_owned);
    assert_eq!(sorted(complaints(&place, &source)), expected);
    let snapshot = source.snapshots().borrow().clone();
    assert_eq!(snapshot.credentials.password("max-desk"), None);
    assert!(snapshot.credentials.pin("max").is_some());
}

#[test]
fn a_start_that_the_manifests_do_not_allow_leaves_no_state_folder() {
    let place = Place::new(&[("users.yaml", &user("mary", "  class: managers"))]);
    let state = place.state.path().join("state");
    for manifests in [Path::new("/nowhere/at/all"), place.manifests.path()] {
        let refused = Manifests::open(manifests, || State::open(&state));
        assert!(matches!(refused, Err(OpenError::Manifests(_))));
        assert!(!state.exists());
    }
    let folder = place.manifests.path().display();
    assert_eq!(
        place.check(),
        [format!(
            "{folder}: PhoneSystem: there is none; write one: kind: PhoneSystem, with a name and spec.domain"
        )]
    );
}

#[test]
fn a_json_file_is_said_to_be_no_json() {
    let place = Place::new(&[("office.yaml", SYSTEM), ("users.json", "{\"kind\": [}")]);
    let said = place.check();
    assert!(
        said[0].starts_with("users.json:1: this is not JSON"),
        "{said:?}"
    );
}
