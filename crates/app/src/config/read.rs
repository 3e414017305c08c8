//! Reading values that are more than one word.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use plumego_contract::TrustedProxies;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::server::UNIX;

const MAX_ADDRS: usize = 64;
const MAX_NETWORKS: usize = 1024;

pub(super) fn addrs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let addrs = Vec::<String>::deserialize(deserializer)?;
    check_addrs(&addrs).map_err(D::Error::custom)?;
    Ok(addrs)
}

pub(super) fn proxies<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TrustedProxies, D::Error> {
    let members = Vec::<String>::deserialize(deserializer)?;
    check_networks(members.len()).map_err(D::Error::custom)?;
    members.join(",").parse().map_err(D::Error::custom)
}

/// `0660` or `660`, as `chmod` takes it.
pub(super) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let mode = u32::from_str_radix(&text, 8).ok();
    mode.filter(|mode| is_octal && *mode <= 0o777)
        .ok_or_else(|| D::Error::custom("an octal mode such as `0660`"))
}

pub(super) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// A path; an empty one is none.
pub(super) fn path<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let path = Option::<PathBuf>::deserialize(deserializer)?;
    Ok(path.filter(|path| !path.as_os_str().is_empty()))
}

/// A text; an empty one is none.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Whether each is a host and a port. Whether it can be bound is seen when it is.
pub(crate) fn check_addrs(addrs: &[String]) -> Result<(), String> {
    if addrs.is_empty() || addrs.len() > MAX_ADDRS {
        return Err(format!("1 to {MAX_ADDRS} addresses such as `:8080`"));
    }
    match addrs.iter().find(|addr| !is_addr(addr)) {
        Some(wrong) => Err(format!(
            "an address such as `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` or \
             `unix:/run/app.sock`, not {wrong:?}"
        )),
        None => Ok(()),
    }
}

pub(super) fn check_networks(count: usize) -> Result<(), String> {
    if count > MAX_NETWORKS {
        return Err(format!("at most {MAX_NETWORKS} networks"));
    }
    Ok(())
}

fn is_addr(addr: &str) -> bool {
    if let Some(name) = addr.strip_prefix(UNIX) {
        let name = name.strip_prefix('@').unwrap_or(name);
        return cfg!(unix) && !name.is_empty() && !name.contains('\0');
    }
    let Some((host, port)) = addr.rsplit_once(':') else {
        return false;
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || port.parse::<u16>().is_err() {
        return false;
    }
    match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
        Some(inner) => inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    }
}
