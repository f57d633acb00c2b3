//! How a file writes numbers and times.

use std::time::Duration;

/// How the numbers of a file, or of a section, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

/// Where packets were captured. A pcap file has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: u16,
    pub(super) snaplen: u32,
    /// How many units of its times a second has.
    pub(super) a_second: u128,
    /// Seconds to be added.
    pub(super) offset: i64,
}

impl Order {
    /// The number that these bytes are; eight at most.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let add = |number, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Order::Big => bytes.iter().fold(0, add),
            Order::Little => bytes.iter().rev().fold(0, add),
        }
    }

    /// The order in which these four bytes are this number.
    pub(super) fn in_which(bytes: &[u8], number: u32) -> Option<Order> {
        let mut orders = [Order::Big, Order::Little].into_iter();
        orders.find(|order| order.number(bytes) == number.into())
    }
}

impl Interface {
    /// Since 1970, as far as a [`Duration`] reaches.
    pub(super) fn time(&self, units: u128) -> Duration {
        let seconds = (units / self.a_second) as u64;
        let nanos = units % self.a_second * 1_000_000_000 / self.a_second;
        Duration::new(seconds.saturating_add_signed(self.offset), nanos as u32)
    }
}
