//! A slot is given back: to the first in line, or its connection is idle.

use super::Pool;
use super::decision::Slot;
use super::origins::{Gauges, Idle};
use std::hash::Hash;

impl<K: Clone + Eq + Hash, C, W> Pool<K, C, W> {
    /// The slot was given back, perhaps with its connection. Both go to the first in line.
    pub(super) fn pass_on(
        &mut self,
        slot: &Slot<K>,
        idle: Option<Idle<C>>,
        closed: &mut Vec<C>,
    ) -> Option<W> {
        let (from, place) = (&slot.origin, slot.place);
        let idle = match idle {
            // No request waits for any origin, so the connection is idle: one look at its origin tells all.
            Some(idle) if self.totals().requests == 0 && !self.closed => {
                match self.origins.end_slot_and_keep(from, place, idle) {
                    Ok(free_sockets) => self.close_surplus(from, free_sockets, closed),
                    Err(idle) => closed.push(idle.connection), // a slot of another pool
                }
                return None;
            }
            idle => idle,
        };
        let Some(gauges) = self.origins.end_slot(from, place) else {
            closed.extend(idle.map(|idle| idle.connection)); // a slot of another pool
            return None;
        };
        let woken = match (self.first_in_line(from, gauges), idle) {
            (Some(next), idle) if next == *from => self.grant(&next, idle),
            (Some(next), idle) => {
                closed.extend(idle.map(|idle| idle.connection)); // to make room under the total
                self.grant(&next, None)
            }
            (None, Some(idle)) => {
                self.keep(slot, idle, closed);
                return None; // which forgets the origin, if it closes its only connection
            }
            (None, None) => None,
        };
        self.origins.forget_if_unused(from, place);
        woken
    }

    /// The origin whose first waiting request gets the slot that `from` has given back: of the first
    /// requests of all queues whose origins may have one more connection, the oldest. `gauges`: those of `from`.
    fn first_in_line(&self, from: &K, gauges: Gauges) -> Option<K> {
        if self.totals().sockets + 1 < self.limits.max_total_sockets {
            // The total left room already, so requests to other origins wait for their own origin.
            return (gauges.requests > 0).then(|| from.clone());
        }
        let may_have_more = |gauges: Gauges| gauges.sockets < self.limits.max_sockets;
        let firsts = self.origins.firsts();
        let able = firsts.filter(|(_, _, gauges)| may_have_more(*gauges));
        let (_, origin, _) = able.min_by_key(|(serial, ..)| *serial)?;
        Some(origin.clone())
    }

    fn grant(&mut self, origin: &K, idle: Option<Idle<C>>) -> Option<W> {
        let (serial, waker) = self.origins.take_first(origin)?;
        self.origins.take_slot(origin);
        self.granted.insert(serial, idle);
        Some(waker)
    }

    fn keep(&mut self, slot: &Slot<K>, idle: Idle<C>, closed: &mut Vec<C>) {
        let from = &slot.origin;
        if self.closed {
            self.origins.forget_if_unused(from, slot.place);
            return closed.push(idle.connection);
        }
        let free_sockets = self.origins.keep(from, idle);
        self.close_surplus(from, free_sockets, closed);
    }

    /// Closes the oldest idle connection, if one more than allowed is idle. `free_sockets`: of this origin.
    fn close_surplus(&mut self, from: &K, free_sockets: usize, closed: &mut Vec<C>) {
        if free_sockets > self.limits.max_free_sockets {
            closed.extend(self.origins.take_oldest(from));
        } else if self.totals().free_sockets > self.limits.max_total_free_sockets {
            closed.extend(self.origins.take_oldest_of_all());
        }
    }
}
