//! Nothing that a client sends stays.

use std::sync::Arc;

use http::StatusCode;
use plumego_router::Router;

use crate::client::{ask, freeze, tell};

// acceptance 21.2 (5)
#[tokio::test]
async fn ten_thousand_methods_and_paths_leave_nothing_behind() {
    let frozen = freeze(
        Router::new()
            .any("/any/{id}", tell)
            .get("/get/{id}", tell)
            .group("", |r| r.host("example.com").get("/h/{*rest}", tell)),
    );
    let held = || {
        let routes = frozen.routes().iter().map(Arc::strong_count).sum::<usize>();
        (Arc::strong_count(frozen.app()), routes)
    };
    let before = (held(), format!("{frozen:?}"));
    for i in 0..10_000 {
        let method = format!("M{i}");
        let any = ask(&frozen, &method, &format!("/any/{i}")).await;
        assert_eq!(any.body, format!("{method}: ANY /any/{{id}}|{i}"));
        let wrong = ask(&frozen, &method, &format!("/get/{i}")).await;
        assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
        let none = ask(&frozen, "GET", &format!("/none/{i}")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    }
    // A context that was kept would hold the application's and the route's record.
    assert_eq!((held(), format!("{frozen:?}")), before);
}
