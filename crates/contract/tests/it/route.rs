//! The record of a route.

use http::Method;
use plumego_contract::{Methods, OnDisconnect, RouteInfo};

#[test]
fn a_route_is_named_by_its_method_host_and_pattern() {
    let mut route = RouteInfo::new(Methods::One(Method::GET), "/users/{id}");
    let line = line!() - 1;
    assert_eq!(route.to_string(), "GET /users/{id}");
    assert_eq!(
        (route.location.file(), route.location.line()),
        (file!(), line)
    );
    route.host = Some("api.example.com".to_owned());
    route.methods = Methods::Any;
    assert_eq!(route.to_string(), "ANY api.example.com/users/{id}");
    let purge = Methods::One(Method::from_bytes(b"PURGE").unwrap());
    assert_eq!(purge.to_string(), "PURGE");
}

#[test]
fn only_safe_methods_are_cancelled_by_default() {
    for (policy, method, cancels) in [
        (OnDisconnect::ByMethod, Method::GET, true),
        (OnDisconnect::ByMethod, Method::HEAD, true),
        (OnDisconnect::ByMethod, Method::POST, false),
        (OnDisconnect::ByMethod, Method::PUT, false),
        (OnDisconnect::ByMethod, Method::DELETE, false),
        (OnDisconnect::Cancel, Method::POST, true),
        (OnDisconnect::Finish, Method::GET, false),
    ] {
        assert_eq!(policy.cancels(&method), cancels, "{policy:?} {method}");
    }
    assert_eq!(OnDisconnect::default(), OnDisconnect::ByMethod);
}
