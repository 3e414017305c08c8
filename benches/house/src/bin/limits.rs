//! `cargo xtask bench limit`: what it takes to hold a client to its quota, beside governor.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Instant;

use governor::RateLimiter;
use plumego::Error;
use plumego::security::limit::{KeyedLimiter, Quota};

/// Rounds, in turn, of which the middle and the best are told.
const ROUNDS: usize = 9;
/// Checks in a round, about.
const CHECKS: usize = 500_000;
/// Requests a second and at once: nobody is refused.
const RATE: u32 = 1_000_000;

type Theirs = governor::DefaultKeyedRateLimiter<IpAddr>;

fn main() -> Result<(), Error> {
    for keys in [1, 1_000, 100_000] {
        let (ours, theirs) = limiters(100_000)?;
        compare(&format!("{keys} clients"), &clients(keys), &ours, &theirs);
    }
    // Many more than there is room for, so that newcomers look for a place in vain.
    let (ours, theirs) = limiters(1_000)?;
    let crowd = clients(10_000);
    compare("at its bound of clients", &crowd, &ours, &theirs);
    println!(
        "memory at the bound: {} KiB, at most {} KiB; governor keeps {} clients",
        ours.memory_bytes() / 1024,
        ours.max_memory_bytes() / 1024,
        theirs.len()
    );
    Ok(())
}

fn limiters(max_keys: usize) -> Result<(KeyedLimiter, Theirs), Error> {
    let rate = NonZeroU32::new(RATE).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::per_second(RATE.into(), RATE.into()).map_err(Error::internal)?;
    let ours = KeyedLimiter::new(quota, max_keys).map_err(Error::internal)?;
    let theirs = RateLimiter::keyed(governor::Quota::per_second(rate));
    Ok((ours, theirs))
}

/// Addresses in an order that a processor cannot guess.
fn clients(count: u32) -> Vec<IpAddr> {
    let address = |at: u32| Ipv4Addr::from_bits(at.wrapping_mul(2_654_435_761)).into();
    (0..count).map(address).collect()
}

/// Both read a clock for each check, as a layer does.
fn compare(what: &str, clients: &[IpAddr], ours: &KeyedLimiter, theirs: &Theirs) {
    let begin = Instant::now();
    let now = || u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let [mine, other] = &mut rounds;
        mine.push(nanos(clients, |client| ours.check(client, now()).allowed));
        other.push(nanos(clients, |client| theirs.check_key(client).is_ok()));
    }
    let [mine, other] = rounds.map(middle);
    println!("{what:<24} Plumego {mine:>7.1} ns   governor {other:>7.1} ns");
}

/// Nanoseconds for a check.
fn nanos(clients: &[IpAddr], check: impl Fn(&IpAddr) -> bool) -> f64 {
    let turns = CHECKS.div_ceil(clients.len());
    let begin = Instant::now();
    for _ in 0..turns {
        for client in clients {
            black_box(check(black_box(client)));
        }
    }
    let checks = u32::try_from(turns * clients.len()).unwrap_or(u32::MAX);
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(checks)
}

fn middle(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
}
