//! Unix sockets by address.
#![cfg(unix)]

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener as StdListener};
use std::path::Path;
use std::time::Instant;

use plumego_app::{AppBuilder, Running};
use plumego_contract::{Request, RequestContext};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::client::{Client, app, app_with, start, stop, within};

fn here(app: AppBuilder) -> AppBuilder {
    app.routes(|r| r.get("/", async || "here").get("/who", who))
}

/// Who asks: the process, and the client by address.
async fn who(request: Request) -> String {
    let cx = RequestContext::get(request.extensions()).unwrap();
    let peer = cx.connection().unix;
    let pid = peer.and_then(|peer| peer.pid);
    let uid = peer.and_then(|peer| peer.uid);
    format!("{pid:?} {uid:?} {:?}", cx.client_ip())
}

async fn listen(app: AppBuilder) -> Running {
    app.build().unwrap().start().await.unwrap()
}

async fn refused(app: AppBuilder) -> String {
    let began = Instant::now();
    let error = app.build().unwrap().start().await.unwrap_err();
    assert!(began.elapsed().as_millis() < 100, "{:?}", began.elapsed());
    assert_eq!(error.code(), "listen_failed");
    error.to_string()
}

async fn ask(stream: UnixStream, path: &str, headers: &str) -> String {
    let mut stream = stream;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer.rsplit("\r\n\r\n").next().unwrap().to_owned()
}

async fn get(path: &Path) -> String {
    ask(UnixStream::connect(path).await.unwrap(), "/", "").await
}

#[tokio::test]
async fn path_beside_a_port_is_served_with_its_mode_and_removed_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    for mode in [0o660, 0o600, 0o666] {
        let app = app_with(|config| config.unix_socket_mode = mode);
        let app = here(
            app.addr(format!("unix:{}", path.display()))
                .listen("127.0.0.1:0"),
        );
        let (running, addr) = start(app).await;
        let file = std::fs::symlink_metadata(&path).unwrap();
        assert!(file.file_type().is_socket());
        assert_eq!(file.permissions().mode() & 0o7777, mode);
        assert_eq!(get(&path).await, "here");
        assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
        stop(running).await;
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn path_that_is_too_long_is_told_with_both_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let most = if cfg!(target_os = "linux") { 107 } else { 103 };
    let rest = most - dir.path().as_os_str().len() - 1;
    let long = dir.path().join("s".repeat(rest + 1));
    let text = refused(here(app().addr(format!("unix:{}", long.display())))).await;
    let numbers = [
        format!("has {} bytes", most + 1),
        format!("takes {most} at"),
    ];
    assert!(numbers.iter().all(|it| text.contains(it)), "{text}");

    let path = dir.path().join("s".repeat(rest));
    let running = listen(here(app().addr(format!("unix:{}", path.display())))).await;
    assert_eq!(get(&path).await, "here");
    stop(running).await;
}

/// Following it would remove a file somewhere else.
#[tokio::test]
async fn symbolic_link_is_told_as_one_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (target, link) = (dir.path().join("old.sock"), dir.path().join("app.sock"));
    drop(StdListener::bind(&target).unwrap());
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let text = refused(here(app().addr(format!("unix:{}", link.display())))).await;
    assert!(text.contains("a symbolic link"), "{text}");
    assert!(target.exists() && link.is_symlink());
}

#[tokio::test]
async fn file_of_a_dead_process_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    // Bound and closed without being removed, as after SIGKILL.
    drop(StdListener::bind(&path).unwrap());
    assert!(path.exists());
    let running = listen(here(app().addr(format!("unix:{}", path.display())))).await;
    assert_eq!(get(&path).await, "here");
    stop(running).await;
}

#[tokio::test]
async fn socket_that_somebody_listens_on_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    let addr = format!("unix:{}", path.display());
    let running = listen(here(app().addr(&*addr))).await;
    let text = refused(here(app().addr(&*addr))).await;
    assert!(
        text.contains(&addr) && text.contains("choose another"),
        "{text}"
    );
    assert_eq!(get(&path).await, "here");
    stop(running).await;
    // One that listens and never accepts, with a full queue.
    let deaf = StdListener::bind(&path).unwrap();
    let mut waiting = Vec::new();
    while let Ok(client) = connect_now(&path) {
        waiting.push(client);
    }
    let text = refused(here(app().addr(&*addr))).await;
    assert!(text.contains("choose another"), "{text}");
    drop(deaf);
}

fn connect_now(path: &Path) -> std::io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&socket2::SockAddr::unix(path)?)?;
    Ok(socket)
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a file that is to survive")]
async fn file_of_another_kind_is_never_removed() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let dangling = dir.path().join("dangling");
    std::os::unix::fs::symlink(dir.path().join("nothing"), &dangling).unwrap();
    let directory = dir.path().join("directory");
    std::fs::create_dir(&directory).unwrap();
    for path in [&victim, &link, &dangling, &directory] {
        let text = refused(app().addr(format!("unix:{}", path.display()))).await;
        let told = if path.is_symlink() {
            "symbolic link"
        } else {
            "no socket"
        };
        assert!(text.contains(told), "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        assert!(std::fs::symlink_metadata(path).is_ok());
    }
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(
        std::fs::metadata(&victim).unwrap().permissions().mode() & 0o777,
        0o644
    );
    // A socket of datagrams that somebody has.
    let datagrams = dir.path().join("log.sock");
    let _log = UnixDatagram::bind(&datagrams).unwrap();
    let text = refused(app().addr(format!("unix:{}", datagrams.display()))).await;
    assert!(
        text.contains("choose another") && datagrams.exists(),
        "{text}"
    );
}

#[tokio::test]
async fn path_that_cannot_be_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("no/app.sock");
    let text = refused(app().addr(format!("unix:{}", missing.display()))).await;
    assert!(text.contains("create its directory"), "{text}");
    let long = format!("unix:/{}", "x".repeat(120));
    let text = refused(app().addr(&*long)).await;
    assert!(text.contains(&long), "{text}");
    for addr in ["unix:", "unix:@"] {
        let text = app().addr(addr).build().unwrap_err().to_string();
        assert!(
            text.contains(addr) && text.contains("unix:/run/app.sock"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn file_that_another_has_put_in_its_place_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    let running = listen(here(app().addr(format!("unix:{}", path.display())))).await;
    std::fs::remove_file(&path).unwrap();
    let _other = StdListener::bind(&path).unwrap();
    stop(running).await;
    assert!(path.exists());
    assert!(UnixStream::connect(&path).await.is_ok());
}

#[tokio::test]
async fn many_that_start_at_once_on_a_stale_file_leave_one_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    for _ in 0..10 {
        drop(StdListener::bind(&path).unwrap());
        let starts = (0..4).map(|_| {
            let app = here(app().addr(format!("unix:{}", path.display())));
            tokio::spawn(app.build().unwrap().start())
        });
        let mut running = Vec::new();
        for start in starts.collect::<Vec<_>>() {
            running.extend(within(start).await.unwrap().ok());
        }
        assert_eq!(running.len(), 1, "one has it, the others are told");
        assert_eq!(get(&path).await, "here");
        stop(running.pop().unwrap()).await;
    }
}

#[tokio::test]
async fn peer_is_known_and_its_headers_are_believed_only_when_configured() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(dir.path()).unwrap());
    let me = format!("Some({}) Some({uid})", std::process::id());
    let headers = "x-forwarded-for: 198.51.100.9, 203.0.113.7\r\n";
    for (trusted, client) in [
        ("", "None"),
        ("10.0.0.0/8", "None"),
        ("unix", "Some(203.0.113.7)"),
    ] {
        let app = app_with(|config| config.trusted_proxies = trusted.parse().unwrap());
        let app = here(app.addr(format!("unix:{}", path.display())));
        let running = listen(app).await;
        let stream = UnixStream::connect(&path).await.unwrap();
        assert_eq!(ask(stream, "/who", headers).await, format!("{me} {client}"));
        stop(running).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn abstract_name_has_no_file() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("plumego-test-{}", std::process::id());
    let addr = format!("unix:@{name}");
    let running = listen(here(app().addr(&*addr))).await;
    let text = refused(app().addr(&*addr)).await;
    assert!(text.contains(&addr) && text.contains("in use"), "{text}");
    let at = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let stream = std::os::unix::net::UnixStream::connect_addr(&at).unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = UnixStream::from_std(stream).unwrap();
    assert_eq!(ask(stream, "/", "").await, "here");
    assert!(!Path::new(&format!("@{name}")).exists());
    stop(running).await;
    let gone = std::os::unix::net::UnixStream::connect_addr(&at).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
}
