//! One direction of a TCP connection, put together again.
//!
//! ```text
//!   offset  0            passed              held          held
//!           ├────────────────┼───── missing ────┼────┤  …  ┼──────┤
//!           events have come │                  the first copy of each byte
//!                            next: the sequence number of this byte
//! ```

use super::packet::Carried;
use crate::trace::wire::event::{Event, Notice, What};
use crate::trace::wire::layer::Direction;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What has been found in the file, and the time of the packet that is being read.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) all: VecDeque<Event<'static>>,
    pub(super) time: Duration,
}

/// One direction. Offsets count its bytes from the first one, and do not wrap.
#[derive(Debug)]
pub(super) struct Assembly {
    conversation: u64,
    from: Direction,
    /// The sequence number of the next byte; `None` until a packet has said it.
    next: Option<u32>,
    passed: u64,
    /// The peer has received all bytes before this one.
    acknowledged: u64,
    /// Bytes that came before those in front of them, by offset. They do not overlap.
    held: BTreeMap<u64, Held>,
    pub(super) held_bytes: usize,
    /// Where the FIN lies.
    fin: Option<u64>,
    pub(super) ended: bool,
}

#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    /// How many bytes behind them the packet had that were not captured.
    cut: u64,
}

/// Beside its bytes, what a held segment costs.
const SEGMENT_COST: usize = 64;

/// The largest window there is: 65,535 units of 2¹⁴ bytes.
const FARTHEST: i64 = 1 << 30;

impl Events {
    pub(super) fn push(&mut self, conversation: u64, from: Direction, what: What<'static>) {
        let event = Event::new(conversation, from, self.time, what);
        self.all.push_back(event);
    }
}

impl Assembly {
    pub(super) fn new(conversation: u64, from: Direction) -> Assembly {
        Assembly {
            conversation,
            from,
            next: None,
            passed: 0,
            acknowledged: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            fin: None,
            ended: false,
        }
    }

    fn push(&self, what: What<'static>, events: &mut Events) {
        events.push(self.conversation, self.from, what);
    }

    /// The first byte has this sequence number, if no packet has said another one.
    pub(super) fn starts_at(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    /// How far a sequence number lies ahead of the next byte.
    fn ahead(&self, sequence: u32) -> i64 {
        // RFC 9293 §3.4: "all arithmetic dealing with sequence numbers must be performed modulo 2^32."
        let distance = sequence.wrapping_sub(self.next.unwrap_or(sequence));
        i64::from(distance as i32)
    }

    /// Whether this sequence number may be one of the connection.
    pub(super) fn is_near(&self, sequence: u32) -> bool {
        self.ahead(sequence).abs() < FARTHEST
    }

    /// A segment with some bytes, whose first byte has this sequence number, or with a FIN.
    pub(super) fn segment(
        &mut self,
        sequence: u32,
        carried: &Carried<'_>,
        fin: bool,
        events: &mut Events,
    ) {
        if self.ended || carried.length == 0 && !fin {
            return;
        }
        if !self.is_near(sequence) {
            return self.push(What::Notice(Notice::FarAhead), events);
        }
        // May be negative: before the first byte of a capture that began later.
        let start = self.passed as i64 + self.ahead(sequence);
        let end = start + carried.length as i64;
        let old = (self.passed as i64 - start).max(0) as usize;
        let bytes = carried.bytes.get(old..).unwrap_or_default();
        if fin && end >= self.passed as i64 {
            self.fin.get_or_insert(end as u64);
        }
        if end > self.passed as i64 {
            let start = start.max(self.passed as i64) as u64;
            let cut = end as u64 - start - bytes.len() as u64;
            if self.held.is_empty() && start == self.passed {
                self.pass(bytes.to_vec(), cut, events);
            } else {
                self.hold(start, bytes, cut);
            }
        }
        self.release(events);
    }

    /// Keeps the bytes that are not there yet.
    fn hold(&mut self, start: u64, bytes: &[u8], cut: u64) {
        let end = start + bytes.len() as u64;
        let before = self.held.range(..=start).next_back();
        let first = before.map_or(start, |(&offset, _)| offset);
        let (mut at, mut new) = (start, Vec::new());
        for (&offset, held) in self.held.range(first..end) {
            if at < offset {
                new.push((at..offset, 0));
            }
            at = at.max(offset + held.bytes.len() as u64);
        }
        if at < end {
            new.push((at..end, cut));
        }
        for (place, cut) in new {
            let bytes =
                bytes[(place.start - start) as usize..(place.end - start) as usize].to_vec();
            self.held_bytes += bytes.len() + SEGMENT_COST;
            self.held.insert(place.start, Held { bytes, cut });
        }
    }

    /// The peer has received all bytes before this sequence number. If it said so in a segment that matters by
    /// itself, or if later bytes are there, those that are missing will not come.
    pub(super) fn acknowledged(&mut self, sequence: u32, matters: bool, events: &mut Events) {
        let Some(_) = self.next else {
            return self.starts_at(sequence);
        };
        let ahead = self.ahead(sequence);
        if self.ended || !(1..FARTHEST).contains(&ahead) {
            return;
        }
        self.acknowledged = self.acknowledged.max(self.passed + ahead as u64);
        while self.acknowledged > self.passed && (matters || self.lacks()) {
            self.give_up(self.acknowledged, events);
        }
    }

    /// Gives up what is missing, until not more than this is held.
    pub(super) fn hold_at_most(&mut self, most: usize, events: &mut Events) {
        while self.held_bytes > most {
            self.give_up(u64::MAX, events);
        }
    }

    /// No packet comes any more: gives up all that is missing.
    pub(super) fn finish(&mut self, events: &mut Events) {
        while self.lacks() {
            self.give_up(u64::MAX, events);
        }
        self.gap(self.acknowledged, events);
    }

    /// Whether something is there behind bytes that are missing. Nothing is, once the direction has ended.
    fn lacks(&self) -> bool {
        !self.held.is_empty() || self.fin.is_some()
    }

    /// The missing bytes before this offset will not come.
    fn give_up(&mut self, end: u64, events: &mut Events) {
        self.gap(end, events);
        self.release(events);
    }

    /// The direction has ended.
    pub(super) fn end(&mut self, reset: bool, events: &mut Events) {
        if self.ended {
            return;
        }
        *self = Assembly {
            next: self.next,
            ended: true,
            ..Assembly::new(self.conversation, self.from)
        };
        self.push(What::Ends { reset }, events);
    }

    /// Returns what is no longer behind a missing byte.
    fn release(&mut self, events: &mut Events) {
        while let Some(first) = self.held.first_entry()
            && *first.key() <= self.passed
        {
            let held = first.remove();
            self.held_bytes -= held.bytes.len() + SEGMENT_COST;
            self.pass(held.bytes, held.cut, events);
        }
        // Less: bytes that reach beyond it were sent, too.
        if self.fin.is_some_and(|fin| fin <= self.passed) {
            self.end(false, events);
        }
    }

    /// The next bytes of the direction, and how many behind them were not captured.
    fn pass(&mut self, bytes: Vec<u8>, cut: u64, events: &mut Events) {
        if !bytes.is_empty() {
            self.move_by(bytes.len() as u64);
            self.push(What::bytes(bytes), events);
        }
        self.gap(self.passed + cut, events);
    }

    /// Up to this offset, what is not there is given up.
    fn gap(&mut self, end: u64, events: &mut Events) {
        let held = self.held.first_key_value().map(|(&offset, _)| offset);
        let known = [held, self.fin].into_iter().flatten();
        let end = known.fold(end, u64::min);
        if end > self.passed {
            let length = end - self.passed;
            self.move_by(length);
            self.push(What::Gap(length), events);
        }
    }

    fn move_by(&mut self, length: u64) {
        self.passed += length;
        // A sequence number is the lower half of an offset.
        self.next = self.next.map(|next| next.wrapping_add(length as u32));
    }
}
