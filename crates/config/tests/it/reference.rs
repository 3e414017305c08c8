//! The generated reference.

use plumego_config::render::{Language, env_example, help, markdown_table};
use plumego_config::{LOADER_KEYS, Loader, dotenv};

use crate::KEYS;

#[test]
fn the_example_file_gives_the_defaults_back_when_uncommented() {
    let example = env_example(KEYS);
    assert!(example.contains("\n# == server ==\n\n# Address to listen on.\n# APP_ADDR=:8080\n"));
    assert!(
        example.contains("# APP_READ_TIMEOUT_MS=30000\n"),
        "{example}"
    );
    assert!(example.contains("# WS_SECRET=\n"));
    assert!(dotenv::parse(&example).unwrap().is_empty());

    let uncommented: String = example
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| is_setting(rest))
                .unwrap_or(line)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let variables = dotenv::parse(&uncommented).unwrap();
    assert_eq!(
        variables.len(),
        KEYS.iter().filter(|key| key.env.is_some()).count()
    );
    let given = Loader::new(KEYS).environment(variables).load().unwrap();
    let plain = Loader::new(KEYS).load().unwrap();
    for key in KEYS.iter().filter(|key| key.default.is_some()) {
        let values = [&given, &plain].map(|loaded| loaded.section::<Option<toml::Value>>(key.name));
        let [given, plain] = values.map(Result::unwrap);
        assert_eq!(given, plain, "{}", key.name);
    }
}

fn is_setting(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '_' || c == '2')
    })
}

#[test]
fn help_lists_every_flag_with_its_variable_and_default() {
    let text = help(&[LOADER_KEYS, KEYS].concat(), "shop");
    assert!(text.starts_with("Usage: shop [FLAGS] [-- ARGUMENTS]\n"));
    for key in KEYS {
        assert!(
            text.contains(key.flag.unwrap()) && text.contains(key.env.unwrap()),
            "{text}"
        );
    }
    let line = text
        .lines()
        .find(|line| line.contains("--read-timeout"))
        .unwrap();
    assert_eq!(
        line,
        "  --read-timeout <duration>               Longest time to read a request. \
         [env APP_READ_TIMEOUT_MS] [default 30s] [reloadable]"
    );
    assert!(text.lines().any(|line| line.starts_with("  --debug  ")));
    assert!(text.contains("--print-config") && text.contains("APP_CONFIG_FILE"));
}

#[test]
fn tables_exist_in_both_languages() {
    let english = markdown_table(KEYS, Language::En);
    assert!(english.contains(
        "| `server.read_timeout` | `APP_READ_TIMEOUT_MS` | `--read-timeout` | duration, 1ms – 1h \
         | `30s` | at once | Longest time to read a request. |\n"
    ));
    assert!(english.contains("1 – 100000; 0 = unlimited"));
    let chinese = markdown_table(KEYS, Language::Zh);
    assert!(chinese.starts_with("| 键 |") && chinese.contains("| 监听地址。 |"));
    assert_eq!(english.lines().count(), KEYS.len() + 2);
    assert_eq!(chinese.lines().count(), KEYS.len() + 2);
    assert_eq!(english, markdown_table(KEYS, Language::En));
}
