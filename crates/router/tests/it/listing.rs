//! Routes as data.

use plumego_contract::{Methods, OnDisconnect};
use plumego_router::Router;
use plumego_stdx::Limit;

use crate::client::{freeze, tell};

#[test]
fn a_route_is_listed_with_everything_said_of_it() {
    let line = line!() + 2;
    let group = |r: Router| {
        r.post("/orders/:id", tell)
            .name("orders.update")
            .tag("orders")
            .tag("write")
            .description("Changes an order.")
            .deprecated()
            .max_body_bytes(Limit::At(1024))
            .on_disconnect(OnDisconnect::Finish)
            .operational()
            .any("/x", tell)
    };
    let router = Router::new().get("/", tell).group("/v1", group);
    assert_eq!(router.route_count(), 3);
    let frozen = freeze(router);
    let [root, order, any] = frozen.routes() else {
        panic!("{frozen:?}");
    };
    assert_eq!((root.index, root.pattern.as_str()), (0, "/"));
    assert_eq!(order.index, 1);
    assert_eq!(order.methods, Methods::One(http::Method::POST));
    assert_eq!(order.pattern, "/v1/orders/{id}");
    assert_eq!(order.parameters, ["id"]);
    assert_eq!(order.name.as_deref(), Some("orders.update"));
    assert_eq!(order.tags, ["orders", "write"]);
    assert_eq!(order.description.as_deref(), Some("Changes an order."));
    assert!(order.deprecated && order.operational);
    assert_eq!(order.max_body_bytes, Some(Limit::At(1024)));
    assert_eq!(order.on_disconnect, OnDisconnect::Finish);
    assert!(order.location.file().ends_with("listing.rs"));
    assert_eq!(order.location.line(), line);
    assert_eq!(any.methods, Methods::Any);
    assert!(!any.deprecated && any.name.is_none());
    assert_eq!(
        format!("{frozen:?}"),
        r#"["GET /", "POST /v1/orders/{id}", "ANY /v1/x"]"#
    );
}
