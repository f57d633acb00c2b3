//! One message for many connections, encoded once.

use super::connection::SharedConnection;
use super::outgoing::{Appended, SharedFrame};
use super::wire::{Data, Role, Sender};
use super::writer::Writer;
use crate::net::guarded;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What happens to a member that has reached its
/// [high-water mark](super::Config::high_water_mark) because it does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// It misses this message.
    #[default]
    Skip,
    /// It is closed with 1008. (A member that has reached the mark while another thread sends it a long
    /// message only misses this one: the full queue does not show that it is slow.)
    Close,
}

/// Connections that are all sent the same messages. [`send`](Room::send) never waits: it writes to each
/// member what its socket takes at once. What the socket does not take is written by a short-lived flush
/// thread of that member.
///
/// ```
/// use barewire::websocket::{Room, Slow};
///
/// let room = Room::new(Slow::Skip);
/// let delivered = room.send("hello");
/// assert_eq!((delivered.sent, delivered.slow), (0, 0)); // no members yet: room.add(&ws.writer())
/// ```
///
/// A room does not keep its members alive: a connection that is closed or dropped leaves it.
#[derive(Debug, Default)]
pub struct Room {
    slow: Slow,
    members: Mutex<Vec<Weak<SharedConnection>>>,
}

/// How many members a message was sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Members for which it was queued or written.
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

    /// From now on messages are sent to this connection, too.
    pub fn add(&self, member: &Writer) {
        let mut members = self.lock();
        if members.len() == members.capacity() {
            // `send` removes the members that have left; where nothing is sent, this does.
            members.retain(|member| member.strong_count() > 0);
        }
        members.push(Arc::downgrade(&member.shared));
    }

    /// How many members there are. Those that have left are counted until the next message.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a message to all members, and waits for none of them. All members get the messages of a room
    /// in one order, whichever threads send them.
    pub fn send<'d>(&self, data: impl Into<Data<'d>>) -> Delivered {
        let data = data.into();
        let frame = SharedFrame(Arc::new(encode(data)));
        // The order is made under the lock, in memory. The writes come after it, and so do the drops of the
        // members: the last reference to a connection ends it.
        let members = self.upgrade();
        let order = self.lock();
        let append =
            |member: &Arc<SharedConnection>| member.outgoing.append_broadcast(data, &frame);
        let appended: Vec<Appended> = members.iter().map(append).collect();
        drop(order);

        let (mut delivered, mut gone) = (Delivered::default(), Vec::new());
        let mut flushes = Vec::new();
        for (member, appended) in members.iter().zip(appended) {
            // A user's stream may panic: that ends its connection, and not this broadcast.
            let written = guarded(|| match appended {
                Appended::Yes => member.outgoing.push_appended(),
                Appended::Full if self.slow == Slow::Close => {
                    let _ = member.outgoing.close(1008, "too slow");
                    None
                }
                _ => None,
            });
            match appended {
                Appended::Yes => delivered.sent += 1,
                Appended::Full | Appended::Busy => delivered.slow += 1,
                Appended::Closed => gone.push(Arc::as_ptr(member)),
            }
            flushes.extend(written.ok().flatten());
        }
        drop(flushes);
        if !gone.is_empty() {
            self.lock()
                .retain(|member| !gone.contains(&member.as_ptr()));
        }
        delivered
    }

    /// The members that are still there; the others are removed.
    fn upgrade(&self) -> Vec<Arc<SharedConnection>> {
        let mut members = self.lock();
        let mut here = Vec::with_capacity(members.len());
        members.retain(|member| {
            let member = member.upgrade();
            let is_here = member.is_some();
            here.extend(member);
            is_here
        });
        here
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<SharedConnection>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame as every member of a server gets it.
fn encode(data: Data<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    let no_key = || [0; 4]; // a server masks nothing
    let encoded = Sender::new(Role::Server).send(data, no_key, &mut frame);
    debug_assert_eq!(encoded, Ok(()), "nothing was sent before");
    frame
}
