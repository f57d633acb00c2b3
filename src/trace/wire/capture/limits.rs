//! How much of what a file says is believed.

/// Limits of a [`Reader`](super::Reader). Nothing is allocated by a length that a file only declares: it costs memory
/// as its bytes come.
///
/// ```
/// use barewire::trace::wire::capture::{Limits, Reader};
///
/// let small = Limits { connections: 100, ..Limits::default() };
/// let reader = Reader::with_limits(&b""[..], small);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A packet record of pcap, or a block of pcapng with its options. 16 MiB; above it the file is refused
    /// ([`Rule::RecordTooLong`](super::Rule::RecordTooLong)).
    pub record_bytes: usize,
    /// Interfaces of one section of pcapng. 1,024; above it the file is refused
    /// ([`Rule::InterfacesTooMany`](super::Rule::InterfacesTooMany)).
    pub interfaces: usize,
    /// Connections of TCP and pairs of addresses of UDP. 16,384; above it the one that has been silent for the longest
    /// time is forgotten, those that have ended first ([`Notice::Forgotten`](crate::trace::wire::Notice::Forgotten)).
    pub connections: usize,
    /// Bytes of one direction that came before those in front of them, and 64 more for each segment. 4 MiB;
    /// above it what is missing is a [`Gap`](crate::trace::wire::What::Gap).
    pub held_bytes: usize,
    /// The same of all connections together. 64 MiB; above it what is missing in the direction whose segment came
    /// last is a [`Gap`](crate::trace::wire::What::Gap).
    pub total_held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            record_bytes: 16 * 1024 * 1024,
            interfaces: 1024,
            connections: 16_384,
            held_bytes: 4 * 1024 * 1024,
            total_held_bytes: 64 * 1024 * 1024,
        }
    }
}
