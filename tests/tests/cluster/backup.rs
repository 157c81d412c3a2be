//! A lost system is restored from its backup, as the how-to says.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mailbox::store::Condition;
use mailbox::{BlobStore, S3Credentials, S3Keys, S3Options, S3Store};
use switchboard_tests::cluster::{S3_ACCESS_KEY, S3_SECRET_KEY, Shared, Site};
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::phone::Phone;
use switchboard_tests::{root, wait_for};

use crate::scenes::{hear_message, leave_message};

#[test]
fn a_system_that_was_lost_with_its_bucket_is_restored_and_its_messages_are_heard() {
    let _cluster = Shared::cluster();
    let office = Office::of(&[MARY, JOHN]);
    office.write("ann.yaml", ONLY_ANN);
    let mut site = Site::open("backup", office);
    let mut john = Phone::of(&JOHN, site.sip);
    leave_message(&site, &mut john, &MARY);
    drop(john);
    wait_for("the message to be stored", Duration::from_mins(1), || {
        (site.messages().len() == 1 && is_spool_empty(&site)).then_some(())
    });
    // By its name, and with what its Pod says: nobody has to know the prefix.
    let check = ["media-worker", "mailbox", "check", "here", "--settle=1s"];
    let exec = ["exec", "office-worker-0", "--container=worker", "--"];
    site.kubectl(&[&exec[..], &check].concat());
    let prefix = format!("{}/", site.namespace);
    let resources = ["resources.json", "secrets.json", "keys.json"].map(|it| site.office.path(it));
    let [all, secrets, keys] = &resources;
    keep(&site, all, &["switchboard"]);
    keep(
        &site,
        secrets,
        &["secret", "--selector=switchboard.dev/use"],
    );
    keep(&site, keys, &["secret", "office-keys"]);
    let objects = blocking(copy(&prefix, "backup/"));
    assert!(objects > 0);

    site.delete_namespace(Duration::from_mins(3)).unwrap();
    blocking(clear(&prefix));
    assert!(site.messages().is_empty());

    assert_eq!(blocking(copy("backup/", &prefix)), objects);
    site.create_namespace();
    site.helm_with("install", &[]);
    restore(&site, &[secrets, keys]);
    restore(&site, &[all]);
    let wait = ["wait", "--for=condition=StorageReady", "--timeout=2m"];
    site.kubectl(&[&wait[..], &["phonesystem/office"]].concat());
    site.until_everybody_is_ready();
    site.until_it_answers();
    let mut mary = Phone::of(&MARY, site.sip);
    mary.expect_lamp(1, 0);
    hear_message(&site, &mut mary, PIN);
    // Whoever leaves takes with him what was made for him before the backup.
    assert_eq!(made_for_ann(&site).len(), 6, "{:?}", made_for_ann(&site));
    site.kubectl(&["delete", "user", "ann"]);
    wait_for("Ann's phone to go", Duration::from_mins(1), || {
        made_for_ann(&site).is_empty().then_some(())
    });
    blocking(clear("backup/"));
}

/// For whom all is made: Extension, Handset, settings and three Secrets.
const ONLY_ANN: &str = "{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: ann}, spec: {extension: '103'}}";

/// What there is of that, by name.
fn made_for_ann(site: &Site) -> Vec<String> {
    let kinds = "extensions,handsets,usersettings,secrets";
    let all = site.kubectl(&["get", kinds, "--output=name"]);
    let names = all.lines().filter_map(|it| it.split('/').nth(1));
    let hers = names.filter(|name| *name == "103" || name.starts_with("ann"));
    hers.map(str::to_owned).collect()
}

/// Whether everything is in the bucket, as the how-to has it.
fn is_spool_empty(site: &Site) -> bool {
    let path = format!(
        "/api/v1/namespaces/{}/pods/office-worker-0:9090/proxy/metrics",
        site.namespace
    );
    let page = site.kubectl(&["get", "--raw", &path]);
    page.lines()
        .any(|it| it == "switchboard_spool_oldest_seconds 0")
}

/// `kubectl get … -o json > FILE`.
fn keep(site: &Site, file: &Path, what: &[&str]) {
    let said = site.kubectl(&[&["get", "--output", "json"], what].concat());
    fs::write(file, said).unwrap();
}

/// `jq -f restore.jq … | kubectl apply --server-side -f -`, with the program that the how-to shows.
fn restore(site: &Site, files: &[&Path]) {
    let how_to = fs::read_to_string(root().join("docs/src/how-to/backup.md")).unwrap();
    let (_, from) = how_to.split_once("   def restored:").unwrap();
    let (rest, _) = from.split_once("```").unwrap();
    let said = Command::new("jq")
        .arg(format!("def restored:{rest}"))
        .args(files)
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    let restored = site.office.path("restored.json");
    fs::write(&restored, said.stdout).unwrap();
    site.kubectl(&[
        "apply",
        "--server-side",
        "--filename",
        &restored.to_string_lossy(),
    ]);
}

/// `aws s3 sync`; how many objects there were.
async fn copy(from: &str, to: &str) -> usize {
    let (from, to) = (bucket(from).await, bucket(to).await);
    let keys = from.list("", None, MANY).await.unwrap();
    for key in &keys {
        let object = from.get(key).await.unwrap().unwrap();
        to.put(key, object.bytes, Condition::Always).await.unwrap();
    }
    keys.len()
}

/// `aws s3 rm --recursive`.
async fn clear(prefix: &str) {
    let bucket = bucket(prefix).await;
    for key in bucket.list("", None, MANY).await.unwrap() {
        bucket.delete(&key).await.unwrap();
    }
}

async fn bucket(prefix: &str) -> S3Store {
    let keys = S3Keys {
        access_key_id: S3_ACCESS_KEY.to_owned(),
        secret_access_key: S3_SECRET_KEY.to_owned(),
        authority: None,
    };
    S3Store::open(S3Options {
        // On the node, beside the cluster.
        endpoint: Some("http://10.77.0.1:7070".to_owned()),
        region: "us-east-1".to_owned(),
        bucket: "voicemail".to_owned(),
        prefix: prefix.to_owned(),
        credentials: S3Credentials::Keys(keys),
    })
    .await
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

/// More than there are.
const MANY: usize = 1000;
