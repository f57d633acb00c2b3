//! One message for many connections, encoded once.

use super::as_data::AsData;
use super::compressor::Compressed;
use super::connection::SharedConnection;
use super::error::Error;
use super::outgoing::{Appended, QueueLimit, SharedFrame};
use super::wire::{Close, CloseCode, Data, Payload, PerMessageDeflate, Role, Sender};
use super::writer::Writer;
use crate::net::guarded;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What happens to a member that reads more slowly than the room sends. Its unsent messages are queued, and the queue
/// is limited.
///
/// | | meant for | a member misses a message, or is closed, when |
/// |---|---|---|
/// | `Skip` | states: prices, positions | [`high_water_mark`](super::Config::high_water_mark) bytes (64 KiB) are unsent |
/// | `Close` | what nobody may miss: a chat | [`max_buffered`](super::Config::max_buffered) bytes (16 MiB) are unsent, without the newest message |
///
/// A member that has fewer unsent bytes is queued a message whatever its length: so the queue holds that limit and two
/// messages at most. (A message of more than 4 KiB is in memory once, for all members.) One message, however long it is,
/// closes no member of a `Close` room; in a `Skip` room a long one can make a member miss the next. A member that reads
/// nothing for [`stall_timeout`](super::Config::stall_timeout) is cut, in either room and in a quiet one, too.
///
/// ```
/// use barewire::websocket::{Room, Slow};
///
/// let prices = Room::new(Slow::Skip); // the next price is newer anyway
/// let chat = Room::new(Slow::Close); // nobody should miss a line and not know it
/// # let _ = (prices, chat);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// It misses this message.
    #[default]
    Skip,
    /// It is closed with 1008. (A member that has reached the limit while another thread sends it a long
    /// message only misses this one: the full queue does not show that it is slow.)
    Close,
}

/// Connections that are all sent the same messages: a set, so a connection that is added twice is one member.
/// [`send`](Room::send) never waits: it writes to each member what its socket takes at once. What the socket
/// does not take is written by a short-lived flush thread of that member.
///
/// ```
/// use barewire::websocket::{self, Room, Slow};
/// use barewire::http;
/// use std::sync::LazyLock;
///
/// static ROOM: LazyLock<Room> = LazyLock::new(|| Room::new(Slow::Close));
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let name = req.path().trim_start_matches('/').to_owned();
///     let Some(mut ws) = websocket::accept(req, res)? else {
///         return Ok(());
///     };
///     let member = ws.writer();
///     ROOM.add(&member);
///     ROOM.send(format!("{name} is here"));
///     // However the connection ends, the others hear of it: an error is a peer that has left, too.
///     while let Ok(Some(line)) = ws.receive() {
///         ROOM.send(format!("{name}: {}", line.text().unwrap_or("(no text)")));
///     }
///     ROOM.remove(&member);
///     ROOM.send(format!("{name} has left"));
///     Ok(())
/// }
///
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let url = |name| format!("ws://{}/{name}", server.local_addr());
/// let mut anna = websocket::connect(&url("anna"))?;
/// assert_eq!(anna.receive()?.unwrap(), "anna is here");
/// let ben = websocket::connect(&url("ben"))?;
/// assert_eq!(anna.receive()?.unwrap(), "ben is here");
/// ben.send("good morning")?;
/// assert_eq!(anna.receive()?.unwrap(), "ben: good morning");
/// ben.close(1000, "")?;
/// assert_eq!(anna.receive()?.unwrap(), "ben has left");
/// # drop(anna);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A room does not keep its members alive: a connection that is closed or dropped leaves it, also without
/// [`remove`](Room::remove) (which makes sure that it gets no message of this room from then on). A connection may
/// be in several rooms, and changes rooms with `remove` and [`add`](Room::add). A server that
/// makes rooms on demand drops the empty ones now and then:
///
/// ```
/// # use barewire::websocket::{Room, Slow};
/// # use std::collections::HashMap;
/// # let mut rooms: HashMap<String, Room> = [("tea".to_owned(), Room::new(Slow::Skip))].into();
/// rooms.retain(|_name, room| !room.is_empty());
/// # assert!(rooms.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Room {
    slow: Slow,
    members: Mutex<Members>,
    /// How messages are compressed for members, each way once. (None is removed: there are few.)
    compressions: Mutex<Vec<PerMessageDeflate>>,
}

/// In the order in which they were added; each of them once.
type Members = Vec<Weak<SharedConnection>>;

/// How many members a message was sent to.
///
/// ```
/// use barewire::websocket::Room;
///
/// let room = Room::default();
/// let delivered = room.send("hello");
/// if delivered.slow > 0 {
///     println!("{} of {} missed it", delivered.slow, delivered.sent + delivered.slow);
/// }
/// assert_eq!((delivered.sent, delivered.slow), (0, 0)); // there are no members yet
/// ```
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
            compressions: Mutex::default(),
        }
    }

    /// From now on messages are sent to this connection, too. Returns `false` if it was a member already.
    pub fn add(&self, member: &Writer) -> bool {
        if let Some(compression) = member.shared.outgoing.shared_compression() {
            let mut compressions = self.compressions();
            if !compressions.contains(&compression) {
                compressions.push(compression);
            }
        }
        let mut members = self.lock();
        if position(&members, member).is_some() {
            return false;
        }
        if members.len() == members.capacity() {
            // The other methods remove the members that have left; where none is called, this does.
            members.retain(|member| member.strong_count() > 0);
        }
        members.push(Arc::downgrade(&member.shared));
        true
    }

    /// No message whose [`send`](Self::send) begins after this reaches the connection. Returns `false` if it was
    /// no member.
    pub fn remove(&self, member: &Writer) -> bool {
        let mut members = self.lock();
        let at = position(&members, member);
        at.map(|at| members.remove(at)).is_some()
    }

    /// How many members there are, without those that have left. It checks each of them.
    pub fn len(&self) -> usize {
        let members = upgrade(&mut self.lock());
        members
            .iter()
            .filter(|member| member.outgoing.is_open())
            .count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a message to all members, and waits for none of them. All members get the messages of a room
    /// in one order, whichever threads send them.
    pub fn send(&self, data: impl AsData) -> Delivered {
        self.broadcast(data.as_data(), None)
    }

    /// As [`send`](Self::send), to all members but one: usually the sender of the message.
    ///
    /// ```
    /// # use barewire::websocket::{Room, Slow, Writer};
    /// fn relay(room: &Room, from: &Writer, text: &str) {
    ///     let delivered = room.send_except(from, text);
    ///     println!("{} of the others have it, {} are slow", delivered.sent, delivered.slow);
    /// }
    /// ```
    pub fn send_except(&self, member: &Writer, data: impl AsData) -> Delivered {
        self.broadcast(data.as_data(), Some(&member.shared))
    }

    /// The members that are still there, to send to some of them or to close one. A connection is not dropped while
    /// its [`Writer`] is kept.
    ///
    /// ```
    /// # use barewire::websocket::{Room, Writer};
    /// fn throw_out(room: &Room, is_meant: impl Fn(&Writer) -> bool) {
    ///     for member in room.members().iter().filter(|member| is_meant(member)) {
    ///         let _ = member.close(1008, "the rules of this room");
    ///     }
    /// }
    /// # throw_out(&Room::default(), |_| true);
    /// ```
    pub fn members(&self) -> Vec<Writer> {
        let mut members = upgrade(&mut self.lock());
        members.retain(|member| member.outgoing.is_open());
        members.into_iter().map(Writer::new).collect()
    }

    /// Closes the connections of all members, as [`Writer::close`]. What was sent before still arrives. It does not
    /// wait, and the room can be used again.
    ///
    /// ```
    /// # use barewire::websocket::Room;
    /// # let room = Room::default();
    /// room.send("the game is over");
    /// room.close(1000, "the game is over")?;
    /// assert!(room.is_empty());
    /// # Ok::<(), barewire::websocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// A code or a reason that must not be sent: then no member is closed.
    pub fn close(&self, code: u16, reason: impl AsRef<str>) -> Result<(), Error> {
        let reason = reason.as_ref();
        CloseCode::new(code).and_then(|code| Close::new(code, reason))?;
        for member in self.members() {
            // A user's stream may panic: that ends its connection, and not this loop.
            let _ = guarded(|| member.close(code, reason));
        }
        Ok(())
    }

    fn broadcast(&self, data: Data<'_>, except: Option<&Arc<SharedConnection>>) -> Delivered {
        // What costs time is done before the lock is taken: no other broadcast waits for a compression.
        let encoded = Encoded::new(data, self.compressions().clone());
        // The order is made under the lock, in memory. The writes come after it, and so do the drops of the
        // members: the last reference to a connection ends it.
        let members;
        let mut order = self.lock();
        members = upgrade(&mut order);
        let is_meant = |member: &&Arc<SharedConnection>| {
            except.is_none_or(|except| !Arc::ptr_eq(member, except))
        };
        let meant = || members.iter().filter(is_meant);
        let limit = match self.slow {
            Slow::Skip => QueueLimit::HighWaterMark,
            Slow::Close => QueueLimit::MaxBuffered,
        };
        let append = |member: &Arc<SharedConnection>| {
            let (payload, frame) = encoded.for_member(member);
            member.outgoing.append_broadcast(payload, frame, limit)
        };
        let appended: Vec<Appended> = meant().map(append).collect();
        drop(order);

        let (mut delivered, mut gone) = (Delivered::default(), Vec::new());
        let mut flushes = Vec::new();
        for (member, appended) in meant().zip(appended) {
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

    fn compressions(&self) -> MutexGuard<'_, Vec<PerMessageDeflate>> {
        let compressions = self.compressions.lock();
        compressions.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The members that are still there; the others are removed. The caller drops the references after it has
/// released the lock: the last one ends its connection, which is code of the user's stream.
fn upgrade(members: &mut Members) -> Vec<Arc<SharedConnection>> {
    let mut here = Vec::with_capacity(members.len());
    members.retain(|member| {
        let member = member.upgrade();
        let is_here = member.is_some();
        here.extend(member);
        is_here
    });
    here
}

/// The place of a connection among the members. (A `Weak` keeps the address of its connection from being used
/// by another one.)
fn position(members: &Members, member: &Writer) -> Option<usize> {
    let address = Arc::as_ptr(&member.shared);
    members.iter().position(|member| member.as_ptr() == address)
}

/// A message, encoded once for all members, and once for each way in which it is compressed.
struct Encoded<'a> {
    data: Data<'a>,
    frame: SharedFrame,
    compressed: Vec<(PerMessageDeflate, Compressed, SharedFrame)>,
}

impl<'a> Encoded<'a> {
    fn new(data: Data<'a>, mut compressions: Vec<PerMessageDeflate>) -> Encoded<'a> {
        compressions.retain(|compression| data.bytes().len() >= compression.threshold);
        let compress = |compression: PerMessageDeflate| {
            let compressed = Compressed::alone(&compression, &data);
            let frame = encode(compressed.or_shorter(data));
            (compression, compressed, frame)
        };
        Encoded {
            data,
            frame: encode(data.into()),
            compressed: compressions.into_iter().map(compress).collect(),
        }
    }

    /// What this member is sent. One that was added a moment ago may get the message as it is: that is right for all.
    fn for_member(&self, member: &SharedConnection) -> (Payload<'_>, &SharedFrame) {
        let compression = member.outgoing.shared_compression();
        let mut compressed = self.compressed.iter();
        let found = compressed.find(|(other, _, _)| compression.as_ref() == Some(other));
        match found {
            Some((_, compressed, frame)) => (compressed.or_shorter(self.data), frame),
            None => (self.data.into(), &self.frame),
        }
    }
}

/// The frame as every member of a server gets it.
fn encode(payload: Payload<'_>) -> SharedFrame {
    let mut frame = Vec::new();
    let no_key = || [0; 4]; // a server masks nothing
    let mut sender = Sender::new(Role::Server).with_deflate();
    let encoded = sender.send(payload, no_key, &mut frame);
    debug_assert_eq!(encoded, Ok(()), "nothing was sent before");
    SharedFrame(Arc::new(frame))
}
