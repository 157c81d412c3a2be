use std::os::unix::fs::PermissionsExt;

use crds::{Kind, ObjectRef, Presence, SecretKeyRef, UserSettingsSpec, secrets::Use};

use super::*;

fn settings(user: &str, presence: Presence) -> UserSettings {
    UserSettings::new(
        user,
        UserSettingsSpec {
            presence: Some(presence),
            ..UserSettingsSpec::default()
        },
    )
}

fn wanted(name: &str, key: &str, purpose: Use) -> Wanted {
    Wanted {
        entry: SecretKeyRef {
            name: name.into(),
            key: key.into(),
        },
        purpose,
    }
}

#[test]
fn two_workers_cannot_share_a_state_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = State::open(folder.path()).unwrap();
    let refused = State::open(folder.path()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("another worker uses the state folder"),
        "{refused}"
    );
    drop(first);
    State::open(folder.path()).unwrap();
}

#[test]
fn what_a_user_set_survives_a_restart_and_the_last_change_wins() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    state
        .put_settings("mary", settings("mary", Presence::Away))
        .unwrap();
    state
        .put_settings("mary", settings("mary", Presence::AtHome))
        .unwrap();
    drop(state);
    let state = State::open(folder.path()).unwrap();
    assert_eq!(
        state.settings("mary").unwrap().spec.presence,
        Some(Presence::AtHome)
    );
    assert!(state.settings("john").is_none());
}

#[test]
fn secrets_are_generated_once_and_only_the_owner_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let all = [
        wanted("mary-sip", "password", Use::Sip),
        wanted("mary-pin", "pin", Use::Pin),
        wanted("office-keys", "nonce", Use::Key),
    ];
    let objects = Objects::default();
    let first = State::open(folder.path())
        .unwrap()
        .secrets(&all, &objects)
        .unwrap();
    let again = State::open(folder.path())
        .unwrap()
        .secrets(&all, &objects)
        .unwrap();
    assert_eq!(first, again);
    let pin = &first[0].string_data.as_ref().unwrap()["pin"];
    assert_eq!(crds::pin::check(pin, None), Ok(()));
    for name in ["mary-sip", "mary-pin", "office-keys"] {
        let file = folder.path().join(SECRETS).join(format!("{name}.yaml"));
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn an_entry_that_is_wanted_later_joins_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let objects = Objects::default();
    let one = state
        .secrets(&[wanted("office-keys", "pin", Use::Key)], &objects)
        .unwrap();
    let both = [
        wanted("office-keys", "pin", Use::Key),
        wanted("office-keys", "nonce", Use::Key),
    ];
    let two = state.secrets(&both, &objects).unwrap();
    let (one, two) = (
        one[0].string_data.as_ref().unwrap(),
        two[0].string_data.as_ref().unwrap(),
    );
    assert_eq!(one["pin"], two["pin"]);
    assert_ne!(two["pin"], two["nonce"]);
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    drop(State::open(folder.path()).unwrap());
    fs::write(folder.path().join(SETTINGS).join("mary.yaml"), "spec: [").unwrap();
    let error = State::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("mary.yaml"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_used_is_said_to_be_the_state_folder_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let said = State::open(&path).unwrap_err().to_string();
        let begins = format!("the state folder {} can't be used: ", path.display());
        assert!(said.starts_with(&begins), "{said}");
        assert!(
            said.contains("it is not a folder") && said.contains("--state"),
            "{said}"
        );
    }
}

#[test]
fn since_when_objects_are_there_survives_a_restart_and_what_is_damaged_stops_none() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let objects = [
        (ObjectRef::new(Kind::User, "zoe"), Some("201")),
        (ObjectRef::new(Kind::Extension, "0"), None),
    ];
    let present = objects.iter().map(|(object, number)| (object, *number));
    let seen = state.first_seen().renewed(present);
    state.put_first_seen(&seen).unwrap();
    assert_eq!(state.first_seen(), seen);
    fs::write(folder.path().join(FIRST_SEEN), "User: [").unwrap();
    assert_eq!(state.first_seen(), FirstSeen::default());
}
