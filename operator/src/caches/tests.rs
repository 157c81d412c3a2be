use std::time::Duration;

use crds::User;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;

type Told = Event<DeserializeGuard<User>>;

fn cache() -> (Cache<User>, Writer<User>) {
    let cache = Cache::new(&Arc::from("telephony"));
    let writer = held(&cache.writer).take().unwrap();
    (cache, writer)
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
    let (cache, mut writer) = cache();
    cache.take(&mut writer, told("9"));
    cache.wrote(mary("11"));
    assert_eq!(known(&cache).as_deref(), Some("11"));
    cache.take(&mut writer, told("10"));
    assert_eq!(known(&cache).as_deref(), Some("11"));
    cache.take(&mut writer, told("12"));
    assert_eq!(known(&cache).as_deref(), Some("12"));
    // An answer that comes after the watch has told of it is kept no longer than any other.
    cache.wrote(mary("12"));
    assert!(held(&cache.ahead).is_empty());
}

#[test]
fn what_cannot_be_read_is_left_out_until_it_can() {
    let (cache, mut writer) = cache();
    cache.take(&mut writer, told("1"));
    let unreadable = Event::Apply(DeserializeGuard(Err(InvalidObject {
        error: "no number".to_owned(),
        metadata: metadata("2"),
    })));
    let changes = cache.take(&mut writer, unreadable);
    assert!(matches!(
        changes[..],
        [Change::Deleted(_), Change::Unreadable]
    ));
    assert_eq!(known(&cache), None);
    assert!(cache.has_unreadable());
    let changes = cache.take(&mut writer, told("3"));
    assert!(matches!(
        changes[..],
        [Change::Applied { .. }, Change::Unreadable]
    ));
    assert!(!cache.has_unreadable());
}

#[test]
fn what_came_changed_and_went_while_a_watch_was_away_is_told_one_by_one() {
    let (cache, mut writer) = cache();
    for user in [user("mary", "1", "1"), user("john", "2", "2")] {
        cache.take(&mut writer, Event::Apply(DeserializeGuard(Ok(user))));
    }
    let list = |cache: &Cache<User>, writer: &mut Writer<User>, users: Vec<User>| {
        cache.take(writer, Event::Init);
        for user in users {
            cache.take(writer, Event::InitApply(DeserializeGuard(Ok(user))));
        }
        let mut told: Vec<String> = cache
            .take(writer, Event::InitDone)
            .into_iter()
            .map(named)
            .collect();
        told.sort();
        told
    };

    let anew = vec![user("mary", "1", "5"), user("anna", "3", "6")];
    assert_eq!(
        list(&cache, &mut writer, anew.clone()),
        ["anna came", "john went", "listed", "mary changed"]
    );
    assert_eq!(list(&cache, &mut writer, anew), ["listed"]);
    let of_the_same_name = vec![user("mary", "4", "7"), user("anna", "3", "6")];
    assert_eq!(
        list(&cache, &mut writer, of_the_same_name),
        ["listed", "mary came", "mary went"]
    );
}

#[tokio::test]
async fn all_who_wait_for_the_first_list_hear_of_it() {
    let (cache, mut writer) = cache();
    let cache = Arc::new(cache);
    let compiler = tokio::spawn({
        let cache = cache.clone();
        async move { cache.listed().await }
    });
    tokio::task::yield_now().await;
    let controller = tokio::spawn({
        let store = cache.store();
        async move { store.wait_until_ready().await }
    });
    tokio::task::yield_now().await;

    cache.take(&mut writer, Event::Init);
    cache.take(&mut writer, Event::InitDone);
    let both = async { (compiler.await.unwrap(), controller.await.unwrap()) };
    let heard = tokio::time::timeout(Duration::from_mins(1), both).await;
    heard.expect("one was not told").1.unwrap();
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
