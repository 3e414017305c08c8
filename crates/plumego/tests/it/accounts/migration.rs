//! A table of users that another system left: each hash is made anew at the next login.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use plumego::identity::hasher::{Hasher, HasherConfig};
use plumego::prelude::*;
use plumego::security::password::{Passwords, Verdict};
use plumego::stdx::Secret;

use crate::client::start;
use crate::wire::Client;

const PASSWORD: &str = "correct horse battery staple";

/// By bcrypt, by Django, by Werkzeug, and one that nobody can read.
const LEFT: [(&str, &str); 4] = [
    (
        "ada",
        "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
    ),
    (
        "bob",
        "pbkdf2_sha1$20000$NaClNaClNaClNaClNaCl12$HElxhPbfNg/SeLLTArudQq7M74A=",
    ),
    (
        "eve",
        "pbkdf2:sha1:20000$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
    ),
    ("old", "md5$salt$0123456789abcdef0123456789abcdef"),
];

/// The table of users.
#[derive(Clone)]
struct Users(Arc<Mutex<BTreeMap<String, String>>>);

impl Users {
    fn stored(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn store(&self, name: String, hash: String) {
        self.0.lock().unwrap().insert(name, hash);
    }
}

async fn login(
    State(users): State<Users>,
    State(hasher): State<Hasher>,
    Path((name, password)): Path<(String, String)>,
) -> Result<&'static str, Error> {
    let password = Secret::new(password);
    let verdict = hasher.verify(password.clone(), users.stored(&name)).await?;
    match verdict {
        Verdict::Match { needs_rehash } => {
            if needs_rehash {
                users.store(name, hasher.hash(password).await?);
            }
            Ok("welcome")
        }
        Verdict::Mismatch => Err(Error::unauthenticated("Name or password is wrong.")),
    }
}

async fn status(addr: SocketAddr, name: &str, password: &str) -> u16 {
    let mut client = Client::connect(addr).await;
    let password = password.replace(' ', "%20");
    let head = format!("POST /login/{name}/{password} HTTP/1.1\r\nhost: x\r\n");
    client
        .send(format!("{head}content-length: 0\r\n\r\n"))
        .await;
    let answer = client.answer().await;
    assert!(!answer.body.contains("md5"), "{answer:?}");
    answer.status()
}

// acceptance 21.1 (40)
#[tokio::test]
async fn what_another_system_left_is_made_anew_at_the_login() {
    let left = LEFT.map(|(name, hash)| (name.to_owned(), hash.to_owned()));
    let users = Users(Arc::new(Mutex::new(left.into())));
    let hasher = Hasher::new(Passwords::default(), HasherConfig::default()).unwrap();
    let app = App::builder()
        .state(users.clone())
        .state(hasher)
        .routes(|r| r.post("/login/{name}/{password}", login));
    let (running, addr) = start(app).await;

    for (name, before) in LEFT.iter().filter(|(name, _)| *name != "old") {
        assert_eq!(status(addr, name, "a wrong one").await, 401, "{name}");
        assert_eq!(users.stored(name).as_deref(), Some(*before), "{name}");
        assert_eq!(status(addr, name, PASSWORD).await, 200, "{name}");
        let after = users.stored(name).unwrap();
        assert!(after.starts_with("$argon2id$v=19$m=19456"), "{after}");
        // And good, and made once.
        assert_eq!(status(addr, name, PASSWORD).await, 200, "{name}");
        assert_eq!(users.stored(name), Some(after));
    }
    assert_eq!(status(addr, "old", PASSWORD).await, 500);
    assert_eq!(status(addr, "nobody", PASSWORD).await, 401);
    running.handle().shutdown();
    running.wait().await.unwrap();
}
