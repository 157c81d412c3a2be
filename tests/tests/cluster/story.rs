//! The README, from `helm install` to a message heard.

use std::time::Duration;

use data_encoding::BASE64;
use switchboard_tests::cluster::{S3_ACCESS_KEY, S3_SECRET_KEY, SYSTEM, Shared, Site, messages};
use switchboard_tests::office::{JOHN, MARY, Office, Person};
use switchboard_tests::phone::{Phone, Setup};
use switchboard_tests::sound::Sound;
use switchboard_tests::{root, wait_for};

use crate::scenes::{counts, hear_message, speak};

#[test]
fn helm_install_kubectl_apply_and_phones_outside_ring_and_leave_messages() {
    let _cluster = Shared::cluster();
    let mut site = Site::prepare("story", Office::of(&[]), &[]);
    let example = root().join("crds/examples/cluster");
    site.kubectl(&["apply", "--filename", &example.to_string_lossy()]);
    with_our_storage(&site);
    site.until_everybody_is_ready();
    site.until_it_answers();

    let mut mary = phone(&site, &MARY, Setup::default());
    let tcp = Setup {
        transport: "tcp",
        ..Setup::default()
    };
    let mut john = phone(&site, &JOHN, tcp);
    mary.expect_lamp(0, 0);
    wait_for(
        "the registrations to be shown",
        Duration::from_mins(1),
        || {
            let registered = site.field("user/mary", ".status.handsets[0].registered");
            (registered == "true").then_some(())
        },
    );

    // Nobody answers.
    let heard = site.office.path("john.wav");
    john.call(MARY.extension, None, Some(&heard));
    mary.expect("incoming", |_| true);
    mary.refuse(486);
    john.expect_call("CONFIRMED");
    speak(&site.office, &mut john, &heard);
    john.hang_up();
    mary.expect_lamp(1, 0);
    wait_for(
        "the message to lie in the bucket",
        Duration::from_mins(1),
        || (messages(&format!("{}/office", site.namespace)).len() == 1).then_some(()),
    );
    wait_for("the count to be shown", Duration::from_mins(1), || {
        (counts(&site) == (1, 0)).then_some(())
    });

    let pin = secret(&site, "mary-pin", "pin");
    // The PIN was generated: at the first login she chooses another.
    hear_message(&site, &mut mary, &format!("{pin}#86420#86420"));
    assert!(
        Sound::read(&heard).speech_seconds() > 0.4,
        "John was greeted"
    );
}

/// Writes the test's own S3 server into the example, as its reader is asked to do with his.
fn with_our_storage(site: &Site) {
    let prefix = format!("{}/office/", site.namespace);
    let storage = format!(
        r#"{{"spec":{{"storage":{{"s3":{{"endpoint":"http://s3.storage:7070","prefix":"{prefix}","bucket":"voicemail"}}}}}}}}"#
    );
    site.kubectl(&[
        "patch",
        "phonesystem",
        SYSTEM,
        "--type=merge",
        "--patch",
        &storage,
    ]);
    let keys = format!(
        r#"{{"stringData":{{"accessKeyId":"{S3_ACCESS_KEY}","secretAccessKey":"{S3_SECRET_KEY}"}}}}"#
    );
    let secret = site.field(
        "phonesystem/office",
        ".spec.storage.s3.credentialsSecretRef.name",
    );
    site.kubectl(&["patch", "secret", &secret, "--type=merge", "--patch", &keys]);
}

/// A phone set up as the operator's notes say: the user's name, and the password that was generated.
fn phone(site: &Site, person: &Person, setup: Setup) -> Phone {
    let mut phone = Phone::new(setup);
    let password = secret(site, &format!("{}-sip", person.name), "password");
    phone.register(person.name, &password, site.sip, setup.mwi);
    phone.expect("registered", |_| true);
    phone
}

fn secret(site: &Site, name: &str, key: &str) -> String {
    let encoded = site.field(&format!("secret/{name}"), &format!(".data.{key}"));
    String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
}
