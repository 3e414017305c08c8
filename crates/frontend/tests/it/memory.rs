//! What is kept in memory, and for how long.

use std::time::{Duration, SystemTime};

use plumego_frontend::Frontend;
use plumego_observe::metrics::{Metrics, MetricsConfig};
use plumego_router::Router;

use crate::web::{Download, Folder, Web, noise};

fn fresh(folder: &Folder) -> Frontend {
    Frontend::dir(folder.path()).revalidate_after(Duration::ZERO)
}

#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let folder = Folder::new(&[("a.txt", b"first")]);
    for site in [fresh(&folder), fresh(&folder).max_file_bytes(0)] {
        let web = Web::of(site).await;
        // Within a tick of the file system, and of the same length.
        for text in ["first", "other", "third", "longer than before", "x"] {
            folder.write("a.txt", text.as_bytes());
            let answer = web.get("/a.txt").await;
            answer.is(200, text);
            let asked = [("if-none-match", answer.header("etag").unwrap())];
            assert_eq!(web.ask("GET", "/a.txt", &asked).await.status, 304);
        }
    }
}

#[tokio::test]
async fn a_change_that_keeps_length_and_time_shows_too() {
    let folder = Folder::new(&[("a.txt", b"first")]);
    let old = SystemTime::UNIX_EPOCH + Duration::from_hours(10_000);
    folder.touch("a.txt", old);
    let web = Web::of(fresh(&folder)).await;
    web.get("/a.txt").await.is(200, "first");
    folder.write("a.txt", b"other");
    folder.touch("a.txt", old);
    web.get("/a.txt").await.is(200, "other");
}

#[tokio::test]
async fn files_and_siblings_come_and_go() {
    let folder = Folder::new(&[("index.html", b"home")]);
    let web = Web::of(fresh(&folder).compress(false)).await;
    web.get("/new.txt").await.is_missing();
    folder.write("new.txt", b"here");
    web.get("/new.txt").await.is(200, "here");
    let br = [("accept-encoding", "br")];
    web.ask("GET", "/new.txt", &br).await.is(200, "here");
    folder.write("new.txt.br", b"as br");
    web.ask("GET", "/new.txt", &br).await.is(200, "as br");
    std::fs::remove_file(folder.path().join("new.txt.br")).unwrap();
    web.ask("GET", "/new.txt", &br).await.is(200, "here");
    std::fs::remove_file(folder.path().join("new.txt")).unwrap();
    web.get("/new.txt").await.is_missing();
}

#[tokio::test]
async fn within_its_time_a_file_is_sent_without_a_look() {
    let folder = Folder::new(&[("a.txt", b"first")]);
    let web = Web::of(Frontend::dir(folder.path()).revalidate_after(Duration::from_hours(1))).await;
    web.get("/a.txt").await.is(200, "first");
    folder.write("a.txt", b"other");
    web.get("/a.txt").await.is(200, "first");
    web.get("/a.txt").await.is(200, "first");
}

#[tokio::test]
async fn a_folder_that_is_swapped_by_a_deployment_is_followed() {
    let base = tempfile::tempdir().unwrap();
    let current = base.path().join("current");
    for release in ["one", "two"] {
        std::fs::create_dir(base.path().join(release)).unwrap();
        std::fs::write(base.path().join(release).join("a.txt"), release).unwrap();
    }
    std::os::unix::fs::symlink("one", &current).unwrap();
    let web = Web::of(Frontend::dir(&current).revalidate_after(Duration::ZERO)).await;
    web.get("/a.txt").await.is(200, "one");
    std::os::unix::fs::symlink("two", base.path().join("next")).unwrap();
    std::fs::rename(base.path().join("next"), &current).unwrap();
    web.get("/a.txt").await.is(200, "two");
}

#[tokio::test]
async fn little_memory_serves_many_files() {
    let folder = Folder::new(&[]);
    for n in 0..60 {
        folder.write(&format!("{n}.txt"), format!("{n}").repeat(500).as_bytes());
    }
    let site = fresh(&folder)
        .max_memory_bytes(10_000)
        .max_file_bytes(2000)
        .max_entries(3);
    let web = Web::of(site).await;
    for _ in 0..2 {
        for n in 0..60 {
            web.get(&format!("/{n}.txt"))
                .await
                .is(200, &format!("{n}").repeat(500));
        }
    }
}

#[tokio::test]
async fn many_at_once_get_the_same_file() {
    let folder = Folder::new(&[("a.bin", &noise(200_000))]);
    for site in [
        fresh(&folder),
        fresh(&folder).max_file_bytes(0),
        Frontend::dir(folder.path()),
    ] {
        let web = std::sync::Arc::new(Web::of(site).await);
        let all = (0..40).map(|_| {
            let web = std::sync::Arc::clone(&web);
            tokio::spawn(async move { web.get("/a.bin").await })
        });
        for answer in all.collect::<Vec<_>>() {
            assert!(answer.await.unwrap().body == noise(200_000));
        }
    }
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_cuts_the_connection() {
    let mut download = Download::begin().await;
    download.file.set_len(1000).unwrap();
    let answer = download.rest().await;
    let length = Download::LENGTH.to_string();
    assert_eq!(answer.header("content-length"), Some(&*length));
    let received = answer.body.len() as u64;
    assert!(received < Download::LENGTH, "the rest was made up");
    // The next one gets what there is.
    let next = download.web.ask("GET", "/long.bin", &[]).await;
    assert_eq!((next.status, next.body.len()), (200, 1000));
}

#[tokio::test]
async fn what_is_in_memory_is_counted() {
    let folder = Folder::new(&[("a.txt", b"one"), ("b.txt", b"two"), ("c.txt", b"three")]);
    let metrics = Metrics::new(&MetricsConfig::default());
    let mut router = Router::new();
    for (prefix, name, time) in [
        ("/", "shop", Duration::from_hours(1)),
        ("/fresh", "fresh", Duration::ZERO),
        ("/blog", "blog", Duration::ZERO),
    ] {
        let site = Frontend::dir(folder.path()).max_entries(2);
        let site = site.revalidate_after(time).build().unwrap();
        site.register(&metrics, name).unwrap();
        router = router.site(prefix, site);
    }
    let web = Web::routes(router).await;
    let value = |name: &str, site: &str| {
        let text = metrics.encode();
        let start = format!("frontend_cache_{name}{{site=\"{site}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        let value = line.unwrap_or_else(|| panic!("{name}: {text}"));
        value.parse::<u64>().unwrap()
    };
    for target in ["/a.txt", "/a.txt", "/a.txt", "/b.txt", "/nothing"] {
        web.get(target).await;
    }
    assert_eq!(value("hits_total", "shop"), 2);
    assert_eq!(value("misses_total", "shop"), 3);
    assert_eq!(value("entries", "shop"), 2);
    assert_eq!(value("evictions_total", "shop"), 0);
    assert!(value("bytes", "shop") > 6);
    web.get("/c.txt").await.is(200, "three");
    assert_eq!(value("entries", "shop"), 2);
    assert_eq!(value("evictions_total", "shop"), 1);
    web.get("/fresh/a.txt").await.is(200, "one");
    assert!(value("bytes", "fresh") > 3);
    std::fs::remove_file(folder.path().join("a.txt")).unwrap();
    web.get("/fresh/a.txt").await.is_missing();
    assert_eq!(value("entries", "fresh") + value("bytes", "fresh"), 0);
    assert_eq!(value("misses_total", "blog"), 0);
    // What clients name is no label.
    assert!(!metrics.encode().contains("nothing"));
}
