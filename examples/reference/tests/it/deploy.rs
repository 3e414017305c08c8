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
