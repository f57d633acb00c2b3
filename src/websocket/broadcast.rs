//! One message for many connections, encoded once.

use super::error::Error;
use super::outgoing::{Appended, PendingFlush, SharedFrame};
use super::shared::Shared;
use super::wire::{Data, Role, Sender};
use super::writer::Writer;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What becomes of a member that has reached its
/// [high-water mark](super::Config::high_water_mark) because it does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// It misses this message.
    #[default]
    Skip,
    /// It is closed with 1008. (A member that has reached the mark while another thread of ours sends it
    /// a long message only misses this one: it is not known to be slow.)
    Close,
}

/// Many connections of a server that are sent the same. Nobody waits for a slow one: a broadcast writes
/// to each member what its socket takes at once. The rest is written by a short-lived thread of that
/// member.
///
/// ```
/// use barewire::websocket::{Room, Slow};
///
/// let room = Room::new(Slow::Skip);
/// let delivered = room.send("hello");
/// assert_eq!((delivered.sent, delivered.slow), (0, 0)); // nobody is here yet: room.add(&ws.writer())
/// ```
///
/// A room does not keep its members: a connection that is closed or dropped is in it no longer.
#[derive(Debug, Default)]
pub struct Room {
    slow: Slow,
    members: Mutex<Vec<Weak<Shared>>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Members it is on its way to.
    pub sent: usize,
    /// Members that missed it.
    pub slow: usize,
}

impl Room {
    /// An empty room.
    pub fn new(slow: Slow) -> Room {
        Room {
            slow,
            members: Mutex::default(),
        }
    }

    /// Sends to this connection, too, from now on.
    pub fn add(&self, member: &Writer) {
        let mut members = self.lock();
        if members.len() == members.capacity() {
            // Where nothing is sent, no message finds out which members have left.
            members.retain(|member| member.strong_count() > 0);
        }
        members.push(Arc::downgrade(&member.shared));
    }

    /// How many are here, as far as is known: the next message finds out which have left.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a message to all members, and waits for none of them. They get the messages of a room in
    /// one order, whichever thread sends.
    pub fn send<'d>(&self, data: impl Into<Data<'d>>) -> Delivered {
        let data = data.into();
        let frame = SharedFrame(Arc::new(encode(data)));
        let mut delivered = Delivered::default();
        // The order is made under the lock, in memory. Writing comes after it, and so does letting a
        // member go: if this was the last reference to it, its connection ends.
        let members = self.upgrade();
        let mut appended = Vec::with_capacity(members.len());
        let mut gone = Vec::new();
        let order = self.lock();
        for member in &members {
            match member.outgoing.append_broadcast(data, &frame) {
                Ok(append) => appended.push((member, append)),
                Err(error) => gone.push((member, error)),
            }
        }
        drop(order);
        let pushed = appended
            .into_iter()
            .map(|(member, append)| self.push(member, append, &mut delivered));
        let flushes: Vec<_> = pushed.flatten().collect();
        drop(flushes);
        self.forget(&gone);
        delivered
    }

    fn push<'a>(
        &self,
        member: &'a Arc<Shared>,
        appended: Appended,
        delivered: &mut Delivered,
    ) -> Option<PendingFlush<'a>> {
        if appended == Appended::Yes {
            delivered.sent += 1;
            // A stream of a user's may panic. That ends this connection, and is no matter of the others.
            let push = || member.outgoing.push_appended();
            return catch_unwind(AssertUnwindSafe(push)).unwrap_or(None);
        }
        delivered.slow += 1;
        if appended == Appended::Full && self.slow == Slow::Close {
            let _ = member.outgoing.close_with(1008, "too slow");
        }
        None
    }

    /// The members that are still there; the others are removed.
    fn upgrade(&self) -> Vec<Arc<Shared>> {
        let mut here = Vec::new();
        let mut members = self.lock();
        here.reserve(members.len());
        members.retain(|member| match member.upgrade() {
            Some(member) => {
                here.push(member);
                true
            }
            None => false,
        });
        here
    }

    fn forget(&self, gone: &[(&Arc<Shared>, Error)]) {
        if !gone.is_empty() {
            let is_gone = |member: &Weak<Shared>| {
                let same = |(gone, _): &(&Arc<Shared>, Error)| {
                    std::ptr::eq(member.as_ptr(), Arc::as_ptr(gone))
                };
                gone.iter().any(same)
            };
            self.lock().retain(|member| !is_gone(member));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Shared>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame as every member gets it.
fn encode(data: Data<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    let no_key = || [0; 4]; // a server masks nothing
    let encoded = Sender::new(Role::Server).send(data, no_key, &mut frame);
    debug_assert_eq!(encoded, Ok(()), "nothing was sent before");
    frame
}
