//! The application under test.

use std::net::{Ipv4Addr, SocketAddr};

use http::Method;
use plumego_app::{App, AppBuilder, Handle, Report, Running};
use plumego_contract::{Connection, Error, Problems};
use plumego_observe::log::LogSink;
use plumego_router::Frozen;

use crate::TestRequest;

/// Where requests of a [`TestApp`] seem to come from.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 54321);

/// An application under test.
///
/// All requests of a test come from one address, so the abuse guard, which is on by default, is off
/// here: a loop of 300 requests is answered 300 times. A program that sets one itself, by
/// [`AppBuilder::guards`], has it here too. Log lines go where the program says
/// ([`AppBuilder::log_sink`]), else nowhere.
#[derive(Debug)]
pub struct TestApp {
    router: Frozen,
    connection: Connection,
    running: Option<Running>,
}

impl TestApp {
    /// Builds the application, and starts nothing.
    ///
    /// # Errors
    /// Every problem that [`AppBuilder::build`] finds.
    pub fn new(app: AppBuilder) -> Result<Self, Problems> {
        let router = for_a_test(app).build()?.router().clone();
        Ok(Self {
            router,
            connection: Connection::from_peer(PEER),
            running: None,
        })
    }

    /// Builds and starts the application with all its components on a free port of 127.0.0.1.
    ///
    /// End it with [`TestApp::stop`]; dropped instead, the server ends without a drain.
    ///
    /// # Errors
    /// What [`AppBuilder::build`] finds, or why a component did not start.
    pub async fn start(app: AppBuilder) -> Result<Self, Error> {
        let app: App = for_a_test(app).addr("127.0.0.1:0").build()?;
        let router = app.router().clone();
        let running = app.start().await?;
        Ok(Self {
            router,
            connection: Connection::from_peer(PEER),
            running: Some(running),
        })
    }

    /// Lets requests seem to come from this address, such as that of a proxy.
    #[must_use]
    pub fn from_peer(mut self, peer: SocketAddr) -> Self {
        self.connection = Connection::from_peer(peer);
        self
    }

    /// The address of a started application.
    pub fn addr(&self) -> SocketAddr {
        let addr = self
            .running
            .as_ref()
            .and_then(|running| running.addrs().first().copied());
        addr.unwrap_or_else(|| panic!("this TestApp has no socket: use TestApp::start"))
    }

    /// The URL of a path of a started application.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr())
    }

    /// The frozen routes: names, patterns, layers.
    pub fn router(&self) -> &Frozen {
        &self.router
    }

    /// Readiness and shutdown of a started application.
    pub fn handle(&self) -> Handle {
        match &self.running {
            Some(running) => running.handle(),
            None => panic!("this TestApp does not run: use TestApp::start"),
        }
    }

    /// Drains and stops a started application.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub async fn stop(self) -> Result<Report, Error> {
        match self.running {
            Some(running) => {
                running.handle().shutdown();
                running.wait().await
            }
            None => panic!("this TestApp does not run: use TestApp::start"),
        }
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// A HEAD request.
    pub fn head(&self, path: &str) -> TestRequest {
        self.request(Method::HEAD, path)
    }

    /// A POST request.
    pub fn post(&self, path: &str) -> TestRequest {
        self.request(Method::POST, path)
    }

    /// A PUT request.
    pub fn put(&self, path: &str) -> TestRequest {
        self.request(Method::PUT, path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: &str) -> TestRequest {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }

    /// A request with any method. The path is taken as it is: percent-encode it yourself.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest::new(self.router.clone(), self.connection, method, path)
    }
}

/// The application without what would count all requests of a test as those of one client.
fn for_a_test(mut app: AppBuilder) -> AppBuilder {
    app.config_mut().abuse_guard_enabled = false;
    if app.has_log() {
        return app;
    }
    app.log_sink(Silent)
}

/// Lines that nobody has asked for would stand between those of the test runner.
struct Silent;

impl LogSink for Silent {
    fn write_all(&self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}
