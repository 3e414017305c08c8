//! Two demo accounts, and what they may do: sign in, exchange, sign out.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Instant;

use plumego::config::{Key, Kind};
use plumego::contract::auth::{Principal, RefreshManager as _};
use plumego::contract::{Problem, Problems};
use plumego::http::StatusCode;
use plumego::identity::hasher::{Hasher, HasherConfig};
use plumego::identity::jwks;
use plumego::identity::ring::KeyRing;
use plumego::identity::tokens::{
    MemoryRefreshStore, MemoryRevocations, TokenAnswer, TokenConfig, TokenService,
};
use plumego::middleware::{AuthenticateLayer, SessionCheckLayer};
use plumego::prelude::*;
use plumego::security::jwt::{EcAlgorithm, SigningKey};
use plumego::security::password::{Passwords, Verdict};
use plumego::stdx::{Secret, random};
use serde::{Deserialize, Serialize};

/// The settings of the accounts, for the table `reference`.
pub(crate) const KEYS: &[Key] = &[
    Key::new("reference.demo_password", Kind::Text)
        .env("REFERENCE_DEMO_PASSWORD")
        .default("")
        .secret()
        .doc(
            "Password of the accounts `admin` and `member`; empty for one that is made and \
             printed.",
            "账户 `admin` 与 `member` 的密码；为空则在启动时生成并打印。",
        ),
    Key::new("reference.signing_key", Kind::Text)
        .env("REFERENCE_SIGNING_KEY")
        .default("")
        .doc(
            "PEM file of the private key on P-256 that signs tokens; empty for one that is made at \
             the start and gone at the end. The key is named after the file.",
            "签署令牌的 P-256 私钥的 PEM 文件；为空则启动时生成，结束即失。密钥以文件名命名。",
        ),
];

/// What a sign-in or an exchange may send: anybody may, and nobody needs more.
const MAX_FORM_BYTES: Limit = Limit::At(16 * 1024);

/// Whom the tokens are from, and for whom they are.
const ISSUER: &str = "reference";

/// The table `reference` of the settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    demo_password: Option<Secret<String>>,
    #[serde(default)]
    signing_key: PathBuf,
}

/// The accounts, their hashed password, and the tokens they are given.
#[derive(Clone)]
pub(crate) struct Accounts {
    hasher: Hasher,
    /// One for both: they have the same password.
    stored: String,
    tokens: TokenService,
    since: Instant,
}

impl Accounts {
    /// Hashes the password of the settings, or one made here, which is then given back. Sessions
    /// are in memory: a restart signs everybody out, also when the key is that of a file.
    pub(crate) async fn open(settings: Settings) -> Result<(Self, Option<Secret<String>>), Error> {
        let given = settings.demo_password;
        let given = given.filter(|password| !password.expose().is_empty());
        let (password, made) = if let Some(password) = given {
            (password, None)
        } else {
            let made = generate()?;
            (made.clone(), Some(made))
        };
        let hasher = Hasher::new(Passwords::default(), HasherConfig::default())?;
        let ring = ring(&settings.signing_key)?;
        let accounts = Self {
            stored: hasher.hash(password).await?,
            hasher,
            tokens: TokenService::new(
                TokenConfig::new(ISSUER, ISSUER),
                ring,
                MemoryRefreshStore::default(),
                MemoryRevocations::default(),
            )?,
            since: Instant::now(),
        };
        Ok((accounts, made))
    }

    /// The routes of the accounts, and the keys that verify their tokens.
    pub(crate) fn routes(&self, router: Router) -> Router {
        let (tokens, sessions) = (self.tokens.clone(), self.tokens.sessions());
        router
            .merge(jwks::routes(self.tokens.ring()))
            .group("/api", |api| {
                api.post("/auth/login", login)
                    .name("auth.login")
                    .max_body_bytes(MAX_FORM_BYTES)
                    .public()
                    .post("/auth/refresh", refresh)
                    .name("auth.refresh")
                    .max_body_bytes(MAX_FORM_BYTES)
                    .public()
                    .group("/", |known| {
                        known
                            .layer(AuthenticateLayer::new(tokens))
                            .layer(SessionCheckLayer::new(sessions))
                            .post("/auth/logout", logout)
                            .name("auth.logout")
                            .authenticated()
                            .get("/me", me)
                            .name("me")
                            .authenticated()
                            .get("/admin/stats", stats)
                            .name("admin.stats")
                            .require_role("admin")
                    })
            })
    }
}

/// The key of the file, or one made here.
fn ring(file: &Path) -> Result<KeyRing, Error> {
    if file.as_os_str().is_empty() {
        let key = SigningKey::generate(EcAlgorithm::Es256).map_err(Error::internal)?;
        return KeyRing::new("demo", key).map_err(Error::internal);
    }
    let problem = |why: &dyn Display| {
        let mut problems = Problems::new();
        problems.push(Problem::new(format!(
            "REFERENCE_SIGNING_KEY: {} {why}: make one with `openssl genpkey -algorithm EC \
             -pkeyopt ec_paramgen_curve:P-256`",
            file.display()
        )));
        problems
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a program reads its own key, before it serves"
    )]
    let pem = std::fs::read(file).map_err(|error| problem(&format!("cannot be read ({error})")))?;
    let key = SigningKey::ec_pem(EcAlgorithm::Es256, &pem).map_err(|error| problem(&error))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Ok(KeyRing::new(&name, key).map_err(|error| problem(&error))?)
}

/// 160 bits in hexadecimal digits, never from a source that is not random.
fn generate() -> Result<Secret<String>, Error> {
    let bytes = random::bytes::<20>().map_err(Error::internal)?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Ok(digits.collect::<String>().into())
}

/// Who an account is. In earnest this is a table of users.
fn account(name: &str) -> Option<Principal> {
    let demo = Principal::new(name).with_tenant("demo");
    match name {
        "admin" => Some(demo.with_role("admin").with_role("member")),
        "member" => Some(demo.with_role("member")),
        _ => None,
    }
}

/// What `POST /api/auth/login` takes.
#[derive(Deserialize)]
pub(crate) struct Login {
    username: String,
    password: Secret<String>,
}

/// What `POST /api/auth/refresh` takes.
#[derive(Deserialize)]
pub(crate) struct Refresh {
    refresh_token: Secret<String>,
}

/// `POST /api/auth/login`: an unknown name takes as long as a wrong password, and reads the same.
async fn login(
    State(accounts): State<Accounts>,
    Json(form): Json<Login>,
) -> Result<TokenAnswer, Error> {
    let who = account(&form.username);
    let stored = who.as_ref().map(|_| accounts.stored.clone());
    let verdict = accounts.hasher.verify(form.password, stored).await?;
    match (who, verdict) {
        (Some(who), Verdict::Match { .. }) => Ok(TokenAnswer(accounts.tokens.issue(&who).await?)),
        _ => Err(Error::unauthenticated("Name or password is wrong.")),
    }
}

/// `POST /api/auth/refresh`: a token that comes a second time ends the session.
async fn refresh(
    State(accounts): State<Accounts>,
    Json(form): Json<Refresh>,
) -> Result<TokenAnswer, Error> {
    let tokens = accounts.tokens.refresh(&form.refresh_token).await?;
    Ok(TokenAnswer(tokens))
}

/// `POST /api/auth/logout`: the session and all its tokens are dead at once.
async fn logout(State(accounts): State<Accounts>, who: Principal) -> Result<StatusCode, Error> {
    accounts.tokens.end_session_of(&who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks.
#[derive(Serialize)]
struct Me {
    username: String,
    tenant: Option<String>,
    roles: Vec<String>,
}

/// `GET /api/me`
async fn me(who: Principal) -> impl IntoResponse {
    reply(Me {
        username: who.subject,
        tenant: who.tenant,
        roles: who.roles,
    })
}

/// What an operator sees.
#[derive(Serialize)]
struct Stats {
    uptime_seconds: u64,
    passwords_checked: u64,
    passwords_refused: u64,
}

/// `GET /api/admin/stats`: for the role `admin`.
async fn stats(State(accounts): State<Accounts>) -> impl IntoResponse {
    let hashes = accounts.hasher.stats();
    reply(Stats {
        uptime_seconds: accounts.since.elapsed().as_secs(),
        passwords_checked: hashes.done,
        passwords_refused: hashes.refused,
    })
}
