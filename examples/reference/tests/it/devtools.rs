//! `/_debug` in a development run of the program, and `/ops` with a token.

use crate::client::{get, send};
use crate::process::Reference;

const TOKEN: &str = "0123456789abcdef-operate";

// acceptance 21.1 (12)
#[cfg(feature = "devtools")]
#[test]
fn a_development_run_shows_its_routes_and_any_other_run_nothing() {
    let reference = Reference::start(&["--addr", "127.0.0.1:0"], &[("APP_DEBUG", "true")]);
    let addr = reference.addr;
    let routes = get(addr, "/_debug/routes");
    assert!(
        routes.text().contains("GET    /api/users/{id}"),
        "{}",
        routes.text()
    );
    assert_eq!(get(addr, "/_debug/config").json()["data"]["debug"], true);
    // The log of the program is ours to turn.
    let level = br#"{"filter":"info,reference=debug"}"#;
    let json = [("content-type", "application/json")];
    let turned = send(addr, "PUT", "/_debug/log", &json, level);
    assert_eq!(turned.status, 200, "{}", turned.text());
    assert_eq!(
        get(addr, "/_debug/log").json()["data"]["filter"],
        "info,reference=debug"
    );
    let page = [("origin", "https://evil.example")];
    let foreign = send(addr, "POST", "/_debug/metrics/clear", &page, b"");
    assert_eq!(foreign.status, 403);
    drop(reference);
    let reference = Reference::on_any_port();
    assert_eq!(get(reference.addr, "/_debug/routes").status, 404);
}

// acceptance 21.2 (33)
#[test]
fn the_operator_endpoints_are_there_with_a_token_alone() {
    let env = [("OPS_TOKEN", TOKEN)];
    let mut reference = Reference::start(&["--addr", "127.0.0.1:0"], &env);
    let addr = reference.addr;
    let ask = |method: &str, path: &str, token: &str| {
        let header = format!("Bearer {token}");
        send(addr, method, path, &[("authorization", &header)], b"")
    };
    assert_eq!(
        ask("GET", "/ops/log", TOKEN).json()["data"]["filter"],
        "info"
    );
    assert_eq!(
        ask("POST", "/ops/reload", TOKEN).json()["data"]["status"],
        "ok"
    );
    reference.line("an operator acted");
    assert_eq!(
        ask("POST", "/ops/reload", "wrong-wrong-wrong-wrong").status,
        401
    );
    drop(reference);
    let reference = Reference::on_any_port();
    assert_eq!(get(reference.addr, "/ops").status, 404);
}
