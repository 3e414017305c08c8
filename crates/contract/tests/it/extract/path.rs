//! `Path`: what it takes, what it refuses, and what is found at build time.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;

use plumego_contract::extract::{FromParts, Needs, Path};
use plumego_contract::{Error, Params};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::{Ask, told};

fn read<T: DeserializeOwned>(given: &[(&str, &str)]) -> Result<T, Error> {
    let names: Vec<String> = given.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut params = Params::new();
    for (_, value) in given {
        params.push(value);
    }
    Path::from_params(&names, &params).map(|Path(value)| value)
}

fn check<T: DeserializeOwned + PartialEq + fmt::Debug>(given: &[(&str, &str)], expected: T) {
    assert_eq!(read::<T>(given).unwrap(), expected, "{given:?}");
}

fn refused<T: DeserializeOwned + fmt::Debug>(given: &[(&str, &str)], detail: &str) {
    let error = read::<T>(given).unwrap_err();
    assert_eq!(error.status(), 400, "{given:?}");
    assert_eq!(error.code(), "invalid_path_parameter", "{given:?}");
    assert_eq!(error.detail(), Some(detail), "{given:?}");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

#[derive(Debug, PartialEq, Deserialize)]
struct UserId(u64);

#[derive(Debug, PartialEq, Deserialize)]
struct Post {
    user: UserId,
    #[serde(rename = "post")]
    title: String,
    page: Option<u32>,
    #[serde(default)]
    color: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair(u8, String);

#[test]
fn every_shape_of_value_is_taken() {
    check(
        &[("id", "-170141183460469231731687303715884105728")],
        i128::MIN,
    );
    check(
        &[("id", "340282366920938463463374607431768211455")],
        u128::MAX,
    );
    check(&[("id", "7")], 7_u8);
    check(&[("x", "1.5")], 1.5_f64);
    check(&[("ok", "true")], true);
    check(&[("c", "é")], 'é');
    check(&[("s", "a/b c")], "a/b c".to_owned());
    check(&[("c", "green")], Color::Green);
    check(&[("id", "7")], UserId(7));
    check(&[("id", "7")], Some(UserId(7)));
    check(&[("ip", "::1")], IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]));
    check(&[("a", "1"), ("b", "x")], (1_u64, "x".to_owned()));
    check(&[("a", "1"), ("b", "x")], Pair(1, "x".to_owned()));
    check(&[], ());
    check(&[("a", "1"), ("b", "2")], vec![1_u8, 2]);
    check(
        &[("a", "1"), ("b", "2")],
        vec![("a".to_owned(), 1_u8), ("b".to_owned(), 2)],
    );
    check(
        &[("a", "1"), ("b", "2")],
        BTreeMap::from([("a".to_owned(), 1_i16), ("b".to_owned(), 2)]),
    );
}

#[test]
fn a_struct_takes_the_parameters_it_names_and_ignores_the_others() {
    let expected = Post {
        user: UserId(7),
        title: "t".to_owned(),
        page: None,
        color: Vec::new(),
    };
    check(&[("post", "t"), ("other", "x"), ("user", "7")], expected);
}

#[test]
fn what_does_not_fit_is_named_and_never_shown() {
    refused::<u8>(
        &[("id", "256")],
        "The path parameter `id` must be a whole number from 0 to 255.",
    );
    refused::<bool>(
        &[("on", "yes")],
        "The path parameter `on` must be `true` or `false`.",
    );
    refused::<char>(
        &[("c", "")],
        "The path parameter `c` must be one character.",
    );
    refused::<f32>(&[("x", "many")], "The path parameter `x` must be a number.");
    refused::<Color>(
        &[("color", "secret")],
        "The path parameter `color` must be one of `red`, `green`.",
    );
    refused::<Post>(
        &[("user", "x"), ("post", "t")],
        "The path parameter `user` must be a whole number from 0 to 18446744073709551615.",
    );
    refused::<(u8, u8)>(
        &[("a", "1"), ("b", "x")],
        "The path parameter `b` must be a whole number from 0 to 255.",
    );
    refused::<IpAddr>(
        &[("ip", "x")],
        "The path parameter `ip` is not valid: invalid IP address syntax.",
    );
}

#[test]
fn an_enum_with_values_is_a_client_error_and_no_panic() {
    #[derive(Debug, Deserialize)]
    enum Deep {
        #[expect(dead_code, reason = "only its shape matters")]
        Tuple(u8),
        #[expect(dead_code, reason = "only its shape matters")]
        Struct { a: u8 },
    }
    assert_eq!(
        told(read::<Deep>(&[("d", "Tuple")])),
        (400, "invalid_path_parameter")
    );
    assert_eq!(
        told(read::<Deep>(&[("d", "Struct")])),
        (400, "invalid_path_parameter")
    );
}

#[test]
fn a_long_complaint_of_a_type_is_cut() {
    #[derive(Debug)]
    struct Echo;
    impl<'de> Deserialize<'de> for Echo {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(serde::de::Error::custom(text))
        }
    }
    let error = read::<Echo>(&[("e", &"x".repeat(100_000))]).unwrap_err();
    assert!(error.detail().unwrap().len() < 300);
}

#[tokio::test]
async fn the_extractor_reads_the_parameters_of_its_route() {
    let ask = || {
        Ask::get("/users/7/posts/a")
            .param("user", "7")
            .param("post", "a")
    };
    let Path((user, post)) = ask().take::<Path<(u64, String)>, _>().await.unwrap();
    assert_eq!((user, post.as_str()), (7, "a"));
    let map = ask()
        .take::<Path<HashMap<String, String>>, _>()
        .await
        .unwrap()
        .0;
    assert_eq!(map["post"], "a");
    let result = ask().take::<Result<Path<u8>, Error>, _>().await.unwrap();
    assert_eq!(told(result), (400, "invalid_path_parameter"));
}

/// What the router finds when it is frozen.
fn fits<T: DeserializeOwned + Send>(names: &[&str]) -> Result<(), String> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut needs = Needs::new();
    <Path<T> as FromParts>::needs(&mut needs);
    let need = needs.paths().first().unwrap();
    (need.check)(&names)
}

fn fits_not<T: DeserializeOwned + Send>(names: &[&str], message: &str) {
    assert_eq!(fits::<T>(names), Err(message.to_owned()));
}

/// A type that takes no plausible text.
#[derive(Debug)]
struct Picky;

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "sesame" => Ok(Self),
            _ => Err(serde::de::Error::custom("say the word")),
        }
    }
}

#[test]
fn what_fits_the_pattern_is_let_through() {
    for names in [&["user", "post"][..], &["post", "extra", "user"]] {
        assert_eq!(fits::<Post>(names), Ok(()));
    }
    assert_eq!(fits::<(u64, Color)>(&["a", "b"]), Ok(()));
    assert_eq!(fits::<IpAddr>(&["ip"]), Ok(()));
    assert_eq!(fits::<std::num::NonZeroI8>(&["n"]), Ok(()));
    assert_eq!(fits::<Option<UserId>>(&["id"]), Ok(()));
    assert_eq!(fits::<()>(&[]), Ok(()));
    assert_eq!(fits::<HashMap<String, String>>(&["a", "b", "c"]), Ok(()));
    assert_eq!(fits::<Vec<(String, String)>>(&["a", "b", "c"]), Ok(()));
    assert_eq!(fits::<Vec<String>>(&[]), Ok(()));
    assert_eq!(fits::<Picky>(&["word"]), Ok(()));
    assert_eq!(fits::<(Picky, u8)>(&["word", "n"]), Ok(()));
}

#[test]
fn a_wrong_number_of_parts_is_found_at_build_time() {
    fits_not::<(u64, String)>(
        &["id"],
        "handler takes Path<(u64, String)> with 2 parts but the pattern has 1 parameter: id",
    );
    fits_not::<u64>(
        &["id", "post"],
        "handler takes Path<u64> with 1 part but the pattern has 2 parameters: id, post",
    );
    fits_not::<Color>(
        &[],
        "handler takes Path<Color> with 1 part but the pattern has no parameters",
    );
    fits_not::<Pair>(
        &["a", "b", "c"],
        "handler takes Path<Pair> with 2 parts but the pattern has 3 parameters: a, b, c",
    );
}

#[test]
fn missing_fields_are_found_at_build_time_all_at_once() {
    fits_not::<Post>(
        &["id"],
        "handler takes Path<Post> with the fields `user`, `post` \
         but the pattern has 1 parameter: id",
    );
    fits_not::<Post>(
        &["user"],
        "handler takes Path<Post> with the field `post` but the pattern has 1 parameter: user",
    );
}

#[test]
fn values_of_a_kind_of_their_own_are_found_out_by_trying() {
    #[derive(Deserialize)]
    struct ByAddress {
        #[expect(dead_code, reason = "only its shape matters")]
        ip: IpAddr,
        #[expect(dead_code, reason = "only its shape matters")]
        port: Option<u16>,
    }
    assert_eq!(fits::<ByAddress>(&["ip"]), Ok(()));
    assert!(
        fits::<ByAddress>(&["port"])
            .unwrap_err()
            .contains("the field `ip`")
    );
}

#[test]
fn where_trying_does_not_help_every_field_must_be_in_the_pattern() {
    #[derive(Deserialize)]
    struct Strict {
        #[expect(dead_code, reason = "only its shape matters")]
        word: Picky,
        #[expect(dead_code, reason = "only its shape matters")]
        lang: String,
    }
    assert_eq!(fits::<Strict>(&["word", "lang"]), Ok(()));
    fits_not::<Strict>(
        &["word"],
        "handler takes Path<Strict> with the field `lang` but the pattern has 1 parameter: word",
    );
}

#[test]
fn a_parameter_that_the_type_denies_is_found_at_build_time() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        #[expect(dead_code, reason = "only its shape matters")]
        id: u64,
    }
    assert_eq!(fits::<Closed>(&["id"]), Ok(()));
    let message = fits::<Closed>(&["id", "post"]).unwrap_err();
    assert!(message.contains("denies the parameter `post`"), "{message}");
}

#[test]
fn a_flattened_struct_is_looked_into() {
    #[derive(Deserialize)]
    struct Flat {
        #[expect(dead_code, reason = "only its shape matters")]
        id: u64,
        #[expect(dead_code, reason = "only its shape matters")]
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Deserialize)]
    struct Rest {
        #[expect(dead_code, reason = "only its shape matters")]
        post: String,
    }
    assert_eq!(fits::<Flat>(&["id", "post"]), Ok(()));
    assert!(
        fits::<Flat>(&["id"])
            .unwrap_err()
            .contains("the field `post`")
    );
}

#[test]
fn values_inside_of_values_are_found_at_build_time() {
    #[derive(Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its shape matters")]
        inner: Post,
    }
    let message = fits::<Outer>(&["inner"]).unwrap_err();
    assert!(message.contains("nests values"), "{message}");
}

proptest! {
    #[test]
    fn no_value_panics_or_is_the_servers_fault(value in "\\PC{0,20}") {
        let given = [("p", value.as_str())];
        for status in [
            told(read::<i64>(&given)).0,
            told(read::<char>(&given)).0,
            told(read::<Color>(&given)).0,
            told(read::<IpAddr>(&given)).0,
            told(read::<Post>(&given)).0,
            told(read::<(u8, u8)>(&given)).0,
        ] {
            prop_assert!(status == 200 || status == 400);
        }
        prop_assert_eq!(read::<String>(&given).unwrap(), value);
    }
}
