//! The user's own settings beside those of the rooms.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use plumego_config::{Action, Loader};
use plumego_stdx::{Limit, Secret};
use proptest::prelude::*;
use serde::Deserialize;

use crate::{KEYS, directory, problems};

#[derive(Debug, Deserialize)]
struct Server {
    addr: String,
    read_timeout: Duration,
    max_http_conns: Limit,
}

#[derive(Debug, Deserialize)]
struct Shop {
    server: Server,
    greeting: String,
    #[serde(default)]
    verbose: bool,
    db: Db,
    currency: Option<Currency>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    peers: Vec<IpAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Db {
    url: Secret<String>,
    #[serde(default)]
    pool_size: u16,
    #[serde(default, with = "plumego_config::duration")]
    idle_timeout: Duration,
    bind: Option<SocketAddr>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Currency {
    Euro,
    SwissFranc,
}

fn shop() -> Loader {
    Loader::new(KEYS).settings::<Shop>().user_prefix("SHOP_")
}

const REQUIRED: [(&str, &str); 2] = [("SHOP_GREETING", "hi"), ("SHOP_DB__URL", "sqlite::memory:")];

#[test]
fn fields_are_read_from_environment_file_and_flags() {
    let text = "[db]\nurl = 'postgres://'\nPoolSize = 4\nidleTimeout = '90s'\n\
                [labels]\n\"app.kind/x\" = 'shop'\nfooBar = 'kept'\n";
    let files = directory(&[("plumego.toml", text)]);
    let loader = shop().directory(files.path()).environment([
        ("APP_ADDR", ":9000"),
        ("APP_MAX_HTTP_CONNS", "0"),
        ("SHOP_GREETING", "hi"),
        ("SHOP_DB__POOL_SIZE", "8"),
        ("SHOP_CURRENCY", "SWISS_FRANC"),
        ("SHOP_PEERS", "127.0.0.1, ::1"),
    ]);
    let args = [
        "app",
        "--greeting",
        "hello",
        "--verbose",
        "--db-bind=127.0.0.1:5432",
    ];
    let Action::Run(loaded) = loader.load_with_args(args).unwrap() else {
        panic!("ran")
    };
    assert!(loaded.warnings().is_empty(), "{:?}", loaded.warnings());
    let shop: Shop = loaded.settings().unwrap();
    assert_eq!(shop.server.addr, ":9000");
    assert_eq!(shop.server.read_timeout, Duration::from_secs(30));
    assert_eq!(shop.server.max_http_conns, Limit::Unlimited);
    assert_eq!(shop.greeting, "hello");
    assert!(shop.verbose);
    assert!(shop.db.url.matches("postgres://"));
    assert_eq!(shop.db.pool_size, 8);
    assert_eq!(shop.db.idle_timeout, Duration::from_secs(90));
    assert_eq!(shop.db.bind, Some("127.0.0.1:5432".parse().unwrap()));
    assert_eq!(shop.currency, Some(Currency::SwissFranc));
    let labels = [("app.kind/x", "shop"), ("fooBar", "kept")];
    assert_eq!(
        shop.labels,
        labels.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    );
    assert_eq!(
        shop.peers,
        [
            "127.0.0.1".parse::<IpAddr>().unwrap(),
            "::1".parse().unwrap()
        ]
    );
    assert_eq!(
        loaded.origin("db.pool_size").unwrap().to_string(),
        "environment variable SHOP_DB__POOL_SIZE"
    );
}

#[test]
fn one_underscore_is_enough_when_no_other_field_is_meant() {
    let with = |name: &str, value: &str| {
        let pair = [(name.to_owned(), value.to_owned())];
        let required = REQUIRED.map(|(a, b)| (a.to_owned(), b.to_owned()));
        let loaded = shop()
            .environment(required.into_iter().chain(pair))
            .load()
            .unwrap();
        assert!(loaded.warnings().is_empty(), "{:?}", loaded.warnings());
        loaded.settings::<Shop>().unwrap().db
    };
    assert_eq!(with("SHOP_DB_POOL_SIZE", "3").pool_size, 3);
    assert_eq!(
        with("SHOP_DB_IDLE_TIMEOUT_MS", "250").idle_timeout,
        Duration::from_millis(250)
    );
    assert_eq!(
        with("SHOP_DB__IDLE_TIMEOUT", "2s").idle_timeout,
        Duration::from_secs(2)
    );
}

#[test]
fn a_variable_that_could_mean_two_fields_is_refused() {
    #[derive(Debug, Deserialize)]
    struct Twins {
        db: Pool,
        db_pool: Size,
    }
    #[derive(Debug, Deserialize)]
    struct Pool {
        #[serde(default)]
        pool_size: u8,
    }
    #[derive(Debug, Deserialize)]
    struct Size {
        #[serde(default)]
        size: u8,
    }
    let loader = Loader::new(&[]).settings::<Twins>();
    let told = problems(&loader.clone().environment([("APP_DB_POOL_SIZE", "1")]));
    assert_eq!(
        told,
        [
            "`APP_DB_POOL_SIZE` (environment variable APP_DB_POOL_SIZE): \
          expected a name that means \
          one of `db.pool_size` and `db_pool.size`; hint: put two underscores where the dot is"
        ]
    );
    let exact = loader.environment([("APP_DB__POOL_SIZE", "1"), ("APP_DB_POOL__SIZE", "2")]);
    let twins: Twins = exact.load().unwrap().settings().unwrap();
    assert_eq!((twins.db.pool_size, twins.db_pool.size), (1, 2));
}

#[test]
fn a_variable_of_a_room_stays_with_the_room() {
    #[derive(Debug, Deserialize)]
    struct Mine {
        #[serde(default)]
        addr: String,
    }
    let loader = Loader::new(KEYS)
        .settings::<Mine>()
        .environment([("APP_ADDR", ":1")]);
    let shared = loader.load().unwrap();
    assert_eq!(shared.settings::<Mine>().unwrap().addr, "");
    assert_eq!(shared.section::<String>("server.addr").unwrap(), ":1");
    assert_eq!(
        shared.warnings(),
        [
            "environment variable APP_ADDR sets `server.addr`, not `addr`; \
          hint: choose another prefix for your own variables"
        ]
    );
    let own = Loader::new(KEYS)
        .settings::<Mine>()
        .user_prefix("MY_")
        .environment([("MY_ADDR", "x")]);
    assert_eq!(own.load().unwrap().settings::<Mine>().unwrap().addr, "x");
}

#[test]
fn every_missing_field_is_listed_with_how_to_set_it() {
    assert_eq!(
        problems(&shop()),
        [
            "`greeting`: expected a value; it has no default; hint: set `greeting` in the settings \
             file or the variable SHOP_GREETING or the flag --greeting",
            "`db.url`: expected a value; it has no default; hint: set `db.url` in the settings \
             file or the variable SHOP_DB__URL or the flag --db-url",
        ]
    );
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only parsed")]
struct Strict {
    port: NonZeroU16,
    bind: SocketAddr,
    name: String,
    ratio: f64,
    level: Currency,
    peers: Vec<IpAddr>,
    missing: IpAddr,
    also_missing: SocketAddr,
    timeout: Duration,
}

#[test]
fn every_field_that_does_not_fit_is_listed_beside_those_of_the_rooms() {
    let text = "port = 0\nbind = 'nowhere'\nname = 5\nratio = 'x'\nlevel = 'dollar'\n\
                peers = ['::1', 'x', 'y']\ntimeout = 'x'\nserver.debug = 'x'\nunknown = 1\n";
    let files = directory(&[("plumego.toml", text)]);
    let loader = Loader::new(KEYS)
        .settings::<Strict>()
        .directory(files.path());
    let errors = loader.load().unwrap_err();
    let mut keys: Vec<&str> = errors
        .into_iter()
        .map(plumego_config::ConfigError::key)
        .collect();
    keys.sort_unstable();
    let expected = [
        "also_missing",
        "bind",
        "level",
        "missing",
        "name",
        "peers[1]",
        "peers[2]",
        "port",
        "ratio",
        "server.debug",
        "timeout",
        "unknown",
    ];
    assert_eq!(keys, expected);
    let of = |key: &str| {
        errors
            .into_iter()
            .find(|p| p.key() == key)
            .unwrap()
            .to_string()
    };
    assert_eq!(
        of("bind"),
        "`bind` (plumego.toml line 2 column 1): expected a valid value: \
         invalid socket address syntax, got \"nowhere\""
    );
    assert_eq!(
        of("level"),
        "`level` (plumego.toml line 5 column 1): expected one of euro, swiss-franc, got \"dollar\""
    );
    assert_eq!(
        of("name"),
        "`name` (plumego.toml line 3 column 1): expected a string, found a number, got \"5\""
    );
    assert!(
        of("port").contains("expected a nonzero u16, got \"0\""),
        "{}",
        of("port")
    );
    assert!(
        of("peers[1]").contains("(plumego.toml line 6 column 17)"),
        "{}",
        of("peers[1]")
    );
    assert!(
        of("timeout").contains("expected a duration"),
        "{}",
        of("timeout")
    );
}

#[test]
fn malformed_values_of_the_environment_name_their_variable() {
    let loader = shop().environment(REQUIRED.into_iter().chain([("SHOP_DB_POOL_SIZE", "70000")]));
    assert_eq!(
        problems(&loader),
        ["`db.pool_size` (environment variable SHOP_DB_POOL_SIZE): \
          expected a whole number from 0 to 65535, got \"70000\""]
    );
}

#[test]
fn keys_inside_lists_are_known_too() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Proxy {
        targets: Vec<Target>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Target {
        host: String,
        port: u16,
    }
    let text = "[[targets]]\nhost = 'a'\nprot = 1\n[[targets]]\nhost = 1\nport = 2\n";
    let files = directory(&[("plumego.toml", text)]);
    let told = problems(&Loader::new(&[]).settings::<Proxy>().directory(files.path()));
    assert_eq!(
        told,
        [
            "`targets[0].prot` (plumego.toml line 3 column 1): expected a known key; \
             hint: did you mean `port`?",
            "`targets[0].port`: expected a value; it has no default",
            "`targets[1].host` (plumego.toml line 5 column 1): expected a string, found a number, \
             got \"1\"",
        ]
    );
}

#[test]
fn without_types_of_their_own_top_level_keys_are_unknown() {
    let files = directory(&[("plumego.toml", "greeting = 'hi'")]);
    let told = problems(&Loader::new(KEYS).directory(files.path()));
    assert!(told[0].starts_with("`greeting` (plumego.toml line 1 column 1): expected a known key"));
}

#[test]
fn a_section_of_ones_own_and_enums_with_content() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Store {
        Memory,
        File { path: String, size: u32 },
        Pair(u8, u8),
    }
    #[derive(Debug, Deserialize)]
    struct Cache {
        store: Store,
    }
    let read = |text: &str| {
        let files = directory(&[("plumego.toml", text)]);
        let loader = Loader::new(&[])
            .section::<Cache>("shop.cache")
            .directory(files.path());
        loader
            .load()
            .map(|loaded| loaded.section::<Cache>("shop.cache").unwrap().store)
    };
    assert_eq!(read("shop.cache.store = 'Memory'").unwrap(), Store::Memory);
    let file = Store::File {
        path: "/x".to_owned(),
        size: 3,
    };
    assert_eq!(
        read("shop.cache.store.file = { path = '/x', size = 3 }").unwrap(),
        file
    );
    assert_eq!(
        read("shop.cache.store.pair = [1, 2]").unwrap(),
        Store::Pair(1, 2)
    );
    let told = read("shop.cache.store.file = { pth = '/x', size = -1 }").unwrap_err();
    let keys: Vec<&str> = told
        .into_iter()
        .map(plumego_config::ConfigError::key)
        .collect();
    assert_eq!(
        keys,
        [
            "shop.cache.store.file.pth",
            "shop.cache.store.file.size",
            "shop.cache.store.file.path"
        ]
    );
    assert!(
        read("shop.cache.store = 'file'")
            .unwrap_err()
            .to_string()
            .contains("a table { file")
    );
    assert!(read("shop.cache.store.memory = 1").is_err());
}

#[test]
fn types_that_contain_themselves_end() {
    #[derive(Debug, Deserialize)]
    struct Tree {
        #[serde(default)]
        name: String,
        left: Option<Box<Tree>>,
        right: Option<Box<Tree>>,
    }
    let files = directory(&[("plumego.toml", "left.right.left.name = 'deep'")]);
    let loader = Loader::new(&[]).settings::<Tree>().directory(files.path());
    let tree: Tree = loader.load().unwrap().settings().unwrap();
    let deep = tree.left.unwrap().right.unwrap().left.unwrap();
    assert_eq!((deep.name.as_str(), deep.left.is_none()), ("deep", true));
    assert!(tree.right.is_none());
}

#[test]
fn a_type_that_checks_itself_is_heard() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Raw")]
    struct Range;
    #[derive(Deserialize)]
    struct Raw {
        min: u8,
        max: u8,
    }
    impl TryFrom<Raw> for Range {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, &'static str> {
            if raw.min <= raw.max {
                Ok(Self)
            } else {
                Err("min at most max")
            }
        }
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Mine {
        range: Range,
        other: u8,
    }
    let loader = Loader::new(&[]).settings::<Mine>().environment([
        ("APP_RANGE__MIN", "5"),
        ("APP_RANGE__MAX", "4"),
        ("APP_OTHER", "x"),
    ]);
    let told = problems(&loader);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "`range`: expected a valid value: min at most max");
    assert!(told[1].starts_with("`other` (environment variable APP_OTHER)"));
}

#[test]
fn flattened_maps_take_every_key() {
    #[derive(Debug, Deserialize)]
    struct Open {
        name: String,
        #[serde(flatten)]
        rest: BTreeMap<String, u32>,
    }
    #[derive(Debug, Deserialize)]
    struct Outer {
        open: Open,
    }
    let files = directory(&[("plumego.toml", "[open]\nname = 'x'\na = 1\nb = 2\n")]);
    let loader = Loader::new(&[]).settings::<Outer>().directory(files.path());
    let outer: Outer = loader.load().unwrap().settings().unwrap();
    assert_eq!(outer.open.name, "x");
    assert_eq!(
        outer.open.rest,
        [("a".to_owned(), 1), ("b".to_owned(), 2)].into()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever a file holds under the fields of a type, it is read or refused.
    #[test]
    fn reading_a_type_never_panics(lines in prop::collection::vec(assignment(), 0..8)) {
        let files = directory(&[("plumego.toml", &lines.join("\n"))]);
        let loader = shop().directory(files.path()).environment(REQUIRED);
        match loader.load() {
            Ok(loaded) => prop_assert!(loaded.settings::<Shop>().is_ok()),
            Err(errors) => prop_assert!(!errors.problems().is_empty()),
        }
    }
}

fn assignment() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("greeting"),
        Just("verbose"),
        Just("db"),
        Just("db.poolSize"),
        Just("db.idle_timeout"),
        Just("db.bind"),
        Just("currency"),
        Just("labels"),
        Just("labels.a"),
        Just("peers"),
        Just("server.addr"),
        Just("server"),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("-1"),
        Just("1.5"),
        Just("true"),
        Just("''"),
        Just("'5s'"),
        Just("'euro'"),
        Just("'::1'"),
        Just("[]"),
        Just("['::1', 2]"),
        Just("{}"),
        Just("{ a = 'b' }"),
        Just("{ euro = {} }"),
        Just("[{ a = 1 }]"),
        Just("1979-05-27"),
    ];
    (key, value).prop_map(|(key, value)| format!("{key} = {value}"))
}
