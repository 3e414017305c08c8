//! How long a session lasts, and who may see and end it.

use plumego_contract::auth::{Principal, Session, SessionStore as _, SessionValidator as _};
use plumego_identity::session::{
    IdleLimit, MemorySessionStore, SessionConfig, SessionRecord, SessionRecords,
};
use plumego_stdx::Timestamp;
use std::time::Duration;

use super::browser::{Site, Store, keys};

const MINUTE: i64 = 60;

// ASVS 5.0 7.3.1
#[tokio::test]
async fn a_session_that_is_not_used_is_over() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    site.pass(29 * MINUTE);
    assert_eq!(ada.ask("GET", "/private").await.0, 200);
    site.pass(29 * MINUTE);
    assert_eq!(ada.ask("GET", "/private").await.0, 200);
    site.pass(30 * MINUTE);
    assert_eq!(ada.ask("GET", "/private").await.0, 401);
    assert_eq!(ada.cookie, None);
    assert!(site.store.store().is_empty());
}

// ASVS 5.0 7.3.2
#[tokio::test]
async fn a_session_is_over_after_its_time_however_much_it_is_used() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    for _ in 0..35 {
        site.pass(20 * MINUTE);
        assert_eq!(ada.ask("GET", "/private").await.0, 200);
    }
    // A change of rights does not make it longer.
    assert_eq!(ada.ask("POST", "/promote").await.0, 200);
    site.pass(20 * MINUTE);
    assert_eq!(ada.ask("GET", "/private").await.0, 401);
    // A new login does.
    assert_eq!(ada.ask("POST", "/login").await.0, 200);
    assert_eq!(ada.ask("GET", "/private").await.0, 200);
}

#[tokio::test]
async fn the_last_use_is_written_once_a_minute() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let seen = async || {
        site.sessions.list("ada").await.unwrap()[0]
            .last_seen_at
            .unwrap()
    };
    let first = seen().await;
    site.pass(59);
    ada.ask("GET", "/private").await;
    assert_eq!(seen().await, first);
    site.pass(1);
    ada.ask("GET", "/private").await;
    assert_eq!(seen().await, first.saturating_add(Duration::from_mins(1)));
}

// ASVS 5.0 7.4.2, 7.4.3, 7.5.2
#[tokio::test]
async fn a_user_sees_and_ends_own_sessions_and_no_others() {
    let site = Site::new();
    let (mut phone, mut laptop, mut bob) = (site.browser(), site.browser(), site.browser());
    phone.ask("POST", "/login").await;
    site.pass(MINUTE);
    laptop.ask("POST", "/login").await;
    bob.ask("POST", "/login/bob").await;

    let listed = site.sessions.list("ada").await.unwrap();
    assert_eq!(listed.len(), 2);
    let bobs = site.sessions.list("bob").await.unwrap()[0].id.clone();
    assert!(!site.sessions.end("ada", &bobs).await.unwrap());
    assert!(!site.sessions.end("ada", "unknown").await.unwrap());
    assert_eq!(bob.ask("GET", "/private").await.0, 200);

    assert!(site.sessions.end("ada", &listed[1].id).await.unwrap());
    assert_eq!(phone.ask("GET", "/private").await.0, 401);
    assert_eq!(laptop.ask("GET", "/private").await.0, 200);

    phone.ask("POST", "/login").await;
    let keep = site.sessions.list("ada").await.unwrap();
    let laptops = keep.iter().find(|view| view.id == listed[0].id).unwrap();
    assert_eq!(
        site.sessions
            .end_all("ada", Some(&laptops.id))
            .await
            .unwrap(),
        1
    );
    assert_eq!(phone.ask("GET", "/private").await.0, 401);
    assert_eq!(laptop.ask("GET", "/private").await.0, 200);
    assert_eq!(site.sessions.end_all("ada", None).await.unwrap(), 1);
    assert_eq!(laptop.ask("GET", "/private").await.0, 401);
}

#[tokio::test]
async fn one_subject_has_so_many_sessions_and_no_more() {
    let mut config = SessionConfig::default();
    config.max_per_subject = 3;
    let site = Site::with(Store::default(), keys(&["abcd"]), config);
    let mut first = site.browser();
    first.ask("POST", "/login").await;
    for _ in 0..3 {
        site.pass(1);
        site.browser().ask("POST", "/login").await;
    }
    assert_eq!(site.sessions.list("ada").await.unwrap().len(), 3);
    assert_eq!(first.ask("GET", "/private").await.0, 401);
}

#[tokio::test]
async fn a_store_is_told_until_when_a_session_may_rest() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let told = async || {
        let records = SessionRecords::list(site.store.store(), "ada", 1).await;
        records.unwrap()[0].idle_until.unwrap()
    };
    let half_an_hour = Duration::from_mins(30);
    let begin = site.sessions.list("ada").await.unwrap()[0].created_at;
    assert_eq!(told().await, begin.saturating_add(half_an_hour));
    site.pass(10 * MINUTE);
    ada.ask("GET", "/private").await;
    let later = begin.saturating_add(half_an_hour + Duration::from_mins(10));
    assert_eq!(told().await, later);
    ada.ask("POST", "/promote").await;
    assert_eq!(told().await, later, "under the new id too");
}

/// Those that signed in at the same time were over the bound, and stayed so.
#[tokio::test]
async fn the_next_to_sign_in_ends_all_that_are_too_many() {
    let mut config = SessionConfig::default();
    config.max_per_subject = 3;
    let site = Site::with(Store::default(), keys(&["abcd"]), config);
    for number in 0..50 {
        let session = Session::new(format!("{number:064}"), "ada");
        let record = SessionRecord::new(session, Some(Principal::new("ada")));
        site.store.store().insert(record).await.unwrap();
    }
    site.browser().ask("POST", "/login").await;
    assert_eq!(site.store.store().len(), 3);
}

#[tokio::test]
async fn a_visitor_who_keeps_nothing_has_no_session() {
    let site = Site::new();
    let mut visitor = site.browser();
    assert_eq!(visitor.ask("GET", "/").await, (200, "nobody ".into()));
    assert_eq!(
        (visitor.cookie.clone(), site.store.store().len()),
        (None, 0)
    );
    assert_eq!(visitor.ask("POST", "/count").await, (200, "1".into()));
    assert_eq!(visitor.ask("POST", "/count").await, (200, "2".into()));
    assert_eq!(visitor.ask("GET", "/").await, (200, "nobody 2".into()));
    assert_eq!(site.store.store().len(), 1);
    // More than there is room for is refused, and what was there stays.
    assert_eq!(visitor.ask("POST", "/stuff").await.0, 500);
    assert_eq!(visitor.ask("GET", "/").await, (200, "nobody 2".into()));
}

#[tokio::test]
async fn sessions_behind_tokens_have_an_idle_limit_too() {
    let store = MemorySessionStore::default();
    let mut session = Session::new("s1", "ada");
    session.last_seen_at = Some(Timestamp::from_unix_nanos(0));
    store.create(session).await.unwrap();
    let session = store.get("s1").await.unwrap().unwrap();
    let (parts, ()) = http::Request::new(()).into_parts();
    let ada = Principal::new("ada");
    let limit = IdleLimit(Duration::from_mins(30));
    assert!(limit.validate(&session, &ada, &parts).await.is_err());
    let fresh = Session::new("s2", "ada");
    assert!(limit.validate(&fresh, &ada, &parts).await.is_ok());
}
