//! Test an application built with Plumego: in process, or on a real socket.
//!
//! [`TestApp::new`] runs requests through the whole stack of the application (layers, router,
//! extractors, handler) without a socket and without starting its components; it needs no port and
//! no clock, so it works under `#[tokio::test(start_paused = true)]`. [`TestApp::start`] starts
//! everything on a free port of the loopback interface, for tests with a client of your own.
//!
//! ```
//! use plumego_app::App;
//! use plumego_testing::TestApp;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = TestApp::new(App::builder().routes(|r| r.get("/ping", async || "pong")))?;
//!
//! let response = app.get("/ping").await;
//! response.assert_status(200);
//! assert_eq!(response.text(), "pong");
//!
//! app.get("/nowhere").await.assert_status(404).assert_code("not_found");
//! # Ok(())
//! # }
//! ```
//!
//! This crate is for tests: what does not hold panics, with what was expected and what came.

#![expect(clippy::panic, reason = "an assertion that fails must fail the test")]

mod app;
mod request;
mod response;

pub use plumego_app::{
    App, AppBuilder, Changes, Config, MetricsEndpoint, Refused, Reload, ServerConfig,
};

pub use self::app::TestApp;
pub use self::request::TestRequest;
pub use self::response::TestResponse;
