use std::time::Duration;

use http::Request;
use plumego_contract::auth::{
    AuthErrorKind as Kind, Authenticator as _, Principal, RefreshManager as _, SessionStatus,
    SessionStore as _, claims,
};
use plumego_identity::ring::Schedule;
use plumego_identity::tokens::TokenConfig;
use plumego_security::jwt::{Rules, verify_signature};

use crate::world::{DAY, HOUR, MINUTE, World, key};

fn ada() -> Principal {
    Principal::new("ada")
        .with_tenant("acme")
        .with_role("admin")
        .with_permission("orders.cancel")
        .with_scope("orders:read")
        .with_scope("orders:write")
        .with_claim("plan", "gold")
        .with_claim("sub", "root")
        .with_claim("session_id", "forged")
}

// acceptance 21.1 (39), 21.2 (20)
#[tokio::test]
async fn the_principal_comes_back_from_the_access_token() {
    let world = World::new();
    let tokens = world.tokens.issue(&ada()).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_mins(15));
    let principal = world.verify(&tokens).await.unwrap();
    assert_eq!(
        principal.subject, "ada",
        "a claim does not change the subject"
    );
    assert_eq!(principal.tenant.as_deref(), Some("acme"));
    assert!(principal.has_role("admin") && principal.has_scope("orders:write"));
    assert!(principal.has_permission("orders.cancel"));
    assert_eq!(principal.claim("plan"), Some("gold"));
    let session = principal.claim(claims::SESSION_ID).unwrap();
    assert_ne!(session, "forged");
    let session = world.tokens.sessions().get(session).await.unwrap().unwrap();
    session.check(&principal, world.clock.now()).unwrap();
    // The next access token says the same.
    let next = world.refresh(&tokens).await.unwrap();
    let mut again = world.verify(&next).await.unwrap();
    assert_ne!(
        again.claims.insert("jti".into(), String::new()),
        principal.claims.get("jti").cloned()
    );
    let mut before = principal;
    before.claims.insert("jti".into(), String::new());
    assert_eq!(again, before);
}

// ASVS 5.0 9.2.2
#[tokio::test]
async fn each_kind_of_token_is_good_for_its_own_use_alone() {
    let world = World::new();
    let tokens = world.sign_in("ada").await;
    let swapped = plumego_contract::auth::Tokens {
        access_token: tokens.refresh_token.clone(),
        refresh_token: tokens.access_token.clone(),
        expires_in: tokens.expires_in,
    };
    assert_eq!(world.verify(&swapped).await, Err(Kind::InvalidToken));
    assert_eq!(
        world.refresh(&swapped).await.unwrap_err(),
        Kind::InvalidToken
    );
    assert!(world.tokens.sign_out(&swapped.refresh_token).await.is_err());
    // The audience keeps a verifier that forgets the type from taking a refresh token too.
    let lax = Rules::new(
        "https://id.example",
        "orders",
        "rt+jwt",
        Duration::from_secs(1_000_000),
    );
    let view = world.tokens.ring().at(world.clock.now());
    assert!(
        lax.verify(tokens.refresh_token.expose(), &view, world.clock.now())
            .is_err()
    );
    world.refresh(&tokens).await.unwrap();
}

#[tokio::test]
async fn the_header_names_the_type_the_key_and_the_algorithm() {
    let world = World::new();
    let tokens = world.sign_in("ada").await;
    let view = world.tokens.ring().at(world.clock.now());
    for (token, kind) in [
        (&tokens.access_token, "at+jwt"),
        (&tokens.refresh_token, "rt+jwt"),
    ] {
        let (header, _) = verify_signature(token.expose(), &view).unwrap();
        assert_eq!(header.token_type.as_deref(), Some(kind));
        assert_eq!(header.key_id.as_deref(), Some("first"));
    }
}

// acceptance 21.1 (39), ASVS 5.0 10.4.5
#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_family() {
    let world = World::new();
    let first = world.sign_in("ada").await;
    let second = world.refresh(&first).await.unwrap();
    let third = world.refresh(&second).await.unwrap();
    let principal = world.verify(&third).await.unwrap();
    // Not only the one before the last: any earlier link gives the thief away.
    assert_eq!(
        world.refresh(&first).await.unwrap_err(),
        Kind::RefreshReused
    );
    assert_eq!(
        world.refresh(&third).await.unwrap_err(),
        Kind::SessionRevoked
    );
    for tokens in [&first, &second, &third] {
        assert_eq!(
            world.verify(tokens).await,
            Err(Kind::SessionRevoked),
            "dead at once"
        );
    }
    let sessions = world.tokens.sessions();
    assert!(sessions.list("ada", 10).await.unwrap().is_empty());
    let id = principal.claim(claims::SESSION_ID).unwrap();
    let ended = sessions.get(id).await.unwrap().unwrap();
    assert_eq!(ended.status, SessionStatus::Revoked);
    assert_eq!(ended.revoke_reason.as_deref(), Some("refresh token reused"));
    // Another sign-in of the same person is untouched.
    let other = world.sign_in("ada").await;
    world.verify(&other).await.unwrap();
    world.refresh(&other).await.unwrap();
}

// ASVS 5.0 7.4.1
#[tokio::test]
async fn signing_out_ends_every_token_of_the_session_at_once() {
    let world = World::new();
    let (one, other) = (world.sign_in("ada").await, world.sign_in("ada").await);
    world.tokens.sign_out(&one.refresh_token).await.unwrap();
    assert_eq!(world.verify(&one).await, Err(Kind::SessionRevoked));
    assert_eq!(world.refresh(&one).await.unwrap_err(), Kind::SessionRevoked);
    world.tokens.sign_out(&one.refresh_token).await.unwrap();
    let principal = world.verify(&other).await.unwrap();
    world.tokens.end_session_of(&principal).await.unwrap();
    assert_eq!(world.verify(&other).await, Err(Kind::SessionRevoked));
    assert_eq!(
        world.refresh(&other).await.unwrap_err(),
        Kind::SessionRevoked
    );
    let nobody = world.tokens.end_session_of(&Principal::new("ada")).await;
    assert_eq!(nobody.unwrap_err().kind(), Kind::InvalidToken);
}

// acceptance 21.1 (39)
#[tokio::test]
async fn one_access_token_is_taken_back_by_its_id() {
    let world = World::new();
    let first = world.sign_in("ada").await;
    let principal = world.verify(&first).await.unwrap();
    world.tokens.revoke(&principal).await.unwrap();
    assert_eq!(world.verify(&first).await, Err(Kind::SessionRevoked));
    let second = world.refresh(&first).await.unwrap();
    world.verify(&second).await.unwrap();
}

// acceptance 21.1 (39), ASVS 5.0 7.4.3
#[tokio::test]
async fn everything_of_a_subject_is_taken_back_by_its_version() {
    let world = World::new();
    let (old, eve) = (world.sign_in("ada").await, world.sign_in("eve").await);
    assert_eq!(world.tokens.withdraw("ada").await.unwrap(), 1);
    assert_eq!(world.verify(&old).await, Err(Kind::VersionMismatch));
    assert_eq!(
        world.refresh(&old).await.unwrap_err(),
        Kind::VersionMismatch
    );
    world.verify(&eve).await.unwrap();
    let new = world.sign_in("ada").await;
    world.verify(&new).await.unwrap();
    world.refresh(&new).await.unwrap();
}

// ASVS 5.0 7.3.2, 10.4.8
#[tokio::test]
async fn tokens_end_in_time_and_none_outlives_the_session() {
    let world = World::new();
    let mut tokens = world.sign_in("ada").await;
    world.clock.advance(15 * MINUTE);
    assert_eq!(world.verify(&tokens).await, Err(Kind::TokenExpired));
    for _ in 0..5 {
        world.clock.advance(5 * DAY);
        tokens = world.refresh(&tokens).await.unwrap();
    }
    // 25 days and 15 minutes: the last refresh token ends with the session, at 30 days.
    world.clock.advance(5 * DAY - 20 * MINUTE);
    let last = world.refresh(&tokens).await.unwrap();
    assert_eq!(last.expires_in, Duration::from_mins(5));
    world.clock.advance(5 * MINUTE);
    assert_eq!(world.verify(&last).await, Err(Kind::TokenExpired));
    assert_eq!(world.refresh(&last).await.unwrap_err(), Kind::TokenExpired);

    let away = world.sign_in("ada").await;
    world.clock.advance(7 * DAY);
    assert_eq!(world.refresh(&away).await.unwrap_err(), Kind::TokenExpired);
}

#[tokio::test]
async fn a_rotation_of_keys_signs_nobody_out() {
    let world = World::new();
    let mut tokens = world.sign_in("ada").await;
    for number in 1..20 {
        let ring = world.tokens.ring();
        ring.rotate(
            &format!("k{number}"),
            key(number),
            &Schedule::default(),
            world.clock.now(),
        )
        .unwrap();
        world.clock.advance(DAY);
        assert_eq!(world.verify(&tokens).await, Err(Kind::TokenExpired));
        tokens = world.refresh(&tokens).await.unwrap();
        world.verify(&tokens).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_never_a_refusal() {
    let world = World::new();
    let tokens = world.sign_in("ada").await;
    let principal = world.verify(&tokens).await.unwrap();
    world.go_away(true);
    assert_eq!(world.verify(&tokens).await, Err(Kind::Outage));
    assert_eq!(world.refresh(&tokens).await.unwrap_err(), Kind::Outage);
    assert_eq!(
        world.tokens.issue(&ada()).await.unwrap_err().kind(),
        Kind::Outage
    );
    assert_eq!(
        world.tokens.revoke(&principal).await.unwrap_err().kind(),
        Kind::Outage
    );
    let signed_out = world.tokens.sign_out(&tokens.refresh_token).await;
    assert_eq!(signed_out.unwrap_err().kind(), Kind::Outage);
    // What is wrong by itself stays wrong.
    assert_eq!(
        world.tokens.verify("x.y.z").await.unwrap_err().kind(),
        Kind::InvalidToken
    );
    world.go_away(false);
    world.verify(&tokens).await.unwrap();
    world.refresh(&tokens).await.unwrap();
}

#[tokio::test]
async fn the_oldest_session_of_a_subject_makes_room() {
    let mut config = TokenConfig::new("https://id.example", "orders");
    config.sessions_per_subject = 3;
    let world = World::with(config);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(world.sign_in("ada").await);
        world.clock.advance(1);
    }
    assert_eq!(world.verify(&all[0]).await, Err(Kind::SessionRevoked));
    for tokens in &all[1..] {
        world.verify(tokens).await.unwrap();
    }
}

#[tokio::test]
async fn the_token_stands_in_one_header_alone() {
    let world = World::new();
    let tokens = world.sign_in("ada").await;
    let token = tokens.access_token.expose();
    let ask = async |request: http::request::Builder| {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let principal = world.tokens.authenticate(&parts).await;
        principal
            .map(|principal| principal.subject)
            .map_err(|error| error.kind())
    };
    let bearer = format!("Bearer {token}");
    let lower = format!("bearer  {token}");
    assert_eq!(
        ask(Request::get("/").header("authorization", &bearer))
            .await
            .unwrap(),
        "ada"
    );
    assert_eq!(
        ask(Request::get("/").header("authorization", &lower))
            .await
            .unwrap(),
        "ada"
    );
    let twice = Request::get("/")
        .header("authorization", &bearer)
        .header("authorization", &bearer);
    assert_eq!(ask(twice).await, Err(Kind::InvalidToken));
    assert_eq!(ask(Request::get("/")).await, Err(Kind::Unauthenticated));
    let elsewhere = Request::get(format!("/?access_token={token}&token={token}"))
        .header(
            "cookie",
            format!("auth_token={token}; access_token={token}"),
        )
        .header("x-token", token)
        .header("x-authorization", &bearer);
    assert_eq!(ask(elsewhere).await, Err(Kind::Unauthenticated));
    let basic = Request::get("/").header("authorization", format!("Basic {token}"));
    assert_eq!(ask(basic).await, Err(Kind::Unauthenticated));
    let empty = Request::get("/").header("authorization", "Bearer ");
    assert_eq!(ask(empty).await, Err(Kind::InvalidToken));
}

#[test]
fn settings_that_make_no_sense_are_refused_all_at_once() {
    let mut config = TokenConfig::new("", "");
    config.access_ttl = Duration::from_hours(24 * 30);
    config.refresh_ttl = Duration::from_hours(24 * 500);
    config.session_ttl = Duration::from_hours(24 * 401);
    config.leeway = Duration::from_secs(301);
    config.sessions_per_subject = 0;
    let problems = config.check().unwrap_err().to_string();
    for word in [
        "issuer",
        "audience",
        "refresh_ttl",
        "400 days",
        "300 s",
        "sessions_per_subject",
    ] {
        assert!(problems.contains(word), "{problems} lacks {word}");
    }
    let mut config = TokenConfig::new("me", "me");
    config.access_ttl = Duration::from_secs(u64::try_from(8 * 24 * HOUR).unwrap());
    assert!(
        config
            .check()
            .unwrap_err()
            .to_string()
            .contains("access_ttl")
    );
}
