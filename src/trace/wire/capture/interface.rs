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
    pub(super) resolution: Resolution,
    /// Seconds to be added.
    pub(super) offset: i64,
}

/// The unit of a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resolution {
    /// 10⁻ⁿ seconds.
    Ten(u8),
    /// 2⁻ⁿ seconds.
    Two(u8),
}

impl Order {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = bytes[at..at + 2].try_into().expect("two bytes");
        match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = bytes[at..at + 4].try_into().expect("four bytes");
        match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let bytes = bytes[at..at + 8].try_into().expect("eight bytes");
        match self {
            Order::Big => u64::from_be_bytes(bytes),
            Order::Little => u64::from_le_bytes(bytes),
        }
    }

    /// The order in which the first four bytes are this number.
    pub(super) fn in_which(bytes: &[u8], number: u32) -> Option<Order> {
        let mut orders = [Order::Big, Order::Little].into_iter();
        orders.find(|order| order.u32(bytes, 0) == number)
    }
}

impl Interface {
    pub(super) fn new(link: u16, snaplen: u32, resolution: Resolution) -> Interface {
        Interface {
            link,
            snaplen,
            resolution,
            offset: 0,
        }
    }

    /// Since 1970, as far as a [`Duration`] reaches.
    pub(super) fn time(&self, units: u64) -> Duration {
        let units = u128::from(units);
        let (seconds, nanos) = match self.resolution {
            Resolution::Ten(n) => match 10_u128.checked_pow(n.into()) {
                Some(one) => (units / one, units % one * 1_000_000_000 / one),
                None => (0, 0),
            },
            Resolution::Two(n) => {
                let fraction = units & ((1_u128 << n) - 1);
                (units >> n, (fraction * 1_000_000_000) >> n)
            }
        };
        let seconds = (seconds as u64).saturating_add_signed(self.offset);
        Duration::new(seconds, nanos as u32)
    }
}
