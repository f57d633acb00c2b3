//! Which packet belongs to which conversation, and which side is the client.

use super::assembly::{Assembly, Sink};
use super::event::{Event, Notice};
use super::limits::Limits;
use super::packet::{Carried, Tcp};
use crate::trace::wire::Direction;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

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
    pub(super) events: VecDeque<Event>,
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
            true => Direction::FromClient,
            false => Direction::FromServer,
        }
    }

    /// The assembly of a direction, and where its events go.
    fn side<'a>(
        &'a mut self,
        from: Direction,
        time: Duration,
        events: &'a mut VecDeque<Event>,
    ) -> (&'a mut Assembly, Sink<'a>) {
        let sink = Sink {
            events,
            conversation: self.number,
            from,
            time,
        };
        (&mut self.sides[from.index()], sink)
    }

    fn finish(&mut self, time: Duration, events: &mut VecDeque<Event>) {
        for from in [Direction::FromClient, Direction::FromServer] {
            let (side, mut sink) = self.side(from, time, events);
            side.finish(&mut sink);
        }
    }

    fn segment(
        &mut self,
        tcp: &Tcp,
        carried: &Carried<'_>,
        most: usize,
        time: Duration,
        events: &mut VecDeque<Event>,
    ) {
        let from = self.direction(carried.from);
        if tcp.syn && from == Direction::FromClient {
            self.syn.get_or_insert(tcp.sequence);
        }
        if tcp.syn && from == Direction::FromServer {
            let syn = tcp.acknowledgment.map(|next| next.wrapping_sub(1));
            self.syn = self.syn.or(syn);
        }
        // RFC 9293 §3.4: "the SYN is considered to occur before the first actual data octet of the segment in which it
        // occurs"
        let sequence = tcp.sequence.wrapping_add(tcp.syn.into());
        let (side, _) = self.side(from, time, events);
        side.starts_at(sequence);
        let is_near = side.is_near(sequence);
        if let Some(acknowledgment) = tcp.acknowledgment {
            let matters = carried.length > 0 || tcp.fin;
            let (peer, mut sink) = self.side(from.other(), time, events);
            peer.acknowledged(acknowledgment, matters, &mut sink);
        }
        if tcp.rst {
            // Its bytes, if it has some, are for people, and not of the direction.
            if is_near && !self.has_ended() {
                self.finish(time, events);
                for from in [from, from.other()] {
                    let (side, mut sink) = self.side(from, time, events);
                    side.end(true, &mut sink);
                }
            }
            return;
        }
        let (side, mut sink) = self.side(from, time, events);
        side.segment(sequence, carried, tcp.fin, &mut sink);
        side.hold_at_most(most, &mut sink);
    }

    fn datagram(&self, carried: &Carried<'_>, time: Duration, events: &mut VecDeque<Event>) {
        let from = self.direction(carried.from);
        events.push_back(Event::Datagram {
            conversation: self.number,
            client: self.client,
            server: self.server,
            from,
            time,
            bytes: carried.bytes.into(),
        });
        let length = carried.length - carried.bytes.len() as u64;
        if length > 0 {
            events.push_back(Event::Gap {
                conversation: self.number,
                from,
                length,
            });
        }
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
    pub(super) fn packet(&mut self, carried: &Carried<'_>, time: Duration) {
        let (from, to) = (carried.from, carried.to);
        let key = (from.min(to), from.max(to), carried.tcp.is_some());
        if let Some(tcp) = &carried.tcp
            && self
                .all
                .get(&key)
                .is_some_and(|it| it.is_over_with(from, tcp))
        {
            self.forget(key, time);
        }
        self.packets += 1;
        if let Some(conversation) = self.all.get_mut(&key) {
            self.order.remove(&conversation.place);
        } else {
            if carried
                .tcp
                .is_some_and(|tcp| !tcp.syn && carried.length == 0)
            {
                return; // of a connection that was there before, and says nothing
            }
            let conversation = self.begin(carried, time);
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
                conversation.segment(&tcp, carried, most, time, &mut self.events);
            }
            None => conversation.datagram(carried, time, &mut self.events),
        }
        self.held_bytes = self.held_bytes - before + conversation.held_bytes();
        conversation.place = (!conversation.has_ended(), self.packets);
        self.order.insert(conversation.place, key);
        if self.all.len() > self.limits.connections {
            self.forget_one(time);
        }
    }

    /// No packet comes any more.
    pub(super) fn finish(&mut self, time: Duration) {
        while let Some((_, key)) = self.order.pop_first() {
            self.forget(key, time);
        }
    }

    fn begin(&mut self, carried: &Carried<'_>, time: Duration) -> Flow {
        let (from, to) = (carried.from, carried.to);
        let from_client = match carried.tcp {
            Some(tcp) if tcp.syn => tcp.acknowledgment.is_none(),
            Some(_) => from.port() >= to.port(),
            None => true,
        };
        let (client, server) = if from_client { (from, to) } else { (to, from) };
        let conversation = self.begun;
        self.begun += 1;
        let begun = Flow {
            number: conversation,
            client,
            server,
            sides: Default::default(),
            syn: None,
            place: Default::default(),
        };
        if let Some(tcp) = carried.tcp {
            self.events.push_back(Event::Begins {
                conversation,
                time,
                client,
                server,
            });
            if !tcp.syn {
                self.events
                    .push_back(Event::notice(Some(conversation), time, Notice::BeganBefore));
            }
        }
        begun
    }

    fn forget_one(&mut self, time: Duration) {
        if let Some(((is_open, _), key)) = self.order.pop_first() {
            let number = self.all.get(&key).map(|it| it.number);
            self.forget(key, time);
            if is_open && key.2 {
                self.events
                    .push_back(Event::notice(number, time, Notice::Forgotten));
            }
        }
    }

    fn forget(&mut self, key: Key, time: Duration) {
        if let Some(mut conversation) = self.all.remove(&key) {
            self.order.remove(&conversation.place);
            self.held_bytes -= conversation.held_bytes();
            conversation.finish(time, &mut self.events);
        }
    }
}
