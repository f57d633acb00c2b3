//! The live connections in a slab, so that they can be counted and ended.
//!
//! ```text
//!   slots   ┌───────┬───────┬───────┬───────┐
//!           │ entry │   -   │   -   │ entry │
//!           └───0───┴───1───┴───2───┴───3───┘
//!   free    [ 2, 1 ]                            live = 4 - 2
//! ```
//!
//! A slot is taken and given back without a search, and without an allocation once there have been as
//! many connections before. Connections whose address is limited are counted by it, too. The registry
//! holds a stream weakly: its descriptor closes as soon as its users have dropped it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, Shutdown};
use std::sync::{Arc, Weak};

use super::addr::Addr;
use super::slot::{Stop, StopReason};
use super::snapshot::Gauge;
use super::stream::Stream;

#[derive(Debug, Default)]
pub(super) struct Registry {
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    /// How many connections there have been.
    inserted: u64,
    /// How many connections each [counted address](counted_address) has; none has zero.
    per_address: BTreeMap<IpAddr, usize>,
}

/// The address by which a connection is counted: see
/// [`Options::max_connections_per_address`](super::Options::max_connections_per_address).
pub(super) fn counted_address(peer: &Addr) -> Option<IpAddr> {
    Some(match peer.ip()?.ip().to_canonical() {
        // The other 64 bits are the interface identifier, which a host may choose (RFC 4291).
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    })
}

impl Registry {
    #[cfg(test)]
    fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many connections come from this address.
    pub(super) fn count_at(&self, address: IpAddr) -> usize {
        self.per_address.get(&address).copied().unwrap_or(0)
    }

    /// Takes a slot and returns its number, by which the connection is known from now on. It is counted
    /// at its `address`, if it has one.
    pub(super) fn insert(&mut self, stream: &Arc<dyn Stream>, address: Option<IpAddr>) -> usize {
        if let Some(address) = address {
            *self.per_address.entry(address).or_default() += 1;
        }
        let entry = Some(Entry {
            stream: Arc::downgrade(stream),
            hook: None,
            address,
            serial: self.inserted,
        });
        self.inserted += 1;
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = entry;
                slot
            }
            None => {
                self.slots.push(entry);
                self.slots.len() - 1
            }
        }
    }

    /// Gives the slot back. What it held is returned, to be dropped when no lock is held.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Entry> {
        let entry = self.slots.get_mut(slot)?.take()?;
        self.free.push(slot);
        if let Some(address) = entry.address
            && let Some(count) = self.per_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&address);
            }
        }
        Some(entry)
    }

    /// Replaces the hook and returns the old one.
    pub(super) fn set_hook(&mut self, slot: usize, hook: Arc<dyn Stop>) -> Option<Arc<dyn Stop>> {
        self.slots.get_mut(slot)?.as_mut()?.hook.replace(hook)
    }

    /// All live connections.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.slots.iter().flatten().cloned().collect()
    }

    /// The live connections, the oldest first, by the numbers for [`entry`](Registry::entry). An entry itself may hold
    /// the last reference to a stream, so it must not be kept.
    pub(super) fn by_age(&self) -> Vec<(u64, usize)> {
        let live = self.slots.iter().enumerate();
        let mut all: Vec<_> = live
            .filter_map(|(slot, entry)| Some((entry.as_ref()?.serial, slot)))
            .collect();
        all.sort_unstable();
        all
    }

    /// That connection, if it has not ended.
    pub(super) fn entry(&self, (serial, slot): (u64, usize)) -> Option<Entry> {
        let entry = self.slots.get(slot)?.as_ref()?;
        (entry.serial == serial).then(|| entry.clone())
    }
}

/// How to end one connection.
#[derive(Clone)]
pub(super) struct Entry {
    stream: Weak<dyn Stream>,
    hook: Option<Arc<dyn Stop>>,
    address: Option<IpAddr>,
    serial: u64,
}

impl Entry {
    /// Asks for a polite end, if there is a hook.
    pub(super) fn drain(&self, reason: StopReason) {
        if let Some(hook) = &self.hook {
            hook.drain(reason);
        }
    }

    /// What it does, as its hook says.
    pub(super) fn gauge(&self) -> Gauge {
        self.hook
            .as_ref()
            .map_or_else(Gauge::default, |hook| hook.gauge())
    }

    /// Ends it now: by its hook, or without one by shutting its stream down.
    pub(super) fn cut(&self) {
        match (&self.hook, self.stream.upgrade()) {
            (Some(hook), _) => hook.cut(),
            (None, Some(stream)) => drop(stream.shutdown(Shutdown::Both)),
            (None, None) => {}
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe;

    #[test]
    fn slots_are_used_again() {
        let stream: Arc<dyn Stream> = Arc::new(pipe().0);
        let mut registry = Registry::default();
        let slots: Vec<_> = (0..3).map(|_| registry.insert(&stream, None)).collect();
        assert_eq!(slots, [0, 1, 2]);
        assert!(registry.remove(1).is_some());
        assert!(registry.remove(1).is_none());
        assert_eq!((registry.live(), registry.entries().len()), (2, 2));
        assert_eq!(
            (
                registry.insert(&stream, None),
                registry.insert(&stream, None)
            ),
            (1, 3)
        );
    }

    #[test]
    fn age_goes_by_connections_not_by_slots() {
        let stream: Arc<dyn Stream> = Arc::new(pipe().0);
        let mut registry = Registry::default();
        (0..3).for_each(|_| _ = registry.insert(&stream, None));
        let before = registry.by_age();
        registry.remove(0);
        registry.insert(&stream, None);
        let slots: Vec<_> = registry.by_age().iter().map(|(_, slot)| *slot).collect();
        assert_eq!(slots, [1, 2, 0]);
        assert!(registry.entry(before[0]).is_none(), "its slot is another's");
        assert!(registry.entry(before[1]).is_some());
    }

    #[test]
    fn fault_e12_an_address_counts_by_its_host_or_network() {
        let counted = |peer: &str| {
            let peer = Addr::Ip(format!("{peer}:80").parse().unwrap());
            counted_address(&peer).map(|address| address.to_string())
        };
        for (peer, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]", "192.0.2.1"),
            ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::"),
            ("[2001:db8:1:2::1]", "2001:db8:1:2::"),
            ("[2001:db8:1:3::1]", "2001:db8:1:3::"),
        ] {
            assert_eq!(counted(peer).as_deref(), Some(address), "{peer}");
        }
        assert_eq!(counted_address(&Addr::Unix(None)), None);
        assert_eq!(counted_address(&Addr::Pipe), None);
    }

    #[test]
    fn fault_e12_a_count_ends_with_its_last_connection() {
        let stream: Arc<dyn Stream> = Arc::new(pipe().0);
        let mut registry = Registry::default();
        let [one, other] = [1, 2].map(|n| IpAddr::from([192, 0, 2, n]));
        let slots = [one, one, other].map(|address| registry.insert(&stream, Some(address)));
        registry.insert(&stream, None);
        assert_eq!((registry.count_at(one), registry.count_at(other)), (2, 1));
        for slot in slots {
            registry.remove(slot);
            registry.remove(slot);
        }
        assert!(registry.per_address.is_empty());
    }

    #[test]
    fn a_stream_is_not_kept_alive() {
        let (here, there) = pipe();
        let stream: Arc<dyn Stream> = Arc::new(here);
        let mut registry = Registry::default();
        registry.insert(&stream, None);
        drop(stream);
        assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
        registry.entries()[0].cut();
    }

    #[test]
    fn without_a_hook_the_stream_is_shut() {
        let (here, there) = pipe();
        let stream: Arc<dyn Stream> = Arc::new(here);
        let mut registry = Registry::default();
        registry.insert(&stream, None);
        registry.entries()[0].drain(StopReason::GoingAway);
        assert_eq!(there.try_read(&mut [0; 1]).unwrap(), None);
        registry.entries()[0].cut();
        assert_eq!(there.try_read(&mut [0; 1]).unwrap(), Some(0));
    }
}
