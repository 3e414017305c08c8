//! The reference application: one of everything, ready to be tried in a browser.
//!
//! `cargo run -p reference`, then open the address it prints.

#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

mod demo;
mod echo;
mod home;
mod upload;
mod users;

use std::io::Write;

use std::time::Duration;

use plumego::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let loader = Config::loader().default_addr("127.0.0.1:8080");
    let Some(config) = loader.from_args(std::env::args_os())? else {
        return Ok(());
    }; // --help, --print-config
    App::builder()
        .config(config.server)
        .build_info(BuildInfo::new(
            env!("CARGO_PKG_VERSION"),
            option_env!("GIT_COMMIT"),
            option_env!("BUILD_TIME"),
        ))
        .routes(routes)
        .metrics_endpoint(MetricsEndpoint::at("/metrics"))
        .on_listening(|addrs| {
            // `println!` would end the server when nobody reads what it prints.
            let mut out = std::io::stdout().lock();
            for addr in addrs {
                let _ = writeln!(out, "Listening on http://{addr} - open it in a browser.");
            }
        })
        .build()?
        .run()
        .await
}

/// Every route in one place: this is the map of the application.
fn routes(router: Router) -> Router {
    router
        .get("/", home::page)
        .name("home")
        .get("/home.css", home::style)
        .get("/home.js", home::script)
        .get("/ping", async || "pong")
        .name("ping")
        .group("/api", |api| {
            api.get("/users/me", users::me)
                .name("users.me")
                .get("/users/{id}", users::show)
                .name("users.show")
                .get("/users/{id}/posts/{post}", users::post)
                .name("users.post")
                .get("/files/{*path}", users::file)
                .name("files.show")
                .post("/echo", echo::echo)
                .name("echo")
                .post("/upload", upload::upload)
                .name("upload")
                .get("/slow", demo::slow)
                .name("slow")
                .timeout(Duration::from_secs(70)) // it may wait for longer than the others
                .get("/panic", demo::panic)
                .name("panic")
                .get("/events", demo::events)
                .name("events")
                .get("/large", demo::large)
                .name("large")
        })
}
