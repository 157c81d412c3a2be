use std::time::Duration;

use crds::User;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;

type Told = Event<DeserializeGuard<User>>;

fn cache() -> Cache<User> {
    Cache::new(User::shrink)
}

fn metadata(version: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some("mary".to_owned()),
        namespace: Some("telephony".to_owned()),
        uid: Some("1".to_owned()),
        resource_version: Some(version.to_owned()),
        ..ObjectMeta::default()
    }
}

fn mary(version: &str) -> User {
    User {
        metadata: metadata(version),
        ..User::default()
    }
}

fn told(version: &str) -> Told {
    Event::Apply(DeserializeGuard(Ok(mary(version))))
}

fn known(cache: &Cache<User>) -> Option<String> {
    let object = cache.get("mary")?;
    cache.newest(object).resource_version()
}

#[test]
fn a_write_of_ours_is_known_before_the_watch_tells_of_it() {
    let cache = cache();
    cache.take(told("9"));
    cache.wrote(mary("11"));
    assert_eq!(known(&cache).as_deref(), Some("11"));
    cache.take(told("10"));
    assert_eq!(known(&cache).as_deref(), Some("11"));
    cache.take(told("12"));
    assert_eq!(known(&cache).as_deref(), Some("12"));
    // An answer that comes after the watch has told of it is kept no longer than any other.
    cache.wrote(mary("12"));
    assert!(held(&cache.ahead).is_empty());
}

#[test]
fn what_cannot_be_read_is_left_out_until_it_can() {
    let cache = cache();
    cache.take(told("1"));
    let unreadable = Event::Apply(DeserializeGuard(Err(InvalidObject {
        error: "no number".to_owned(),
        metadata: metadata("2"),
    })));
    let changes = cache.take(unreadable);
    assert!(matches!(
        changes[..],
        [Change::Deleted(_), Change::Unreadable]
    ));
    assert_eq!(known(&cache), None);
    assert!(cache.has_unreadable());
    let changes = cache.take(told("3"));
    assert!(matches!(
        changes[..],
        [Change::Applied { .. }, Change::Unreadable]
    ));
    assert!(!cache.has_unreadable());
}

#[test]
fn what_came_changed_and_went_while_a_watch_was_away_is_told_one_by_one() {
    let cache = cache();
    for user in [user("mary", "1", "1"), user("john", "2", "2")] {
        cache.take(Event::Apply(DeserializeGuard(Ok(user))));
    }
    let list = |cache: &Cache<User>, users: Vec<User>| {
        cache.take(Event::Init);
        for user in users {
            cache.take(Event::InitApply(DeserializeGuard(Ok(user))));
        }
        let mut told: Vec<String> = cache.take(Event::InitDone).into_iter().map(named).collect();
        told.sort();
        told
    };

    let anew = vec![user("mary", "1", "5"), user("anna", "3", "6")];
    assert_eq!(
        list(&cache, anew.clone()),
        ["anna came", "john went", "listed", "mary changed"]
    );
    assert_eq!(list(&cache, anew), ["listed"]);
    let of_the_same_name = vec![user("mary", "4", "7"), user("anna", "3", "6")];
    assert_eq!(
        list(&cache, of_the_same_name),
        ["listed", "mary came", "mary went"]
    );
}

#[tokio::test]
async fn all_who_wait_for_the_first_list_hear_of_it() {
    let cache = cache();
    let cache = Arc::new(cache);
    let waiting = || {
        let cache = cache.clone();
        tokio::spawn(async move { cache.listed().await })
    };
    let (one, other) = (waiting(), waiting());
    tokio::task::yield_now().await;

    cache.take(Event::Init);
    cache.take(Event::InitDone);
    let both = async { (one.await.unwrap(), other.await.unwrap()) };
    let heard = tokio::time::timeout(Duration::from_mins(1), both).await;
    heard.expect("one was not told");
}

#[test]
fn what_nobody_reads_is_not_kept() {
    let cache = cache();
    let manifest = serde_json::json!({
        "metadata": {
            "name": "mary", "namespace": "telephony",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "managedFields": [{"manager": "kubectl"}],
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1"}],
        },
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Loaded", "message": "",
            "lastTransitionTime": "2026-11-01T00:00:00Z"}]},
    });
    let mary: User = serde_json::from_value(manifest).unwrap();
    cache.take(Event::Apply(DeserializeGuard(Ok(mary))));
    let mary = cache.get("mary").unwrap();
    assert_eq!(
        (&mary.metadata.managed_fields, &mary.metadata.annotations),
        (&None, &None)
    );
    assert_eq!(
        mary.metadata.owner_references.as_ref().unwrap().capacity(),
        1
    );
    assert_eq!(mary.status.as_ref().unwrap().conditions.capacity(), 1);
}

fn user(name: &str, uid: &str, version: &str) -> User {
    let mut user = mary(version);
    user.metadata.name = Some(name.to_owned());
    user.metadata.uid = Some(uid.to_owned());
    user
}

fn named(change: Change<User>) -> String {
    match change {
        Change::Applied { before: None, now } => format!("{} came", now.name_any()),
        Change::Applied { now, .. } => format!("{} changed", now.name_any()),
        Change::Deleted(gone) => format!("{} went", gone.name_any()),
        Change::Listed => "listed".to_owned(),
        Change::Unreadable => "unreadable".to_owned(),
    }
}
