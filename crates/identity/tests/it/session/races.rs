//! Requests of one browser that come at the same time.

use tokio::task::JoinSet;

use super::browser::Site;

const RIVALS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_is_lost() {
    let site = Site::new();
    let mut ada = site.browser();
    ada.ask("POST", "/login").await;
    let mut rivals = JoinSet::new();
    for _ in 0..RIVALS {
        let mut tab = ada.clone();
        rivals.spawn(async move { tab.ask("POST", "/count").await });
    }
    let answers = rivals.join_all().await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );
    let mut counts: Vec<usize> = answers.iter().map(|(_, n)| n.parse().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=RIVALS).collect::<Vec<_>>());
    assert_eq!(
        ada.ask("GET", "/private").await,
        (200, format!("ada {RIVALS}"))
    );
}

/// A write that began before the logout must not bring the session back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_logout_wins_over_writes_at_the_same_time() {
    for _ in 0..50 {
        let site = Site::new();
        let mut ada = site.browser();
        ada.ask("POST", "/login").await;
        let mut rivals = JoinSet::new();
        for i in 0..8 {
            let mut tab = ada.clone();
            let path = if i == 3 { "/logout" } else { "/count" };
            rivals.spawn(async move {
                tab.ask("POST", path).await;
            });
        }
        rivals.join_all().await;
        assert_eq!(ada.ask("GET", "/private").await.0, 401);
        assert!(site.sessions.list("ada").await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_changes_of_rights_at_once_one_leaves_a_session() {
    for _ in 0..50 {
        let site = Site::new();
        let mut ada = site.browser();
        ada.ask("POST", "/login").await;
        let mut rivals = JoinSet::new();
        for _ in 0..4 {
            let mut tab = ada.clone();
            rivals.spawn(async move { (tab.ask("POST", "/promote").await.0, tab) });
        }
        let tabs = rivals.join_all().await;
        let promoted = tabs.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(promoted, 1);
        assert_eq!(site.sessions.list("ada").await.unwrap().len(), 1);
    }
}
