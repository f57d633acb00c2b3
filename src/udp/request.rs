//! Questions over a transport that loses datagrams: wait, repeat, and recognise the answer.
//!
//! ```text
//!   Requester                        Responder
//!      │── Q 7 "add 1" ──► lost
//!      ·  timeout
//!      │── Q 7 "add 1" ──────────────► │ handles it, remembers A 7
//!      │                    lost ◄── A 7 "1" ──│
//!      ·  timeout × backoff
//!      │── Q 7 "add 1" ──────────────► │ remembers it: does not handle it again
//!      │ ◄──────────────────── A 7 "1" ──│
//!      │── Q 8 "add 1" ──────────────► │ …
//!      │ ◄── a second A 7: another id, ignored
//! ```

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::datagrams::{Datagrams, send_past_pending_errors};
use super::family::invalid;
use super::receive_buffer::{ReceiveBuffer, Received};
use super::receiving::reports_earlier_datagram;
use super::wire::{Kind, Packet};
use crate::net::is_timeout;

/// The timeouts and the number of tries of a [`Requester`].
///
/// ```
/// use barewire::udp::Retry;
/// use std::time::Duration;
///
/// // After 100, 200 and 400 ms the question is sent again; after 800 ms more it is given up.
/// let retry = Retry { timeout: Duration::from_millis(100), ..Retry::default() };
/// assert_eq!((retry.tries, retry.backoff), (4, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long the first try waits for the answer; 500 ms.
    pub timeout: Duration,
    /// The factor from the wait of one try to that of the next; 2.
    pub backoff: u32,
    /// How often the question is sent, at least once; 4. A send that fails is not counted here, but
    /// as many failed sends end the request, too.
    pub tries: u32,
    /// The limit for all tries together; 10 s.
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
///
/// ```
/// use barewire::udp::{self, Family, Requester, Responder};
/// use std::thread;
///
/// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let (address, answering) = (server.local_addr(), server.clone());
/// let thread = thread::spawn(move || {
///     Responder::new(|question: &[u8], _| question.to_ascii_uppercase()).serve(&answering, |_| ())
/// });
///
/// let mut requester = Requester::new(udp::create_socket(Family::V4).bind("127.0.0.1:0")?);
/// let reply = requester.request(address, b"hello")?;
/// assert_eq!(reply.payload, b"HELLO");
/// println!("sent {} times", reply.tries); // more than once if a datagram was lost
/// # server.close();
/// # thread.join().unwrap()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The content of the answer.
    pub payload: Vec<u8>,
    /// How often the question had been sent when the answer arrived.
    pub tries: u32,
}

/// Sends one question at a time, in the format of [`wire`](super::wire), and waits for its answer.
///
/// Each question has its own id. A datagram is its answer only if it has the same id and comes from
/// the address of the peer: so an answer to an earlier question is
/// ignored, and so is one from another address. All tries of a question have the same id: an answer to any of
/// them is taken. (A host with several
/// addresses may answer from another one; then send the question there.) While a requester waits,
/// nothing else may receive from the same transport, or the answer could go there.
///
/// The id prevents mistakes, not attacks: an attacker that guesses the id and writes the peer's
/// address on a datagram can answer in the peer's place.
///
/// ```
/// use barewire::udp::{self, Family, Faulty, Requester, Responder, Retry};
/// use std::{thread, time::Duration};
///
/// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let address = server.local_addr();
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
/// let client = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let faulty = Faulty::new(client).sending("x".parse()?).receiving("x".parse()?);
/// let mut requester = Requester::new(faulty);
/// requester.retry = Retry { timeout: Duration::from_millis(50), tries: 10, ..Retry::default() };
///
/// let reply = requester.request(address, b"four")?;
/// assert_eq!(reply.payload, b"4"); // received twice, added once
/// assert!(reply.tries >= 3);
///
/// server.close();
/// thread.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Requester<T> {
    /// Timeouts and tries.
    pub retry: Retry,
    transport: T,
    next_id: u32,
    buffer: ReceiveBuffer,
}

impl<T: Datagrams> Requester<T> {
    /// The first id comes from the clock: a requester on a port that another one has just left must
    /// not take the other one's answers.
    pub fn new(transport: T) -> Requester<T> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Requester::with_first_id(transport, now.unwrap_or_default().as_nanos() as u32)
    }

    /// With the id of the first question, for tests.
    pub fn with_first_id(transport: T, id: u32) -> Requester<T> {
        Requester {
            retry: Retry::default(),
            transport,
            next_id: id,
            buffer: ReceiveBuffer::new(),
        }
    }

    /// Sends the question to `peer` until it answers, or until the tries or the deadline are used up.
    ///
    /// # Errors
    /// - [`TimedOut`](ErrorKind::TimedOut): no answer. The question may have been handled, or may
    ///   still be. If the network has reported a lost datagram, the text has that report.
    /// - [`NetworkUnreachable`](ErrorKind::NetworkUnreachable) and similar: the first question could
    ///   not be sent, so there is nothing to wait for.
    /// - [`InvalidInput`](ErrorKind::InvalidInput): `peer` is `0.0.0.0` or `::`, from which no answer
    ///   comes, or the question is too long.
    /// - An error that breaks the transport, such as [`is_closed`](super::is_closed). A report of a
    ///   lost datagram does not break it; the next try may succeed.
    pub fn request(&mut self, peer: SocketAddr, payload: &[u8]) -> io::Result<Reply> {
        if peer.ip().is_unspecified() {
            return Err(invalid(format!("{peer} is not the address of one host")));
        }
        let (id, question) = self.encode(payload);
        let began = Instant::now();
        let mut timeout = self.retry.timeout;
        let max_tries = self.retry.tries.max(1);
        let (mut tries, mut unsent, mut report) = (0, 0, None);
        // RFC 768 §Introduction: "The protocol is transaction oriented, and delivery and duplicate
        // protection are not guaranteed."
        while tries < max_tries && unsent < max_tries {
            let left = self.retry.deadline.saturating_sub(began.elapsed());
            if left.is_zero() && tries > 0 {
                break;
            }
            match send_past_pending_errors(&self.transport, &question, peer) {
                Ok(_) => tries += 1,
                Err(e) if !reports_earlier_datagram(&e) => return Err(e),
                Err(e) if tries == 0 => {
                    let text = format!("cannot send to {peer}: {e}");
                    return Err(io::Error::new(e.kind(), text));
                }
                Err(e) => {
                    unsent += 1;
                    report = Some(e);
                }
            }
            if let Some(payload) = self.wait(peer, id, timeout.min(left), &mut report)? {
                return Ok(Reply { payload, tries });
            }
            timeout = timeout.saturating_mul(self.retry.backoff);
        }
        Err(no_answer(peer, tries, began.elapsed(), report))
    }

    fn encode(&mut self, payload: &[u8]) -> (u32, Vec<u8>) {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let mut question = Vec::new();
        let kind = Kind::Question;
        Packet { kind, id, payload }.encode(&mut question);
        (id, question)
    }

    /// The answer, if it arrives in time, whatever arrives before it. An answer that has arrived already
    /// is taken even if the timeout is zero.
    fn wait(
        &mut self,
        peer: SocketAddr,
        id: u32,
        timeout: Duration,
        report: &mut Option<io::Error>,
    ) -> io::Result<Option<Vec<u8>>> {
        let began = Instant::now();
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            match self.transport.recv_within(&mut self.buffer, Some(left)) {
                Ok(received) => {
                    if let Some(payload) = answer(received, peer, id) {
                        return Ok(Some(payload.to_vec()));
                    }
                }
                Err(e) if is_timeout(&e) => return Ok(None),
                Err(e) if reports_earlier_datagram(&e) => *report = Some(e),
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
    let text = format!("no answer from {peer} to {tries} tries in {took:.1?}{report}");
    io::Error::new(ErrorKind::TimedOut, text)
}

fn answer(received: Received<'_>, peer: SocketAddr, id: u32) -> Option<&[u8]> {
    let from = received.rinfo.socket_addr();
    // On a socket of IPv6, 127.0.0.1 is ::ffff:127.0.0.1.
    let is_peer = |from: SocketAddr| {
        from.port() == peer.port() && from.ip().to_canonical() == peer.ip().to_canonical()
    };
    let packet = Packet::decode(received.bytes).ok()?;
    let is_answer = packet.kind == Kind::Answer && packet.id == id && is_peer(from);
    is_answer.then_some(packet.payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::VecDeque;

    const ANSWER: &[u8] = b"A\0\0\0\x07yes";

    /// A transport whose calls end as the script says; afterwards each send succeeds and nothing arrives.
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
            buffer: &'a mut ReceiveBuffer,
            _timeout: Option<Duration>,
        ) -> io::Result<Received<'a>> {
            self.called.borrow_mut().1 += 1;
            let next = self.receives.borrow_mut().pop_front();
            let datagram = next.unwrap_or(Err(ErrorKind::TimedOut))?;
            buffer.fill(|buf| {
                buf[..datagram.len()].copy_from_slice(datagram);
                Ok((datagram.len(), peer()))
            })
        }
    }

    fn peer() -> SocketAddr {
        ([127, 0, 0, 1], 41234).into()
    }

    /// A question with a number of tries. Also returns how often was sent and received.
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
