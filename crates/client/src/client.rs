//! The client itself.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use plumego_contract::Body;

use crate::builder::ClientBuilder;
use crate::connect::Connector;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::metrics::ClientMetrics;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::profile::{Guarded, Profile, Trusted};
use crate::request::RequestBuilder;
use crate::response::Response;
use crate::retry::Retry;
use crate::url::{Url, UrlError};

/// Sends requests to other servers. Clones share connections and bounds.
///
/// There are two kinds, told apart by type: [`Client<Guarded>`](Client::guarded), which is what
/// `Client` means, and [`Client<Trusted>`](Client::trusted). A function that takes `&Client` cannot
/// be handed a trusted one by mistake.
pub struct Client<P: Profile = Guarded> {
    inner: Arc<Inner>,
    profile: PhantomData<fn() -> P>,
}

pub(crate) struct Inner {
    pub(crate) policy: Policy,
    pub(crate) connector: Connector,
    pub(crate) pool: Arc<Pool>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) limits: Limits,
    pub(crate) user_agent: HeaderValue,
    pub(crate) metrics: ClientMetrics,
}

/// Bounds of each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) first_byte_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: u64,
    pub(crate) max_redirects: u8,
    pub(crate) retry: Retry,
}

impl Client {
    /// For addresses that came from data: targets of webhooks, URLs of users.
    ///
    /// The name is for metrics, log and errors: lower-case letters, digits, `-` and `_`.
    #[track_caller]
    pub fn guarded(name: &'static str) -> ClientBuilder<Guarded> {
        ClientBuilder::guarded(name)
    }
}

impl Client<Trusted> {
    /// For an endpoint that the operator configured. It reaches internal addresses, and the origin
    /// of this URL alone; [`and_origin`](ClientBuilder::and_origin) adds others.
    #[track_caller]
    pub fn trusted<U>(name: &'static str, url: U) -> ClientBuilder<Trusted>
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        ClientBuilder::trusted(name).and_origin(url)
    }
}

impl<P: Profile> Client<P> {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            profile: PhantomData,
        }
    }

    /// The name it was made with.
    pub fn name(&self) -> &'static str {
        self.inner.name()
    }

    /// A `GET` request.
    pub fn get<U>(&self, url: U) -> RequestBuilder
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        self.request(Method::GET, url)
    }

    /// A `POST` request.
    pub fn post<U>(&self, url: U) -> RequestBuilder
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        self.request(Method::POST, url)
    }

    /// A request with any method but `CONNECT` and `TRACE`. What is wrong with the URL is the error
    /// of [`send`](RequestBuilder::send).
    pub fn request<U>(&self, method: Method, url: U) -> RequestBuilder
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        let url = self.read_url(url);
        RequestBuilder::new(Arc::clone(&self.inner), method, url)
    }

    /// Sends a request of `http`, for libraries that speak in those types. The target has to be
    /// absolute.
    ///
    /// # Cancel safety
    /// As [`RequestBuilder::send`].
    pub async fn execute<B: Into<Body>>(
        &self,
        request: http::Request<B>,
    ) -> Result<Response, Error> {
        let (head, body) = request.into_parts();
        self.request(head.method, &head.uri)
            .headers(head.headers)
            .body(body)
            .send()
            .await
    }

    /// Whether a request to this URL would be let out, as far as that is known without looking up
    /// its name: for a form that takes the target of a webhook. The address is checked when a
    /// connection is made, each time.
    ///
    /// ```
    /// use plumego_client::Client;
    ///
    /// let client = Client::guarded("webhooks").build()?;
    /// assert!(client.check("https://hooks.example/in").is_ok());
    /// assert!(client.check("http://169.254.169.254/latest").is_err());
    /// # Ok::<(), plumego_contract::Problems>(())
    /// ```
    pub fn check<U>(&self, url: U) -> Result<Url, Error>
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        let url = self.read_url(url)?;
        match self.inner.policy.check_url(&url) {
            Ok(()) => Ok(url),
            Err(refusal) => Err(self.inner.error(&url, Kind::Refused(refusal))),
        }
    }

    /// How many connections wait for a next request.
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.len()
    }

    fn read_url<U>(&self, url: U) -> Result<Url, Error>
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        url.try_into()
            .map_err(|error| Error::new(self.name(), None, Kind::Url(error.into())))
    }
}

impl<P: Profile> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            profile: PhantomData,
        }
    }
}

impl<P: Profile> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("name", &self.name())
            .field("policy", &self.inner.policy)
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) const fn name(&self) -> &'static str {
        self.connector.client
    }

    pub(crate) const fn is_trusted(&self) -> bool {
        matches!(self.policy, Policy::Trusted(_))
    }
}
