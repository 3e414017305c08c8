//! Families of tokens beside a model that knows what each token must be answered with.

use std::time::Duration;

use plumego_contract::auth::{AuthErrorKind as Kind, RefreshManager as _, Tokens};
use plumego_identity::tokens::TokenConfig;
use proptest::prelude::*;

use crate::world::World;

const ACCESS: i64 = 100;
const REFRESH: i64 = 400;
const SESSION: i64 = 1000;
const SUBJECTS: [&str; 2] = ["ada", "eve"];

#[derive(Debug, Clone)]
enum Step {
    SignIn { subject: usize },
    Refresh { token: usize },
    SignOut { token: usize },
    EndSession { token: usize },
    RevokeAccess { token: usize },
    Withdraw { subject: usize },
    Wait { seconds: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let token = 0..64_usize;
    prop_oneof![
        3 => (0..2_usize).prop_map(|subject| Step::SignIn { subject }),
        // The newest tokens most of the time, as clients do.
        8 => (0..3_usize).prop_map(|token| Step::Refresh { token }),
        2 => token.clone().prop_map(|token| Step::Refresh { token }),
        1 => token.clone().prop_map(|token| Step::SignOut { token }),
        1 => token.clone().prop_map(|token| Step::EndSession { token }),
        1 => token.prop_map(|token| Step::RevokeAccess { token }),
        1 => (0..2_usize).prop_map(|subject| Step::Withdraw { subject }),
        4 => (0..150_i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A pair of tokens, and what the model knows of it.
struct Pair {
    tokens: Tokens,
    family: usize,
    generation: u64,
    access_end: i64,
    refresh_end: i64,
    revoked: bool,
}

struct Family {
    subject: usize,
    version: u64,
    generation: u64,
    end: i64,
    ended: bool,
    /// Withdrawn, and let go of at a later sign-in.
    forgotten: bool,
}

#[derive(Default)]
struct Model {
    families: Vec<Family>,
    pairs: Vec<Pair>,
    versions: [u64; 2],
}

impl Model {
    fn add(&mut self, tokens: Tokens, family: usize, now: i64) {
        let of = &self.families[family];
        self.pairs.push(Pair {
            tokens,
            family,
            generation: of.generation,
            access_end: of.end.min(now + ACCESS),
            refresh_end: of.end.min(now + REFRESH),
            revoked: false,
        });
    }

    /// The newest first.
    fn pick(&self, token: usize) -> Option<usize> {
        self.pairs
            .len()
            .checked_sub(1 + token % self.pairs.len().max(1))
    }

    fn access(&self, pair: &Pair, now: i64) -> Result<(), Kind> {
        let family = &self.families[pair.family];
        if now >= pair.access_end {
            Err(Kind::TokenExpired)
        } else if pair.revoked || family.ended {
            Err(Kind::SessionRevoked)
        } else if family.version != self.versions[family.subject] {
            Err(Kind::VersionMismatch)
        } else {
            Ok(())
        }
    }

    fn refresh(&self, pair: &Pair, now: i64) -> Result<(), Kind> {
        let family = &self.families[pair.family];
        if now >= pair.refresh_end {
            Err(Kind::TokenExpired)
        } else if family.ended || family.forgotten {
            Err(Kind::SessionRevoked)
        } else if family.version != self.versions[family.subject] {
            Err(Kind::VersionMismatch)
        } else if pair.generation < family.generation {
            Err(Kind::RefreshReused)
        } else {
            Ok(())
        }
    }
}

fn world() -> World {
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    let mut config = TokenConfig::new("https://id.example", "orders");
    config.access_ttl = seconds(ACCESS);
    config.refresh_ttl = seconds(REFRESH);
    config.session_ttl = seconds(SESSION);
    config.leeway = Duration::ZERO;
    World::with(config)
}

async fn run(steps: Vec<Step>) {
    let (world, mut model) = (world(), Model::default());
    for step in steps {
        let now = world.clock.seconds();
        apply(&world, &mut model, step, now).await;
        let now = world.clock.seconds();
        for pair in &model.pairs {
            let got = world.verify(&pair.tokens).await.map(|_| ());
            assert_eq!(got, model.access(pair, now), "family {}", pair.family);
        }
    }
}

async fn apply(world: &World, model: &mut Model, step: Step, now: i64) {
    match step {
        Step::Wait { seconds } => world.clock.advance(seconds),
        Step::SignIn { subject } => {
            let tokens = world.sign_in(SUBJECTS[subject]).await;
            let version = model.versions[subject];
            for family in &mut model.families {
                family.forgotten |= family.subject == subject && family.version != version;
            }
            model.families.push(Family {
                subject,
                version: model.versions[subject],
                generation: 1,
                end: now + SESSION,
                ended: false,
                forgotten: false,
            });
            model.add(tokens, model.families.len() - 1, now);
        }
        Step::Withdraw { subject } => {
            model.versions[subject] += 1;
            let version = world.tokens.withdraw(SUBJECTS[subject]).await.unwrap();
            assert_eq!(version, model.versions[subject]);
        }
        Step::Refresh { token } => {
            let Some(at) = model.pick(token) else { return };
            let (expected, family) = (model.refresh(&model.pairs[at], now), model.pairs[at].family);
            let got = world.refresh(&model.pairs[at].tokens).await;
            assert_eq!(got.as_ref().map(|_| ()).map_err(|kind| *kind), expected);
            match got {
                Ok(tokens) => {
                    model.families[family].generation += 1;
                    model.add(tokens, family, now);
                }
                Err(Kind::RefreshReused) => model.families[family].ended = true,
                Err(_) => {}
            }
        }
        Step::SignOut { token } => {
            let Some(at) = model.pick(token) else { return };
            let pair = &model.pairs[at];
            let signed_out = world.tokens.sign_out(&pair.tokens.refresh_token).await;
            assert_eq!(signed_out.is_ok(), now < pair.refresh_end);
            model.families[pair.family].ended |= signed_out.is_ok();
        }
        Step::EndSession { token } => {
            let Some(at) = model.pick(token) else { return };
            let family = model.pairs[at].family;
            if let Ok(principal) = world.verify(&model.pairs[at].tokens).await {
                world.tokens.end_session_of(&principal).await.unwrap();
                model.families[family].ended = true;
            }
        }
        Step::RevokeAccess { token } => {
            let Some(at) = model.pick(token) else { return };
            if let Ok(principal) = world.verify(&model.pairs[at].tokens).await {
                world.tokens.revoke(&principal).await.unwrap();
                model.pairs[at].revoked = true;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_token_is_answered_as_the_model_says(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
