//! Which packet belongs to which conversation, and which side is the client.

use super::assembly::{Assembly, Events};
use super::limits::Limits;
use super::packet::{Carried, Tcp};
use crate::trace::wire::event::{Notice, What};
use crate::trace::wire::layer::Direction::{self, FromClient, FromServer};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// All conversations of a capture.
#[derive(Debug, Default)]
pub(super) struct Connections {
    limits: Limits,
    all: BTreeMap<Key, Flow>,
    /// Which of them to forget first: those that have ended, then those that were silent for the longest time.
    order: BTreeMap<(bool, u64), Key>,
    packets: u64,
    begun: u64,
    held_bytes: usize,
    pub(super) events: Events,
}

/// Two addresses, the smaller one first, and whether they speak TCP.
type Key = (SocketAddr, SocketAddr, bool);

#[derive(Debug)]
struct Flow {
    number: u64,
    client: SocketAddr,
    server: SocketAddr,
    /// From the client and from the server.
    sides: [Assembly; 2],
    /// The first sequence number of the client, if it is known.
    syn: Option<u32>,
    /// Its place in the order.
    place: (bool, u64),
}

impl Flow {
    fn direction(&self, from: SocketAddr) -> Direction {
        match from == self.client {
            true => FromClient,
            false => FromServer,
        }
    }

    fn finish(&mut self, events: &mut Events) {
        for side in &mut self.sides {
            side.finish(events);
        }
    }

    fn segment(&mut self, tcp: &Tcp, carried: &Carried<'_>, most: usize, events: &mut Events) {
        let from = self.direction(carried.from);
        if tcp.syn {
            let syn = match from {
                FromClient => Some(tcp.sequence),
                FromServer => tcp.acknowledgment.map(|next| next.wrapping_sub(1)),
            };
            self.syn = self.syn.or(syn);
        }
        // RFC 9293 §3.4: "the SYN is considered to occur before the first actual data octet of the segment in which it
        // occurs"
        let sequence = tcp.sequence.wrapping_add(tcp.syn.into());
        let [client, server] = &mut self.sides;
        let (side, peer) = match from {
            FromClient => (client, server),
            FromServer => (server, client),
        };
        side.starts_at(sequence);
        if let Some(acknowledgment) = tcp.acknowledgment {
            let matters = carried.length > 0 || tcp.fin;
            peer.acknowledged(acknowledgment, matters, events);
        }
        if !tcp.rst {
            side.segment(sequence, carried, tcp.fin, events);
            side.hold_at_most(most, events);
        } else if side.is_near(sequence) && !self.has_ended() {
            // Its bytes, if it has some, are for people, and not of the direction.
            self.finish(events);
            for from in [from, from.other()] {
                self.sides[from.index()].end(true, events);
            }
        }
    }

    fn datagram(&self, carried: &Carried<'_>, events: &mut Events) {
        let what = What::Datagram {
            client: self.client,
            server: self.server,
            bytes: carried.bytes.to_vec().into(),
            missing: carried.length - carried.bytes.len() as u64,
        };
        events.push(self.number, self.direction(carried.from), what);
    }

    fn held_bytes(&self) -> usize {
        self.sides.iter().map(|side| side.held_bytes).sum()
    }

    fn has_ended(&self) -> bool {
        self.sides.iter().all(|side| side.ended)
    }

    /// Whether this SYN begins another connection between the same addresses.
    fn is_over_with(&self, from: SocketAddr, tcp: &Tcp) -> bool {
        let opens = tcp.syn && tcp.acknowledgment.is_none();
        let again = from == self.client && self.syn == Some(tcp.sequence) && !self.has_ended();
        opens && !again
    }
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Connections {
        Connections {
            limits,
            ..Connections::default()
        }
    }

    /// A packet of TCP or UDP.
    pub(super) fn packet(&mut self, carried: &Carried<'_>) {
        let (from, to) = (carried.from, carried.to);
        let key = (from.min(to), from.max(to), carried.tcp.is_some());
        if let Some(tcp) = &carried.tcp
            && self
                .all
                .get(&key)
                .is_some_and(|it| it.is_over_with(from, tcp))
        {
            self.forget(key);
        }
        self.packets += 1;
        if let Some(conversation) = self.all.get_mut(&key) {
            self.order.remove(&conversation.place);
        } else if carried.tcp.is_some_and(|tcp| !tcp.syn) && carried.length == 0 {
            return; // of a connection that was there before, and says nothing
        } else {
            let conversation = self.begin(carried);
            self.all.insert(key, conversation);
        }
        let Some(conversation) = self.all.get_mut(&key) else {
            return;
        };
        let before = conversation.held_bytes();
        match carried.tcp {
            Some(tcp) => {
                let held_by_others = self.held_bytes - before;
                let room = self.limits.total_held_bytes.saturating_sub(held_by_others);
                let most = room.min(self.limits.held_bytes);
                conversation.segment(&tcp, carried, most, &mut self.events);
            }
            None => conversation.datagram(carried, &mut self.events),
        }
        self.held_bytes = self.held_bytes - before + conversation.held_bytes();
        conversation.place = (!conversation.has_ended(), self.packets);
        self.order.insert(conversation.place, key);
        if self.all.len() > self.limits.connections {
            self.forget_one();
        }
    }

    /// No packet comes any more.
    pub(super) fn finish(&mut self) {
        while let Some((_, key)) = self.order.pop_first() {
            self.forget(key);
        }
    }

    fn begin(&mut self, carried: &Carried<'_>) -> Flow {
        let (from, to) = (carried.from, carried.to);
        let from_client = match carried.tcp {
            Some(tcp) if tcp.syn => tcp.acknowledgment.is_none(),
            Some(_) => from.port() >= to.port(),
            None => true,
        };
        let (client, server) = if from_client { (from, to) } else { (to, from) };
        let number = self.begun;
        self.begun += 1;
        if let Some(tcp) = carried.tcp {
            self.events
                .push(number, FromClient, What::begins(client, server));
            if !tcp.syn {
                let notice = What::Notice(Notice::BeganBefore);
                self.events.push(number, FromClient, notice);
            }
        }
        Flow {
            number,
            client,
            server,
            sides: [FromClient, FromServer].map(|from| Assembly::new(number, from)),
            syn: None,
            place: Default::default(),
        }
    }

    fn forget_one(&mut self) {
        if let Some(((is_open, _), key)) = self.order.pop_first()
            && let Some(number) = self.forget(key)
            && is_open
            && key.2
        {
            let notice = What::Notice(Notice::Forgotten);
            self.events.push(number, FromClient, notice);
        }
    }

    /// Returns its number.
    fn forget(&mut self, key: Key) -> Option<u64> {
        let mut conversation = self.all.remove(&key)?;
        self.order.remove(&conversation.place);
        self.held_bytes -= conversation.held_bytes();
        conversation.finish(&mut self.events);
        Some(conversation.number)
    }
}
