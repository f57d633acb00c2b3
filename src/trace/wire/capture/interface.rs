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
        u16::from_be_bytes(self.array(bytes, at))
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(self.array(bytes, at))
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> u64 {
        u64::from_be_bytes(self.array(bytes, at))
    }

    /// The bytes of a number, the highest one first.
    fn array<const N: usize>(self, bytes: &[u8], at: usize) -> [u8; N] {
        let mut number: [u8; N] = bytes[at..at + N].try_into().expect("N bytes");
        if self == Order::Little {
            number.reverse();
        }
        number
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
