use plumego_component::Component;
use plumego_component::Setup;
use plumego_contract::Error;
use plumego_contract::State;

use crate::client::app;

struct Bad(&'static str, &'static [&'static str]);

impl Component for Bad {
    fn name(&self) -> &'static str {
        self.0
    }

    fn dependencies(&self) -> &[&'static str] {
        self.1
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        setup.state(7_u8);
        Ok(())
    }
}

#[derive(Clone)]
struct Forgotten;

// acceptance 21.2 (10)
#[test]
fn every_problem_is_told_at_once() {
    let problems = app()
        .component(Bad("a", &["b"]))
        .component(Bad("b", &["a"]))
        .component(Bad("c", &["nobody"]))
        .routes(|r| {
            r.get("/x", async || "one")
                .get("/x", async || "two")
                .get("/state", async |State(_): State<Forgotten>| "three")
        })
        .build()
        .unwrap_err();
    let text = problems.to_string();
    for part in ["a -> b", "nobody", "GET /x", "Forgotten"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn a_policy_lists_every_route_that_says_nothing_with_its_line() {
    struct Hooks;

    impl Component for Hooks {
        fn name(&self) -> &'static str {
            "hooks"
        }

        fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
            setup.routes(|r| r.post("/hooks", async || "taken"));
            Ok(())
        }
    }

    let line = line!() + 4;
    let build = |policy: bool| {
        let app = app().component(Hooks).routes(|r| {
            r.get("/orders", async || "all")
                .post("/orders", async || "made")
                .delete("/orders/{id}", async || "gone")
                .post("/login", async || "token")
                .public()
        });
        let app = if policy {
            app.require_auth_policy()
        } else {
            app
        };
        app.build()
    };
    assert!(build(false).is_ok());
    let text = build(true).unwrap_err().to_string();
    assert!(text.starts_with("3 problems:"), "{text}");
    for (part, line) in [
        ("POST /orders: says nothing of who may call it", line),
        ("DELETE /orders/{id}: says nothing", line + 1),
        ("POST /hooks: says nothing", line - 9),
    ] {
        let found = text.lines().find(|line| line.contains(part));
        let found = found.unwrap_or_else(|| panic!("{part:?} is not in\n{text}"));
        assert!(found.contains(&format!("build.rs:{line}:")), "{found}");
    }
}

#[test]
fn state_of_a_component_is_not_missed_when_another_component_is_wrong() {
    let problems = app()
        .component(Bad("a", &[]))
        .component(Bad("c", &["nobody"]))
        .routes(|r| r.get("/state", async |State(_): State<u8>| "one"))
        .build()
        .unwrap_err();
    let text = problems.to_string();
    assert!(!text.contains("`u8` was never given"), "{text}");
}
