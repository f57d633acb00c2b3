//! An observer that keeps all that it sees.

use crate::support::PATIENCE;
use barewire::net::{Observer, TapEvent, Tapped};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

/// Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<(Mutex<BTreeMap<Key, Side>>, Condvar)>);

/// The number of the connection, and whether it is the plaintext.
type Key = (u64, bool);

/// One side of a connection.
#[derive(Clone, Default, Debug)]
pub(super) struct Side {
    pub(super) is_accepted: bool,
    pub(super) sent: Vec<u8>,
    pub(super) received: Vec<u8>,
    /// Received bytes that had come when nothing, or not as many, had been sent.
    pub(super) most_ahead: usize,
    /// All that is not bytes.
    pub(super) events: Vec<String>,
}

impl Observer for Seen {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        let (sides, changed) = &*self.0;
        let mut sides = sides.lock().unwrap();
        let key = (connection.number(), connection.is_plaintext());
        let side = sides.entry(key).or_default();
        side.is_accepted = connection.is_accepted();
        match event {
            TapEvent::Sent(bytes) => side.sent.extend_from_slice(bytes),
            TapEvent::Received(bytes) => {
                side.received.extend_from_slice(bytes);
                let ahead = side.received.len().saturating_sub(side.sent.len());
                side.most_ahead = side.most_ahead.max(ahead);
            }
            other => side.events.push(format!("{other:?}")),
        }
        changed.notify_all();
    }
}

impl Seen {
    pub(super) fn tap(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }

    /// Waits until `connections` were closed, and returns them, without and with the plaintext.
    pub(super) fn closed(&self, connections: usize) -> (Vec<Side>, Vec<Side>) {
        let (sides, changed) = &*self.0;
        let is_open = |side: &Side| side.events.last().is_none_or(|last| last != "Closed");
        let open = |sides: &mut BTreeMap<Key, Side>| {
            sides.keys().filter(|key| !key.1).count() < connections || sides.values().any(is_open)
        };
        let sides = changed
            .wait_timeout_while(sides.lock().unwrap(), PATIENCE, open)
            .unwrap()
            .0;
        let of = |plaintext| {
            let its = sides.iter().filter(move |(key, _)| key.1 == plaintext);
            its.map(|(_, side)| side.clone()).collect::<Vec<_>>()
        };
        let (wire, plaintext) = (of(false), of(true));
        assert_eq!(wire.len(), connections);
        for side in wire.iter().chain(&plaintext) {
            assert_eq!(side.events.first().map(String::as_str), Some("Connected"));
            assert_eq!(side.events.last().map(String::as_str), Some("Closed"));
        }
        (wire, plaintext)
    }
}
