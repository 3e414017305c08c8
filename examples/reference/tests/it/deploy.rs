//! What the book says of deployment, checked by the programs that it is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LANGUAGES: [&str; 2] = ["en", "zh"];

/// The blocks of this kind on a page of the book.
fn blocks(language: &str, page: &str, kind: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = fs::read_to_string(root.join(language).join("src/operating").join(page)).unwrap();
    let open = format!("```{kind}\n");
    let blocks = text.split(&open).skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// Whether it is installed. Where every test is wanted, it must be.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("-h").output().is_ok();
    if !there {
        let required = std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_some();
        assert!(!required, "{program} is not installed");
        println!("skipped: {program} is not installed");
    }
    there
}

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn both_languages_show_the_same_files() {
    for (page, kinds) in [
        ("systemd.md", &["ini", "sh"][..]),
        ("containers.md", &["dockerfile", "yaml"]),
        ("proxies.md", &["nginx", "text", "yaml", "sh"]),
    ] {
        for kind in kinds {
            let [en, zh] = LANGUAGES.map(|language| blocks(language, page, kind));
            let translated = *kind == "text" && page == "containers.md";
            assert!(!en.is_empty() && (translated || en == zh), "{page} {kind}");
        }
    }
}

#[test]
fn units_are_verified_by_systemd() {
    if !is_there("systemd-analyze") {
        return;
    }
    let directory = scratch("units");
    let units = blocks("en", "systemd.md", "ini");
    assert_eq!(units.len(), 2);
    for unit in &units {
        let (first, _) = unit.split_once('\n').unwrap();
        let name = first.rsplit('/').next().unwrap();
        let unit = unit.replace("/usr/local/bin/shop", env!("CARGO_BIN_EXE_reference"));
        fs::write(directory.join(name), unit).unwrap();
    }
    for name in ["shop.service", "shop.socket"] {
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no", "--recursive-errors=no"]);
        let output = verify.arg(directory.join(name)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(!text.contains("shop."), "no warning of it: {text}");
    }
}

/// The mode of the file is for its group, which is that of root unless another one is named.
#[test]
fn socket_of_systemd_is_for_the_group_of_the_proxy() {
    for language in LANGUAGES {
        let units = blocks(language, "systemd.md", "ini").concat();
        let has = |line: &str| units.lines().any(|other| other.starts_with(line));
        assert!(has("SocketMode=0660") && has("SocketGroup="), "{language}");
    }
}

#[test]
fn proxy_configuration_is_accepted_by_nginx() {
    if !is_there("nginx") {
        return;
    }
    let directory = scratch("nginx");
    let parts = blocks("en", "proxies.md", "nginx").concat();
    let at = directory.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {at}/{name};\n"))
        .concat();
    let text = format!(
        "pid {at}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{paths}{parts}}}\n"
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, text).unwrap();
    let mut nginx = Command::new("nginx");
    let output = nginx.arg("-t").arg("-c").arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

/// What each proxy must be told: how its block is known, and the lines that it has. Caddy and
/// Traefik set `X-Forwarded-Proto` by themselves.
const PROXIES: [(&str, &[&str]); 4] = [
    (
        "proxy_pass ",
        &[
            "proxy_set_header Forwarded \"\";",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
            "proxy_set_header X-Forwarded-Host $http_host;",
            "proxy_set_header Host $http_host;",
        ],
    ),
    (
        "option forwardfor",
        &[
            "http-request del-header Forwarded\n",
            "http-request del-header X-Forwarded-For\n",
            "http-request set-header X-Forwarded-Proto https if { ssl_fc }\n",
            "http-request set-header X-Forwarded-Proto http if !{ ssl_fc }\n",
            "http-request set-header X-Forwarded-Host %[req.hdr(",
        ],
    ),
    ("reverse_proxy ", &["header_up -Forwarded\n"]),
    (
        "loadBalancer:",
        &["customRequestHeaders: { Forwarded: \"\" }"],
    ),
];

/// The pages of the book.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = paths.flat_map(|path| {
        if path.is_dir() {
            pages(&path)
        } else {
            vec![path]
        }
    });
    below
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect()
}

/// A header that a proxy hands on as the client wrote it is the client's word, which is believed.
#[test]
fn no_proxy_of_the_book_hands_on_what_a_client_forwards() {
    for language in LANGUAGES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let mut found = [0; PROXIES.len()];
        for page in pages(&root.join(language).join("src")) {
            let text = fs::read_to_string(&page).unwrap();
            for block in text.split("```").skip(1).step_by(2) {
                let of_proxies = PROXIES.iter().zip(&mut found);
                for ((mark, wanted), found) in
                    of_proxies.filter(|((mark, _), _)| block.contains(mark))
                {
                    *found += 1;
                    for line in *wanted {
                        assert!(
                            block.contains(line),
                            "{line:?} is not in {page:?}, {mark}:\n{block}"
                        );
                    }
                }
            }
        }
        assert_eq!(found, [2, 2, 2, 1], "{language}");
    }
}
