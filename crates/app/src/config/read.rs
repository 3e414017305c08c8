//! Reading values that are more than one word.

use std::fmt::Display;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

const MAX_ADDRS: usize = 64;
const MAX_NETWORKS: usize = 1024;

pub(super) fn addrs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let addrs = Vec::<String>::deserialize(deserializer)?;
    check_addrs(&addrs).map_err(D::Error::custom)?;
    Ok(addrs)
}

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let networks = Vec::<String>::deserialize(deserializer)?;
    check_networks(networks.len()).map_err(D::Error::custom)?;
    let networks = networks.iter().map(|text| network(text.trim()));
    networks.collect::<Result<_, _>>().map_err(D::Error::custom)
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

/// Whether each is a host and a port. Whether it can be bound is seen when it is.
pub(crate) fn check_addrs(addrs: &[String]) -> Result<(), String> {
    if addrs.is_empty() || addrs.len() > MAX_ADDRS {
        return Err(format!("1 to {MAX_ADDRS} addresses such as `:8080`"));
    }
    match addrs.iter().find(|addr| !is_addr(addr)) {
        Some(wrong) => Err(format!(
            "an address such as `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `:8080`, \
             not {wrong:?}"
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

/// `10.0.0.0/8`, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("a network such as `10.0.0.0/8` or an address, not {text:?}"))
}
