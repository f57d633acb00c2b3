//! Asking over a transport that loses: wait, ask again, and know the answer when it comes.
//!
//! ```text
//!   Requester                        Responder
//!      │── Q 7 "add 1" ──► lost
//!      ·  timeout
//!      │── Q 7 "add 1" ──────────────► │ works, remembers A 7
//!      │                    lost ◄── A 7 "1" ──│
//!      ·  timeout × backoff
//!      │── Q 7 "add 1" ──────────────► │ remembers: does not work again
//!      │ ◄──────────────────── A 7 "1" ──│
//!      │── Q 8 "add 1" ──────────────► │ …
//!      │ ◄── A 7, late or repeated: not what was asked, passed over
//! ```

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::datagrams::Datagrams;
use super::inbox::{Inbox, Received};
use super::receiving::speaks_of_a_datagram;
use super::wire::{Kind, Letter};
use crate::net::is_timeout;

/// How long and how often a [`Requester`] tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait for the answer to the first try; 500 ms.
    pub timeout: Duration,
    /// Each next wait is so many times longer; 2.
    pub backoff: u32,
    /// So often the question is sent, at least once; 4.
    pub tries: u32,
    /// All tries together take no longer; 10 s.
    pub deadline: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            timeout: Duration::from_millis(500),
            backoff: 2,
            tries: 4,
            deadline: Duration::from_secs(10),
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What was answered.
    pub payload: Vec<u8>,
    /// How often the question had been sent when the answer came.
    pub tries: u32,
}

/// Asks one question at a time, in the format of [`wire`](super::wire).
///
/// Each question has a number of its own, and an answer counts only if it has that number and
/// comes from the address that was asked: late, repeated and foreign ones are passed over. (A host
/// with several addresses may answer from another; then ask that one.) Nobody else may receive from
/// the same transport meanwhile, or the answer could go there.
///
/// The number keeps mistakes away, not enemies: who can guess it and write the peer's address on a
/// datagram can answer in its place.
///
/// ```
/// use barewire::udp::{self, Family, Fates, Faulty, Requester, Responder, Retry};
/// use std::{thread, time::Duration};
///
/// let server = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
/// let address = server.address();
/// let (answering, mut sum) = (server.clone(), 0);
/// let thread = thread::spawn(move || {
///     let mut responder = Responder::new(|question: &[u8], _| {
///         sum += question.len();
///         sum.to_string().into_bytes()
///     });
///     responder.serve(&answering, |_error| ())
/// });
///
/// // The first question is lost, and then the first answer.
/// let client = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
/// let faulty = Faulty::new(client).sending(Fates::script("x")?).receiving(Fates::script("x")?);
/// let mut requester = Requester::new(faulty);
/// requester.retry = Retry { timeout: Duration::from_millis(50), tries: 10, ..Retry::default() };
///
/// let reply = requester.request(address, b"four")?;
/// assert_eq!(reply.payload, b"4"); // asked twice there, added once
/// assert!(reply.tries >= 3);
///
/// server.close();
/// thread.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Requester<T> {
    /// How long and how often to try.
    pub retry: Retry,
    transport: T,
    next_id: u32,
    inbox: Inbox,
}

impl<T: Datagrams> Requester<T> {
    /// Numbers its questions from a number that it takes from the clock: who asks from the same
    /// port as another did a moment ago must not be given that one's answers.
    pub fn new(transport: T) -> Requester<T> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Requester::with_first_id(transport, now.unwrap_or_default().as_nanos() as u32)
    }

    /// Numbers its questions from `id`, for tests.
    pub fn with_first_id(transport: T, id: u32) -> Requester<T> {
        Requester {
            retry: Retry::default(),
            transport,
            next_id: id,
            inbox: Inbox::new(),
        }
    }

    /// Asks `peer` until it answers, or until the tries or the time have been used up.
    ///
    /// # Errors
    /// - [`TimedOut`](ErrorKind::TimedOut): no answer. Whether a question was heard is not known:
    ///   it may have been done, or be done yet.
    /// - [`InvalidInput`](ErrorKind::InvalidInput): `peer` is `0.0.0.0` or `::`, which nothing
    ///   answers from, or the question is too long.
    /// - What breaks the transport: [`is_closed`](super::is_closed) and the like. That the network
    ///   told of a lost datagram does not; the next try may do better.
    pub fn request(&mut self, peer: SocketAddr, payload: &[u8]) -> io::Result<Reply> {
        if peer.ip().is_unspecified() {
            let what = format!("{peer} names no one host that could answer");
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let (id, question) = self.write(payload);
        let began = Instant::now();
        let mut patience = self.retry.timeout;
        let mut tries = 0;
        // RFC 768 §Introduction: "The protocol is transaction oriented, and delivery and duplicate
        // protection are not guaranteed."
        while tries < self.retry.tries.max(1) {
            let left = self.retry.deadline.saturating_sub(began.elapsed());
            if left.is_zero() && tries > 0 {
                break;
            }
            tries += 1;
            passed_over(self.transport.send_to(&question, peer))?;
            if let Some(payload) = self.wait(peer, id, patience.min(left))? {
                return Ok(Reply { payload, tries });
            }
            patience = patience.saturating_mul(self.retry.backoff);
        }
        let took = began.elapsed();
        let what = format!("no answer from {peer} to {tries} tries in {took:.1?}");
        Err(io::Error::new(ErrorKind::TimedOut, what))
    }

    fn write(&mut self, payload: &[u8]) -> (u32, Vec<u8>) {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let mut question = Vec::new();
        let kind = Kind::Question;
        Letter { kind, id, payload }.encode(&mut question);
        (id, question)
    }

    /// The answer, if it comes in time, whatever else comes before it.
    fn wait(&mut self, peer: SocketAddr, id: u32, most: Duration) -> io::Result<Option<Vec<u8>>> {
        let began = Instant::now();
        loop {
            let left = most.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            match self.transport.recv_within(&mut self.inbox, Some(left)) {
                Err(e) if is_timeout(&e) => return Ok(None),
                received => {
                    let received = passed_over(received)?;
                    if let Some(payload) = received.and_then(|it| answer(it, peer, id)) {
                        return Ok(Some(payload.to_vec()));
                    }
                }
            }
        }
    }
}

fn answer(received: Received<'_>, peer: SocketAddr, id: u32) -> Option<&[u8]> {
    let from = received.rinfo.socket_addr();
    // A socket of IPv6 writes 127.0.0.1 as ::ffff:127.0.0.1.
    let is_peer = |from: SocketAddr| {
        from.port() == peer.port() && from.ip().to_canonical() == peer.ip().to_canonical()
    };
    let letter = Letter::decode(received.bytes).ok()?;
    let is_it = letter.kind == Kind::Answer && letter.id == id && is_peer(from);
    is_it.then_some(letter.payload)
}

/// What the network tells of a lost datagram is no reason to give up.
fn passed_over<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(e) if speaks_of_a_datagram(&e) => Ok(None),
        done => done.map(Some),
    }
}
