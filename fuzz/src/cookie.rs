//! `Cookie`, before the layer of sessions and for the extractor of cookies.

use std::convert::Infallible;
use std::sync::OnceLock;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use plumego_contract::auth::Principal;
use plumego_contract::extract::Cookies;
use plumego_contract::{AppContext, Body, Connection, Error, Request, Response};
use plumego_identity::session::{
    CookieKeys, CurrentSession, MemorySessionStore, SessionConfig, SessionLayer, Sessions,
};
use plumego_router::{Frozen, Router};
use plumego_stdx::Secret;
use tokio::runtime::Runtime;

use crate::drive;

/// Inputs to start from: a header a line, `@` for a good value of the session's cookie.
pub const SEEDS: &[&[u8]] = &[
    b"__Host-session=@",
    b"theme=dark;  __Host-session=@ ;lang=en",
    b"__Host-session=@; __Host-session=@",
    b"__Host-session=@\n__Host-session=A",
    b"__Host-session=@x",
    b"__Host-session= @",
    b"__Host-session=\"@\"",
    b"__host-session=@",
    b"x__Host-session=@; __Host-session2=@",
    b"__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.\
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"a=%C3%A8; b; =c; d==; ;;",
];

const NAME: &str = "__Host-session";

/// One good cookie of that name lets in, and nothing else does.
pub fn run(data: &[u8]) {
    let Some(site) = SITE.get_or_init(|| Site::new().ok()) else {
        unreachable!("the site is right")
    };
    let mut bytes = Vec::with_capacity(data.len() + 87);
    for byte in data {
        match byte {
            b'@' => bytes.extend_from_slice(site.cookie.as_bytes()),
            byte => bytes.push(*byte),
        }
    }
    let mut headers = HeaderMap::new();
    for line in drive::values(&bytes).into_iter().take(64) {
        headers.append(COOKIE, line);
    }
    let response = site.ask("/", &headers);
    let expected = if site.is_good(&headers) {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    };
    assert_eq!(response.status(), expected, "{headers:?}");
    extract(&headers);
}

static SITE: OnceLock<Option<Site>> = OnceLock::new();

struct Site {
    runtime: Runtime,
    app: Frozen,
    cookie: String,
}

impl Site {
    fn new() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let keys = CookieKeys::new([Secret::new("0123456789abcdef".repeat(2))])?;
        let store = MemorySessionStore::default();
        let sessions = Sessions::new(store, keys, SessionConfig::default())?;
        let router = Router::new()
            .layer(SessionLayer::new(sessions))
            .get("/in", async |session: CurrentSession| {
                session.sign_in(Principal::new("ada")).await?;
                Ok::<_, Error>("in")
            })
            .get("/", async || "ada")
            .authenticated();
        let mut site = Self {
            runtime: runtime.map_err(Error::internal)?,
            app: router.freeze(AppContext::default())?,
            cookie: String::new(),
        };
        let response = site.ask("/in", &HeaderMap::new());
        let set = response
            .headers()
            .get(SET_COOKIE)
            .and_then(|set| set.to_str().ok());
        let value = set.and_then(|set| set.split(['=', ';']).nth(1));
        value.unwrap_or_default().clone_into(&mut site.cookie);
        Ok(site)
    }

    fn ask(&self, target: &str, headers: &HeaderMap) -> Response {
        let request = http::Request::get(target)
            .header("host", "x")
            .body(Body::empty());
        let mut request: Request = request.unwrap_or_default();
        request.headers_mut().extend(headers.clone());
        let response = self.app.dispatch(Connection::default(), request).response;
        let answer = async { Ok::<_, Infallible>(response.await) };
        match self.runtime.block_on(answer) {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Whether one pair of all lines has the name, and that one the value.
    fn is_good(&self, headers: &HeaderMap) -> bool {
        let mut values = Vec::new();
        for line in headers.get_all(COOKIE) {
            for pair in line.as_bytes().split(|byte| *byte == b';') {
                let pair = pair.trim_ascii();
                let equals = pair.iter().position(|byte| *byte == b'=');
                if let Some((name, value)) = equals.and_then(|at| pair.split_at_checked(at))
                    && name == NAME.as_bytes()
                {
                    values.push(value.get(1..).unwrap_or_default());
                }
            }
        }
        values == [self.cookie.as_bytes()]
    }
}

/// The extractor takes what it takes within its bounds.
fn extract(headers: &HeaderMap) {
    if let Ok(cookies) = Cookies::from_headers(headers) {
        let pairs = cookies.iter().count();
        assert!(pairs <= plumego_contract::extract::MAX_COOKIES);
        for (name, _) in cookies.iter() {
            assert!(cookies.get(name).is_some());
        }
    }
}
