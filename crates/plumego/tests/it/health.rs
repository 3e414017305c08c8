//! Probes over the wire.

use std::sync::Arc;
use std::time::Duration;

use plumego::component::from_fn;
use plumego::prelude::*;
use tokio::sync::Notify;

use crate::house::{House, house, house_with};
use crate::wire::within;

/// Asks until the checks of the background have run once.
async fn checked(house: &House) -> crate::wire::Answer {
    let mut client = house.connect().await;
    within(async {
        loop {
            let answer = client.get("/health/ready").await;
            if !answer.body.contains("not checked yet") {
                return answer;
            }
        }
    })
    .await
}

// acceptance 21.1 (42), 21.2 (24)
#[tokio::test]
async fn one_unhealthy_component_is_503_and_its_error_stays_inside() {
    const SECRET: &str = "postgres://app:hunter2@db.internal/app";
    let db = from_fn("db", |setup| {
        setup.health(|| Err::<(), _>(SECRET));
        Ok(())
    });
    let panics = from_fn("panics", |setup| {
        setup.health(|| -> Health { panic!("{SECRET}") });
        Ok(())
    });
    let cache = from_fn("cache", |setup| {
        setup.health(async || Health::degraded("half cold"));
        Ok(())
    });
    let house = house(|app| app.component(db).component(panics).component(cache)).await;
    let ready = checked(&house).await;
    assert_eq!(ready.status(), 503, "{ready:?}");
    let body = ready.json();
    assert_eq!(body["status"], "unhealthy");
    assert_eq!(body["components"]["cache"]["status"], "degraded");
    assert_eq!(body["components"]["panics"]["status"], "unhealthy");
    assert!(!ready.body.contains("hunter2"), "{ready:?}");
    for (name, status) in [
        ("db", 503),
        ("panics", 503),
        ("cache", 200),
        ("nobody", 404),
    ] {
        let answer = house.get(&format!("/health/components/{name}")).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
    assert_eq!(house.get("/health/live").await.status(), 200);
    house.stop().await;
}

// acceptance 21.1 (42)
#[tokio::test]
async fn degraded_is_ready_and_the_build_is_told() {
    let cache = from_fn("cache", |setup| {
        setup.health(|| Health::degraded("half cold"));
        Ok(())
    });
    let build = BuildInfo::new("1.2.3", Some("abc"), None);
    let house = house(|app| app.component(cache).build_info(build)).await;
    let ready = checked(&house).await;
    assert_eq!(
        (ready.status(), &ready.json()["status"]),
        (200, &"degraded".into())
    );
    let expected = serde_json::json!({
        "version": "1.2.3", "commit": "abc", "buildTime": "unknown"
    });
    assert_eq!(house.get("/health/build").await.json(), expected);
    house.stop().await;
}

// acceptance 21.2 (23)
#[tokio::test]
async fn while_draining_readiness_stays_503_and_life_200() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (began.clone(), go.clone());
    let held = async move || {
        says.notify_one();
        waits.notified().await;
    };
    let delay = |config: &mut ServerConfig| config.pre_drain = Duration::from_hours(1);
    let house = house_with(delay, |app| app.routes(|r| r.get("/held", held))).await;
    let mut open = house.connect().await;
    open.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;
    assert_eq!(house.get("/health/ready").await.status(), 200);
    let handle = house.app.handle();
    handle.set_not_ready("the index is rebuilt");
    assert_eq!(
        house.get("/health/ready").await.json()["reason"],
        "the index is rebuilt"
    );
    handle.set_ready();
    assert_eq!(house.get("/health/ready").await.status(), 200);
    handle.shutdown();
    for _ in 0..3 {
        let ready = house.get("/health/ready").await;
        assert_eq!(ready.status(), 503, "{ready:?}");
        assert_eq!(house.get("/health/live").await.status(), 200);
    }
    go.notify_one();
    assert_eq!(open.answer().await.status(), 200);
    handle.shutdown_now();
    within(house.app.stop()).await.unwrap();
}
