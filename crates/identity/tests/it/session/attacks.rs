//! What somebody tries who wants the session of another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plumego_identity::session::{SameSite, SessionConfig, SessionRecords as _};

use super::browser::{COOKIE, Site, Store, keys};

/// ASVS 5.0, 3.3.1 to 3.3.4
#[tokio::test]
async fn the_cookie_is_for_this_host_alone_and_for_no_script() {
    let site = Site::new();
    let response = site.send("POST", "/login", &[]).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax"
    );
    let value = value.strip_prefix("__Host-session=").unwrap();
    assert_eq!(value.len(), 87);

    let mut config = SessionConfig::default();
    config.same_site = SameSite::Strict;
    config.cookie_name = "sid".into();
    let site = Site::with(Store::default(), keys(&["abcd"]), config);
    let response = site.send("POST", "/login", &[]).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-sid="), "{cookie}");
    assert!(
        cookie.ends_with("SameSite=Strict") && !cookie.contains("Domain"),
        "{cookie}"
    );
}

/// ASVS 5.0, 7.2.3: at least 128 bits, never the same.
#[tokio::test]
async fn ids_are_256_random_bits() {
    let site = Site::new();
    let mut seen = std::collections::HashSet::new();
    let mut ones = 0_u32;
    for _ in 0..200 {
        let mut browser = site.browser();
        browser.ask("POST", "/login").await;
        let cookie = browser.kept();
        let (id, _) = cookie.split_once('.').unwrap();
        let id = URL_SAFE_NO_PAD.decode(id).unwrap();
        assert_eq!(id.len(), 32);
        ones += id.iter().map(|byte| byte.count_ones()).sum::<u32>();
        assert!(seen.insert(id));
    }
    // Half of 51,200 bits; ten standard deviations to both sides.
    assert!((24_470..26_730).contains(&ones), "{ones}");
}

/// ASVS 5.0, 7.2.4: fixation.
#[tokio::test]
async fn an_id_planted_before_the_login_is_worth_nothing_after_it() {
    let site = Site::new();
    let mut attacker = site.browser();
    assert_eq!(attacker.ask("POST", "/count").await, (200, "1".into()));
    let planted = attacker.kept();

    let mut victim = site.browser();
    victim.cookie = Some(planted.clone());
    assert_eq!(victim.ask("POST", "/login").await.0, 200);
    assert_ne!(victim.kept(), planted);
    // The visitor's own data came along; the planted id did not.
    assert_eq!(victim.ask("GET", "/private").await, (200, "ada 1".into()));
    attacker.cookie = Some(planted);
    assert_eq!(attacker.ask("GET", "/private").await.0, 401);
    assert_eq!(attacker.cookie, None);
}

#[tokio::test]
async fn an_id_is_new_after_a_change_of_rights() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    assert_eq!(ada.ask("GET", "/admin").await.0, 403);
    let before = ada.clone();
    assert_eq!(ada.ask("POST", "/promote").await.0, 200);
    assert_ne!(ada.kept(), before.kept());
    assert_eq!(ada.ask("GET", "/admin").await.0, 200);
    let mut stolen = before;
    assert_eq!(stolen.ask("GET", "/admin").await.0, 401);
    assert_eq!(site.browser().ask("POST", "/promote").await.0, 401);
}

/// ASVS 5.0, 7.4.1: replay.
#[tokio::test]
async fn a_cookie_is_dead_after_the_logout() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let mut copy = ada.clone();
    assert_eq!(copy.ask("GET", "/private").await.0, 200);
    assert_eq!(ada.ask("POST", "/logout").await.0, 200);
    assert_eq!(ada.cookie, None);
    assert_eq!(copy.ask("GET", "/private").await.0, 401);
    assert!(site.store.store().is_empty());
}

#[tokio::test]
async fn a_changed_cookie_is_that_of_nobody() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let good = ada.kept();
    let (id, mac) = good.split_once('.').unwrap();
    let mut wrong = vec![
        String::new(),
        id.to_owned(),
        format!("{id}."),
        format!(".{mac}"),
        format!("{mac}.{id}"),
        format!("{good}="),
        format!("{good}A"),
        format!(" {good}x"),
        format!("\"{good}\""),
        "A".repeat(87),
        "A".repeat(8000),
        format!("{}.{mac}", URL_SAFE_NO_PAD.encode([0; 32])),
        format!("{id}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
    ];
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        wrong.push(String::from_utf8(changed).unwrap());
    }
    for cookie in wrong {
        let pair = format!("{COOKIE}={cookie}");
        let response = site.send("GET", "/private", &[&pair]).await;
        assert_eq!(response.status(), 401, "{cookie}");
    }
    assert_eq!(ada.ask("GET", "/private").await.0, 200);
}

#[tokio::test]
async fn the_id_of_a_list_or_of_a_stolen_table_lets_nobody_in() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let listed = site.sessions.list("ada").await.unwrap();
    let stored = &listed[0].id;
    assert!(!ada.kept().contains(stored.as_str()));
    let raw: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&stored[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let (_, mac) = ada.cookie.as_ref().unwrap().split_once('.').unwrap();
    for id in [stored.clone(), URL_SAFE_NO_PAD.encode(raw)] {
        for cookie in [id.clone(), format!("{id}.{mac}")] {
            let pair = format!("{COOKIE}={cookie}");
            assert_eq!(site.send("GET", "/private", &[&pair]).await.status(), 401);
        }
    }
    let record = site.store.load(stored).await.unwrap().unwrap();
    let shown = format!("{record:?} {:?} {:?}", site.sessions, listed[0].created_at);
    assert!(
        !shown.contains(stored.as_str()) && !shown.contains("abcd"),
        "{shown}"
    );
}

#[tokio::test]
async fn of_two_cookies_with_one_name_neither_counts() {
    let site = Site::new();
    let (mut ada, mut eve) = (site.browser(), site.browser());
    ada.ask("POST", "/login").await;
    eve.ask("POST", "/login/bob").await;
    let (own, tossed) = (ada.kept(), eve.kept());
    let both = format!("{COOKIE}={own}; {COOKIE}={tossed}");
    assert_eq!(site.send("GET", "/private", &[&both]).await.status(), 401);
    let (one, other) = (format!("{COOKIE}={own}"), format!("{COOKIE}={tossed}"));
    assert_eq!(
        site.send("GET", "/private", &[&one, &other]).await.status(),
        401
    );
    // Others beside it do no harm, nor do those whose names end or begin alike.
    let among = format!("a=b;{one};  x{COOKIE}=1; {COOKIE}2=2; ;=; session=3");
    assert_eq!(site.send("GET", "/private", &[&among]).await.status(), 200);
}

#[tokio::test]
async fn a_cookie_is_good_under_its_own_name_and_keys_alone() {
    let store = Store::default();
    let site = |cookie: &str, words: &[&str]| {
        let mut config = SessionConfig::default();
        config.cookie_name = cookie.into();
        Site::with(store.clone(), keys(words), config)
    };
    let shop = site("session", &["abcd"]);
    let mut ada = shop.browser();
    ada.ask("POST", "/login").await;
    let value = ada.kept();
    for (cookie, words, status) in [
        ("session", &["abcd"][..], 200),
        ("session", &["efgh", "abcd"], 200),
        ("session", &["efgh"], 401),
        ("admin", &["abcd"], 401),
    ] {
        let pair = format!("__Host-{cookie}={value}");
        let response = site(cookie, words).send("GET", "/private", &[&pair]).await;
        assert_eq!(response.status(), status, "{cookie} {words:?}");
    }
}

#[tokio::test]
async fn keys_are_changed_while_it_runs() {
    let site = Site::new();
    let (mut old, mut new) = (site.browser(), site.browser());
    old.ask("POST", "/login").await;
    site.sessions.set_keys(keys(&["efgh", "abcd"]));
    new.ask("POST", "/login").await;
    assert_eq!(old.ask("GET", "/private").await.0, 200);
    site.sessions.set_keys(keys(&["efgh"]));
    assert_eq!(new.ask("GET", "/private").await.0, 200);
    assert_eq!(old.ask("GET", "/private").await.0, 401);
}

#[tokio::test]
async fn somebody_else_who_signs_in_gets_nothing_of_the_one_before() {
    let site = Site::new();
    let mut shared = site.browser();
    shared.ask("POST", "/login").await;
    shared.ask("POST", "/count").await;
    assert_eq!(shared.ask("GET", "/private").await, (200, "ada 1".into()));
    shared.ask("POST", "/login/bob").await;
    assert_eq!(shared.ask("GET", "/private").await, (200, "bob ".into()));
    assert!(site.sessions.list("ada").await.unwrap().is_empty());
}

/// acceptance 21.2 (24): nor is an outage a refusal.
#[tokio::test]
async fn a_store_that_is_away_signs_nobody_out_and_lets_nobody_in() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let before = ada.kept();
    site.store.go_away(true);
    for path in ["/private", "/admin", "/silent"] {
        let (status, body) = ada.ask("GET", path).await;
        assert_eq!(status, 503, "{path}");
        assert!(!body.contains("10.0.0.8"), "{body}");
    }
    assert_eq!(ada.ask("GET", "/").await, (200, "nobody ".into()));
    assert_eq!(ada.ask("POST", "/count").await.0, 503);
    assert_eq!(ada.ask("POST", "/login").await.0, 503);
    assert_eq!(ada.ask("POST", "/logout").await.0, 503);
    site.store.go_away(false);
    assert_eq!(ada.kept(), before);
    assert_eq!(ada.ask("GET", "/private").await.0, 200);
}

#[test]
fn weak_keys_and_settings_are_told() {
    use plumego_identity::session::CookieKeys;
    use plumego_stdx::Secret;
    let key = |text: &str| Secret::new(text.to_owned());
    for (given, expected) in [
        (vec![], "expected 1 to 8"),
        (
            vec![key("short")],
            "cookie key 1 has 5 bytes, fewer than 32",
        ),
        (vec![key(&"a".repeat(32)); 2], "cookie key 2 is there twice"),
        (
            (0..9).map(|i| key(&i.to_string().repeat(32))).collect(),
            "expected 1 to 8",
        ),
    ] {
        let text = CookieKeys::new(given).unwrap_err().to_string();
        assert!(text.contains(expected) && !text.contains("aaaa"), "{text}");
    }
}
