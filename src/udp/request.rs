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

use super::datagrams::{Datagrams, send_past_pending_errors};
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
    /// So often the question is sent, at least once; 4. A try that could not be sent does not count,
    /// but as many of those end the request, too.
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
    ///   it may have been done, or be done yet. If the network has reported a lost datagram
    ///   meanwhile, the text says what it reported.
    /// - [`NetworkUnreachable`](ErrorKind::NetworkUnreachable) and the like: not even the first
    ///   question could be sent, so there is nothing to wait for.
    /// - [`InvalidInput`](ErrorKind::InvalidInput): `peer` is `0.0.0.0` or `::`, which nothing
    ///   answers from, or the question is too long.
    /// - What breaks the transport: [`is_closed`](super::is_closed) and the like. A report of a lost
    ///   datagram does not; the next try may do better.
    pub fn request(&mut self, peer: SocketAddr, payload: &[u8]) -> io::Result<Reply> {
        if peer.ip().is_unspecified() {
            let what = format!("{peer} names no one host that could answer");
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let (id, question) = self.write(payload);
        let began = Instant::now();
        let mut patience = self.retry.timeout;
        let most = self.retry.tries.max(1);
        let (mut tries, mut unsent) = (0, 0);
        let mut report = None;
        // RFC 768 §Introduction: "The protocol is transaction oriented, and delivery and duplicate
        // protection are not guaranteed."
        while tries < most && unsent < most {
            let left = self.retry.deadline.saturating_sub(began.elapsed());
            if left.is_zero() && tries > 0 {
                break;
            }
            match send_past_pending_errors(&self.transport, &question, peer) {
                Ok(_) => tries += 1,
                Err(e) if tries > 0 && speaks_of_a_datagram(&e) => {
                    unsent += 1;
                    report = Some(e);
                }
                Err(e) if speaks_of_a_datagram(&e) => {
                    let what = format!("cannot send to {peer}: {e}");
                    return Err(io::Error::new(e.kind(), what));
                }
                Err(e) => return Err(e),
            }
            let wait = patience.min(left);
            if let Some(payload) = self.wait(peer, id, wait, &mut report)? {
                return Ok(Reply { payload, tries });
            }
            patience = patience.saturating_mul(self.retry.backoff);
        }
        Err(no_answer(peer, tries, began.elapsed(), report))
    }

    fn write(&mut self, payload: &[u8]) -> (u32, Vec<u8>) {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let mut question = Vec::new();
        let kind = Kind::Question;
        Letter { kind, id, payload }.encode(&mut question);
        (id, question)
    }

    /// The answer, if it comes in time, whatever else comes before it. What is here already is taken
    /// even if there is no time to wait.
    fn wait(
        &mut self,
        peer: SocketAddr,
        id: u32,
        most: Duration,
        report: &mut Option<io::Error>,
    ) -> io::Result<Option<Vec<u8>>> {
        let began = Instant::now();
        loop {
            let left = most.saturating_sub(began.elapsed());
            match self.transport.recv_within(&mut self.inbox, Some(left)) {
                Ok(received) => {
                    if let Some(payload) = answer(received, peer, id) {
                        return Ok(Some(payload.to_vec()));
                    }
                }
                Err(e) if is_timeout(&e) => return Ok(None),
                Err(e) if speaks_of_a_datagram(&e) => *report = Some(e),
                Err(e) => return Err(e),
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }
}

fn no_answer(peer: SocketAddr, tries: u32, took: Duration, report: Option<io::Error>) -> io::Error {
    let report = report.map_or_else(String::new, |e| format!("; the network reported: {e}"));
    let what = format!("no answer from {peer} to {tries} tries in {took:.1?}{report}");
    io::Error::new(ErrorKind::TimedOut, what)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::VecDeque;

    const ANSWER: &[u8] = b"A\0\0\0\x07yes";

    /// A transport whose calls end as is written down; then all is sent and nothing comes.
    #[derive(Default)]
    struct Script {
        sends: RefCell<VecDeque<Option<ErrorKind>>>,
        receives: RefCell<VecDeque<Result<&'static [u8], ErrorKind>>>,
        /// How often each was called.
        called: RefCell<(u32, u32)>,
    }

    impl Script {
        fn new<const S: usize, const R: usize>(
            sends: [Option<ErrorKind>; S],
            receives: [Result<&'static [u8], ErrorKind>; R],
        ) -> Script {
            Script {
                sends: RefCell::new(sends.into()),
                receives: RefCell::new(receives.into()),
                ..Script::default()
            }
        }
    }

    impl Datagrams for Script {
        fn send_to(&self, message: &[u8], _to: SocketAddr) -> io::Result<usize> {
            self.called.borrow_mut().0 += 1;
            match self.sends.borrow_mut().pop_front().flatten() {
                Some(kind) => Err(kind.into()),
                None => Ok(message.len()),
            }
        }

        fn recv_within<'a>(
            &self,
            inbox: &'a mut Inbox,
            _timeout: Option<Duration>,
        ) -> io::Result<Received<'a>> {
            self.called.borrow_mut().1 += 1;
            let next = self.receives.borrow_mut().pop_front();
            let datagram = next.unwrap_or(Err(ErrorKind::TimedOut))?;
            inbox.fill(|buf| {
                buf[..datagram.len()].copy_from_slice(datagram);
                Ok((datagram.len(), peer()))
            })
        }
    }

    fn peer() -> SocketAddr {
        ([127, 0, 0, 1], 41234).into()
    }

    /// Asks with so many tries; also how often was sent and received.
    fn ask(script: Script, tries: u32) -> (io::Result<Reply>, (u32, u32)) {
        let mut requester = Requester::with_first_id(script, 7);
        requester.retry.tries = tries;
        let reply = requester.request(peer(), b"?");
        (reply, requester.transport.called.take())
    }

    const REFUSED: Option<ErrorKind> = Some(ErrorKind::ConnectionRefused);
    const NO_ROUTE: Option<ErrorKind> = Some(ErrorKind::NetworkUnreachable);

    #[test]
    fn fault_a28_a_pending_error_takes_no_try_away() {
        let (reply, calls) = ask(Script::new([REFUSED, REFUSED, None], [Ok(ANSWER)]), 1);
        assert_eq!((reply.unwrap().tries, calls), (1, (3, 1)));
    }

    #[test]
    fn fault_a28_without_a_route_it_says_so_and_does_not_wait() {
        let (reply, calls) = ask(Script::new([NO_ROUTE; 10], []), 4);
        let error = reply.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
        let text = "cannot send to 127.0.0.1:41234: network unreachable";
        assert_eq!(error.to_string(), text);
        assert_eq!(calls, (4, 0)); // perhaps it was the report of an earlier datagram
    }

    #[test]
    fn fault_a28_a_try_that_was_not_sent_does_not_count() {
        let sends = [None, NO_ROUTE, NO_ROUTE, NO_ROUTE, NO_ROUTE, None];
        let late = Err(ErrorKind::TimedOut);
        let (reply, calls) = ask(Script::new(sends, [late, late, Ok(ANSWER)]), 2);
        assert_eq!((reply.unwrap().tries, calls), (2, (6, 3)));
        // The answer to an earlier try may come meanwhile.
        let (reply, calls) = ask(Script::new(sends, [late, Ok(ANSWER)]), 2);
        assert_eq!((reply.unwrap().tries, calls), (1, (5, 2)));
    }

    #[test]
    fn fault_a28_a_route_that_is_lost_for_good_ends_it() {
        let mut sends = [NO_ROUTE; 41];
        sends[0] = None;
        let (reply, calls) = ask(Script::new(sends, []), 10);
        let text = reply.unwrap_err().to_string();
        assert!(text.contains("to 1 tries in "), "{text}");
        assert!(
            text.ends_with("; the network reported: network unreachable"),
            "{text}"
        );
        assert_eq!(calls, (41, 11));
    }

    #[test]
    fn fault_a28_what_the_network_reported_is_in_the_error() {
        let receives = [Err(ErrorKind::ConnectionRefused), Err(ErrorKind::TimedOut)];
        let (reply, calls) = ask(Script::new([], receives), 1);
        let error = reply.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let text = error.to_string();
        assert!(
            text.starts_with("no answer from 127.0.0.1:41234 to 1 tries"),
            "{text}"
        );
        assert!(
            text.ends_with("; the network reported: connection refused"),
            "{text}"
        );
        assert_eq!(calls, (1, 2));
    }

    #[test]
    fn fault_a28_with_no_time_to_wait_an_answer_that_is_here_is_taken() {
        let mut requester = Requester::with_first_id(Script::new([], [Ok(ANSWER)]), 7);
        requester.retry.timeout = Duration::ZERO;
        requester.retry.tries = 1;
        assert_eq!(requester.request(peer(), b"?").unwrap().payload, b"yes");
    }
}
