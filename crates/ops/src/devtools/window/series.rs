//! Values of one route over a window that slides in steps.

use std::time::Duration;

use plumego_observe::record::RequestRecord;
use serde::Serialize;

/// One step of the window.
pub(super) const SLOT: Duration = Duration::from_secs(30);
/// The steps in the window.
pub(super) const SLOTS: u8 = 10;

/// Buckets in an octave.
const PER_OCTAVE: u64 = 8;
/// Values below 8 have a bucket each; then eight for each of 61 octaves.
const BUCKETS: usize = 8 + 61 * 8;

/// The slots of a route, each made when it is needed.
#[derive(Debug, Default)]
pub(super) struct Series {
    slots: [Option<Box<Slot>>; SLOTS as usize],
}

#[derive(Debug)]
struct Slot {
    number: u64,
    errors: u64,
    /// By the hundred.
    status: [u64; 5],
    micros: Histogram,
    bytes: Histogram,
}

/// Log-linear: a bucket is an eighth of its octave wide.
#[derive(Debug, Clone)]
struct Histogram {
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
    buckets: Vec<u32>,
}

/// The values of the window.
#[derive(Serialize)]
pub(super) struct Snapshot {
    pub(super) count: u64,
    error_count: u64,
    status: Statuses,
    duration_ms: Stats,
    bytes: Stats,
}

#[derive(Serialize)]
struct Statuses {
    #[serde(rename = "1xx")]
    informational: u64,
    #[serde(rename = "2xx")]
    success: u64,
    #[serde(rename = "3xx")]
    redirection: u64,
    #[serde(rename = "4xx")]
    client_error: u64,
    #[serde(rename = "5xx")]
    server_error: u64,
}

#[derive(Serialize)]
struct Stats {
    count: u64,
    sum: f64,
    mean: f64,
    min: f64,
    max: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Series {
    pub(super) fn add(&mut self, number: u64, record: &RequestRecord<'_>) {
        let place = usize::try_from(number % u64::from(SLOTS)).unwrap_or(0);
        let Some(place) = self.slots.get_mut(place) else {
            return;
        };
        let slot = place.get_or_insert_with(|| Box::new(Slot::new(number)));
        if slot.number != number {
            **slot = Slot::new(number);
        }
        slot.add(record);
    }

    /// Whether anything of it is in the window.
    pub(super) fn is_live(&self, now: u64) -> bool {
        let mut slots = self.slots.iter().flatten();
        slots.any(|slot| now.saturating_sub(slot.number) < u64::from(SLOTS))
    }

    pub(super) fn snapshot(&self, now: u64) -> Snapshot {
        let mut all = Slot::new(now);
        for slot in self.slots.iter().flatten() {
            if slot.number + u64::from(SLOTS) > now {
                all.merge(slot);
            }
        }
        let [
            informational,
            success,
            redirection,
            client_error,
            server_error,
        ] = all.status;
        Snapshot {
            count: all.micros.count,
            error_count: all.errors,
            status: Statuses {
                informational,
                success,
                redirection,
                client_error,
                server_error,
            },
            duration_ms: all.micros.stats(0.001),
            bytes: all.bytes.stats(1.0),
        }
    }
}

impl Slot {
    fn new(number: u64) -> Self {
        Self {
            number,
            errors: 0,
            status: [0; 5],
            micros: Histogram::new(),
            bytes: Histogram::new(),
        }
    }

    fn add(&mut self, record: &RequestRecord<'_>) {
        self.errors += u64::from(record.status >= 400);
        let class = usize::from(record.status / 100).wrapping_sub(1);
        if let Some(count) = self.status.get_mut(class) {
            *count += 1;
        }
        let micros = record.duration.as_micros();
        self.micros.add(u64::try_from(micros).unwrap_or(u64::MAX));
        self.bytes.add(record.response_bytes);
    }

    fn merge(&mut self, other: &Self) {
        self.errors += other.errors;
        for (count, more) in self.status.iter_mut().zip(other.status) {
            *count += more;
        }
        self.micros.merge(&other.micros);
        self.bytes.merge(&other.bytes);
    }
}

impl Histogram {
    const fn new() -> Self {
        Self {
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
            buckets: Vec::new(),
        }
    }

    fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let place = bucket(value);
        if self.buckets.len() <= place {
            self.buckets.resize(place + 1, 0);
        }
        if let Some(count) = self.buckets.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (count, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *count = count.saturating_add(*more);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn stats(&self, unit: f64) -> Stats {
        let count = self.count.max(1) as f64;
        let sum = self.sum as f64 * unit;
        let min = if self.count == 0 { 0 } else { self.min };
        Stats {
            count: self.count,
            sum: rounded(sum),
            mean: rounded(sum / count),
            min: rounded(min as f64 * unit),
            max: rounded(self.max as f64 * unit),
            p50: rounded(self.percentile(50) * unit),
            p95: rounded(self.percentile(95) * unit),
            p99: rounded(self.percentile(99) * unit),
        }
    }

    /// The value of nearest rank: so many of a hundred values are not above it.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn percentile(&self, hundredths: u64) -> f64 {
        let rank = (self.count * hundredths).div_ceil(100).max(1);
        let mut seen = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return middle(place).clamp(self.min as f64, self.max as f64);
            }
        }
        0.0
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> usize {
    let place = if value < PER_OCTAVE {
        value
    } else {
        let octave = u64::from(value.ilog2()) - 3;
        PER_OCTAVE + octave * PER_OCTAVE + ((value >> octave) - PER_OCTAVE)
    };
    usize::try_from(place).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The middle of a bucket.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn middle(place: usize) -> f64 {
    let place = place as u64;
    if place < PER_OCTAVE {
        return place as f64;
    }
    let octave = (place - PER_OCTAVE) / PER_OCTAVE;
    let low = (PER_OCTAVE + (place - PER_OCTAVE) % PER_OCTAVE) << octave;
    let width = 1_u64 << octave;
    low as f64 + (width - 1) as f64 / 2.0
}

/// Three places behind the point are plenty.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a test")]
    fn a_bucket_is_near_its_values_and_buckets_rise() {
        let mut last = 0;
        for value in 0..5000 {
            let place = bucket(value);
            assert!(place == last || place == last + 1 || value == 0, "{value}");
            last = place;
        }
        let around = |bits: u32| {
            let power = 1_u64 << bits;
            [power - 1, power, power + 1, power + power / 3]
        };
        for value in (0..5000).chain((3..63).flat_map(around)) {
            let middle = middle(bucket(value));
            let off = (middle - value as f64).abs();
            assert!(off <= value as f64 / 16.0, "{value}: {middle}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
