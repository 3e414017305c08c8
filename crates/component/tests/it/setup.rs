//! What components declare reaches the router.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::Method;
use plumego_component::{Lifecycle, LifecycleConfig, Setup, from_fn};
use plumego_contract::{AppContext, Body, Connection, Error, Request, Response, State};
use plumego_router::{Endpoint, Frozen, Router};
use tower_layer::Layer;
use tower_service::Service;

/// Writes its name into a header of the answer; the outermost stands last.
#[derive(Clone)]
struct Mark(&'static str);

#[derive(Clone)]
struct Marked(&'static str, Endpoint);

impl Layer<Endpoint> for Mark {
    type Service = Marked;

    fn layer(&self, inner: Endpoint) -> Marked {
        Marked(self.0, inner)
    }
}

impl Service<Request> for Marked {
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (name, answer) = (self.0, self.1.call(request));
        Box::pin(async move {
            let mut response = answer.await?;
            response
                .headers_mut()
                .append("x-mark", name.parse().unwrap());
            Ok(response)
        })
    }
}

fn frozen(build: impl FnOnce(&mut plumego_component::LifecycleBuilder), router: Router) -> Frozen {
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    build(&mut builder);
    let (_, contributions) = builder.build().unwrap();
    contributions
        .add_to(router)
        .freeze(AppContext::default())
        .unwrap()
}

async fn get(frozen: &Frozen, path: &str) -> (u16, Vec<String>, String) {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    let response = frozen
        .dispatch(Connection::default(), request)
        .response
        .await;
    let marks = response.headers().get_all("x-mark").iter();
    let marks = marks
        .map(|mark| mark.to_str().unwrap().to_owned())
        .collect();
    let status = response.status().as_u16();
    let body = response.into_body().into_bytes(1024).await.unwrap();
    (status, marks, String::from_utf8(body.to_vec()).unwrap())
}

// acceptance 21.1 (4)
#[tokio::test]
async fn routes_state_and_layers_of_components_take_effect() {
    let frozen = frozen(
        |builder| {
            builder
                .component(from_fn("late", |setup: &mut Setup<'_>| {
                    assert_eq!(setup.component(), "late");
                    setup.depends_on("early").layer(Mark("late")).routes(|r| {
                        r.layer(Mark("own"))
                            .get("/late", async |State(n): State<u32>| n.to_string())
                    });
                    Ok(())
                }))
                .component(from_fn("early", |setup: &mut Setup<'_>| {
                    setup.state(7_u32).layer(Mark("early"));
                    setup.routes(|r| r.get("/early", async || "early"));
                    Ok(())
                }));
        },
        Router::new().layer(Mark("app")).get("/app", async || "app"),
    );
    let check = async |path: &str, marks: &[&str], body: &str| {
        let marks = marks.iter().map(|mark| (*mark).to_owned()).collect();
        assert_eq!(get(&frozen, path).await, (200, marks, body.to_owned()));
    };
    check("/app", &["late", "early", "app"], "app").await;
    check("/early", &["late", "early", "app"], "early").await;
    check("/late", &["own", "late", "early", "app"], "7").await;
}

#[test]
fn a_state_given_twice_is_a_problem_with_both_lines() {
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    for name in ["one", "two"] {
        builder.component(from_fn(name, |setup| {
            setup.state("greeting");
            Ok::<_, Error>(())
        }));
    }
    let (_, contributions) = builder.build().unwrap();
    let router = contributions.add_to(Router::new());
    let problems = router.freeze(AppContext::default()).unwrap_err();
    let locations: Vec<_> = problems.iter().flat_map(|one| &one.locations).collect();
    assert!(!locations.is_empty(), "{problems}");
    assert!(
        locations.iter().all(|at| at.file().ends_with("setup.rs")),
        "{problems}"
    );
}
