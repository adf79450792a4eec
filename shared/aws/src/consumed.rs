//! What the store has cost so far.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Capacity and requests since the store was made. Repeats that the SDK makes by itself are not counted as requests. A write whose
/// condition fails consumes capacity that `DynamoDB` does not report: `lost` counts those requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Read units, doubled: half units are the smallest amount.
    pub read_units_x2: u64,
    /// Write units, doubled.
    pub write_units_x2: u64,
    /// `BatchGetItem` requests.
    pub batch_gets: u64,
    /// `Query` requests.
    pub queries: u64,
    /// `Scan` requests.
    pub scans: u64,
    /// `PutItem` and `DeleteItem` requests.
    pub single_writes: u64,
    /// `TransactWriteItems` requests.
    pub transactions: u64,
    /// `BatchWriteItem` requests.
    pub batch_writes: u64,
    /// Requests, counted above as well, that failed on a condition.
    pub lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    read_units_x2: AtomicU64,
    write_units_x2: AtomicU64,
    pub(crate) batch_gets: AtomicU64,
    pub(crate) queries: AtomicU64,
    pub(crate) scans: AtomicU64,
    pub(crate) single_writes: AtomicU64,
    pub(crate) transactions: AtomicU64,
    pub(crate) batch_writes: AtomicU64,
    pub(crate) lost: AtomicU64,
}

impl Counters {
    pub(crate) fn read<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for part in capacity {
            self.read_units_x2.fetch_add(units_x2(part.capacity_units()), Ordering::Relaxed);
        }
    }

    pub(crate) fn written<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for part in capacity {
            match part.read_capacity_units() {
                // A transaction may report both kinds; the total is then their sum.
                Some(read) if part.write_capacity_units().is_some() => {
                    self.read_units_x2.fetch_add(units_x2(Some(read)), Ordering::Relaxed);
                    self.write_units_x2.fetch_add(units_x2(part.write_capacity_units()), Ordering::Relaxed);
                }
                Some(_) | None => {
                    self.write_units_x2.fetch_add(units_x2(part.capacity_units()), Ordering::Relaxed);
                }
            }
        }
    }

    pub(crate) fn snapshot(&self) -> Consumed {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Consumed {
            read_units_x2: read(&self.read_units_x2),
            write_units_x2: read(&self.write_units_x2),
            batch_gets: read(&self.batch_gets),
            queries: read(&self.queries),
            scans: read(&self.scans),
            single_writes: read(&self.single_writes),
            transactions: read(&self.transactions),
            batch_writes: read(&self.batch_writes),
            lost: read(&self.lost),
        }
    }
}

/// Counts one request.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[allow(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "DynamoDB reports units as a float that is a small multiple of 0.5; doubled it is whole, and `as` bounds the rest"
)]
fn units_x2(units: Option<f64>) -> u64 {
    (units.unwrap_or_default() * 2.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_units_are_kept() {
        let capacity = |units| ConsumedCapacity::builder().capacity_units(units).build();
        let counters = Counters::default();
        counters.read([&capacity(0.5), &capacity(3.0)]);
        counters.written([&capacity(2.0)]);
        let both = ConsumedCapacity::builder().capacity_units(5.0).read_capacity_units(1.0).write_capacity_units(4.0).build();
        counters.written([&both]);
        assert_eq!(counters.snapshot(), Consumed { read_units_x2: 9, write_units_x2: 12, ..Consumed::default() });
    }
}
