//! Several ask at the same time.

use std::sync::Arc;

use plumego_contract::auth::{
    AuthErrorKind as Kind, SessionStatus, SessionStore as _, Tokens, claims,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::World;

/// Exchanges one token that often at the same time.
async fn rivals(world: &Arc<World>, tokens: &Tokens, count: usize) -> Vec<Result<Tokens, Kind>> {
    let start = Arc::new(Barrier::new(count));
    let mut rivals = JoinSet::new();
    for _ in 0..count {
        let (world, tokens, start) = (Arc::clone(world), tokens.clone(), Arc::clone(&start));
        rivals.spawn(async move {
            start.wait().await;
            world.refresh(&tokens).await
        });
    }
    rivals.join_all().await
}

/// Exactly one succeeds. The other one saw a token that was used before, and the family is ended:
/// the tokens of the first are dead too.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_exchanges_one_wins_and_the_family_is_ended() {
    let world = Arc::new(World::new());
    for count in [2, 2, 2, 2, 8, 16] {
        let tokens = world.sign_in("ada").await;
        let principal = world.verify(&tokens).await.unwrap();
        let results = rivals(&world, &tokens, count).await;
        let won: Vec<&Tokens> = results
            .iter()
            .filter_map(|result| result.as_ref().ok())
            .collect();
        assert_eq!(won.len(), 1, "{results:?}");
        let lost = results.iter().filter_map(|result| result.as_ref().err());
        // The first that lost ended the family; the others may find it ended.
        let reused = lost
            .clone()
            .filter(|kind| **kind == Kind::RefreshReused)
            .count();
        assert!(reused >= 1, "{results:?}");
        assert!(
            lost.clone()
                .all(|kind| [Kind::RefreshReused, Kind::SessionRevoked].contains(kind))
        );
        assert_eq!(world.verify(won[0]).await, Err(Kind::SessionRevoked));
        assert_eq!(
            world.refresh(won[0]).await.unwrap_err(),
            Kind::SessionRevoked
        );
        let id = principal.claim(claims::SESSION_ID).unwrap();
        let session = world.tokens.sessions().get(id).await.unwrap().unwrap();
        assert_eq!(session.status, SessionStatus::Revoked);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn families_do_not_disturb_each_other() {
    let world = Arc::new(World::new());
    let mut all = JoinSet::new();
    for number in 0..16 {
        let world = Arc::clone(&world);
        all.spawn(async move {
            let mut tokens = world.sign_in(&format!("user {number}")).await;
            for _ in 0..20 {
                tokens = world.refresh(&tokens).await.unwrap();
                world.verify(&tokens).await.unwrap();
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_out_beats_an_exchange_at_the_same_time() {
    let world = Arc::new(World::new());
    for _ in 0..20 {
        let tokens = world.sign_in("ada").await;
        let principal = world.verify(&tokens).await.unwrap();
        let start = Arc::new(Barrier::new(2));
        let (there, begin, token) = (Arc::clone(&world), Arc::clone(&start), tokens.clone());
        let exchange = tokio::spawn(async move {
            begin.wait().await;
            there.refresh(&token).await
        });
        start.wait().await;
        world.tokens.end_session_of(&principal).await.unwrap();
        if let Ok(next) = exchange.await.unwrap() {
            assert_eq!(world.verify(&next).await, Err(Kind::SessionRevoked));
            assert_eq!(
                world.refresh(&next).await.unwrap_err(),
                Kind::SessionRevoked
            );
        }
    }
}
