//! One message for many connections, encoded once.

use super::error::Error;
use super::link::Link;
use super::wire::{Data, Misuse, Role, Sender};
use super::writer::Writer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What becomes of a member that has reached its
/// [high-water mark](super::Config::high_water_mark).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// It misses this message.
    #[default]
    Skip,
    /// It is closed with 1008.
    Close,
}

/// Many connections of a server that are told the same. Nobody waits for a slow one.
///
/// ```
/// use barewire::websocket::{Room, Slow};
///
/// let room = Room::new(Slow::Skip);
/// let told = room.send("hello");
/// assert_eq!((told.sent, told.slow), (0, 0)); // nobody is here yet: room.add(&ws.writer())
/// ```
///
/// A room only looks at its members: who is closed or dropped is in it no longer.
#[derive(Debug, Default)]
pub struct Room {
    slow: Slow,
    members: Mutex<Vec<Weak<Link>>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Members it is on its way to.
    pub sent: usize,
    /// Members that were too slow for it.
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

    /// Tells this connection, too, from now on.
    pub fn add(&self, member: &Writer) {
        let mut members = self.lock();
        if members.len() == members.capacity() {
            // Where nothing is said, nobody finds out who has left.
            members.retain(|member| member.strong_count() > 0);
        }
        members.push(Arc::downgrade(&member.link));
    }

    /// How many are here, as far as is known: the next message finds out who has left.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a message to all members. They get the messages of a room in one order, whoever sends.
    pub fn send<'d>(&self, data: impl Into<Data<'d>>) -> Told {
        let data = data.into();
        let frame = encode(data);
        let mut told = Told::default();
        self.lock()
            .retain(|member| self.tell(member, data, &frame, &mut told));
        told
    }

    /// Whether this member stays.
    fn tell(&self, member: &Weak<Link>, data: Data<'_>, frame: &[u8], told: &mut Told) -> bool {
        let Some(link) = member.upgrade() else {
            return false;
        };
        let sent = match link.outbox.ends_first {
            true => link.outbox.try_send_frame(frame),
            // A client masks each frame anew.
            false => link.outbox.try_send(data),
        };
        match sent {
            Ok(true) => told.sent += 1,
            Ok(false) | Err(Error::Misuse(Misuse::Unfinished)) => {
                told.slow += 1;
                if self.slow == Slow::Close {
                    let _ = link.outbox.close_with(1008, "too slow");
                }
            }
            Err(_) => return false,
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Link>>> {
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
