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
