//! Answers to questions that may arrive twice: each is handled once.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::datagrams::{Datagrams, send_past_pending_errors};
use super::descriptor::is_closed;
use super::receive_buffer::ReceiveBuffer;
use super::receiving::reports_earlier_datagram;
use super::wire::{Kind, Packet};
use crate::net::is_timeout;

/// Each is a datagram, so they take 8 MiB at most.
const DEFAULT_REMEMBERED: usize = 128;

/// Answers the questions of [`Requester`](super::Requester)s with a closure, and remembers the last
/// answers: a repeated question (the same id from the same address) gets the same answer and is not
/// handled again.
///
/// The memory is bounded, so this is not "exactly once": if more other questions arrive between a
/// question and its repetition than answers are remembered, the question is handled again.
///
/// An answer that is longer than its question can be abused for amplification: an attacker writes a
/// victim's address on a question, and the answer goes to the victim. Keep answers to strangers short.
///
/// ```
/// use barewire::udp::{self, Family, Requester, Responder};
/// use std::thread;
///
/// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let (address, answering) = (server.local_addr(), server.clone());
/// let thread = thread::spawn(move || {
///     let mut visits = 0;
///     let mut responder = Responder::new(|_question: &[u8], _from| {
///         visits += 1; // once for each question, however often it arrives
///         format!("{visits}").into_bytes()
///     });
///     responder.serve(&answering, |error| eprintln!("{error}"))
/// });
///
/// let mut requester = Requester::new(udp::create_socket(Family::V4).bind("127.0.0.1:0")?);
/// assert_eq!(requester.request(address, b"")?.payload, b"1");
/// assert_eq!(requester.request(address, b"")?.payload, b"2");
/// server.close(); // `serve` returns
/// thread.join().unwrap()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Responder<F> {
    handler: F,
    max_remembered: usize,
    /// The newest answer is the first.
    remembered: VecDeque<Answer>,
}

struct Answer {
    from: SocketAddr,
    id: u32,
    datagram: Vec<u8>,
}

impl<F: FnMut(&[u8], SocketAddr) -> Vec<u8>> Responder<F> {
    /// `handler` gets the payload of a question and its sender, and returns the payload of the answer.
    pub fn new(handler: F) -> Responder<F> {
        Responder {
            handler,
            max_remembered: DEFAULT_REMEMBERED,
            remembered: VecDeque::new(),
        }
    }

    /// How many answers are remembered, at least one; 128 by default.
    #[must_use]
    pub fn remember(mut self, answers: usize) -> Responder<F> {
        self.max_remembered = answers.max(1);
        self
    }

    /// The datagram that answers this one; `None` if this one is not a question.
    ///
    /// ```
    /// use barewire::udp::Responder;
    ///
    /// let mut handled = 0;
    /// let mut responder = Responder::new(|question: &[u8], _| {
    ///     handled += 1;
    ///     question.to_ascii_uppercase()
    /// });
    /// let from = "127.0.0.1:58682".parse().unwrap();
    /// assert_eq!(responder.respond(b"Q\0\0\0\x07hi", from), Some(&b"A\0\0\0\x07HI"[..]));
    /// assert_eq!(responder.respond(b"Q\0\0\0\x07hi", from), Some(&b"A\0\0\0\x07HI"[..]));
    /// assert_eq!(responder.respond(b"A\0\0\0\x07HI", from), None);
    /// drop(responder);
    /// assert_eq!(handled, 1);
    /// ```
    pub fn respond(&mut self, datagram: &[u8], from: SocketAddr) -> Option<&[u8]> {
        let question = Packet::decode(datagram).ok()?;
        if question.kind != Kind::Question {
            return None;
        }
        let id = question.id;
        let is_same = |it: &Answer| it.id == id && it.from == from;
        if let Some(at) = self.remembered.iter().position(is_same) {
            return Some(&self.remembered[at].datagram);
        }
        let payload = &(self.handler)(question.payload, from);
        let (kind, mut datagram) = (Kind::Answer, Vec::new());
        Packet { kind, id, payload }.encode(&mut datagram);
        self.remembered.truncate(self.max_remembered - 1);
        self.remembered.push_front(Answer { from, id, datagram });
        Some(&self.remembered[0].datagram)
    }

    /// Receives and answers on this thread until the transport is closed. `error` is called when an
    /// answer could not be sent (for example, one that has no room in a datagram).
    ///
    /// # Errors
    /// Any other error of the transport.
    pub fn serve(
        &mut self,
        transport: &impl Datagrams,
        mut error: impl FnMut(&io::Error),
    ) -> io::Result<()> {
        let mut buffer = ReceiveBuffer::new();
        loop {
            match transport.recv_within(&mut buffer, None) {
                Ok(received) => {
                    let from = received.rinfo.socket_addr();
                    let answer = self.respond(received.bytes, from);
                    match answer.map(|answer| send_past_pending_errors(transport, answer, from)) {
                        Some(Err(e)) if is_closed(&e) => return Ok(()),
                        Some(Err(e)) => error(&e),
                        Some(Ok(_)) | None => {}
                    }
                }
                Err(e) if is_closed(&e) => return Ok(()),
                Err(e) if is_timeout(&e) || reports_earlier_datagram(&e) => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl<F> fmt::Debug for Responder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("max_remembered", &self.max_remembered)
            .field("remembered", &self.remembered.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn a_repetition_has_the_same_id_and_the_same_address() {
        let mut handled = 0;
        let mut responder = Responder::new(|_: &[u8], _| {
            handled += 1;
            vec![handled]
        });
        let mut ask =
            |id: u8, port| responder.respond(&[b'Q', 0, 0, 0, id], from(port)).unwrap()[5];
        assert_eq!([ask(1, 1), ask(1, 1)], [1, 1]);
        assert_eq!([ask(2, 1), ask(1, 2)], [2, 3]);
        assert_eq!([ask(1, 1), ask(2, 1), ask(1, 2)], [1, 2, 3]);
    }

    #[test]
    fn the_oldest_answer_is_forgotten() {
        let mut handled = 0;
        let responder = Responder::new(|_: &[u8], _| {
            handled += 1;
            vec![handled]
        });
        let mut responder = responder.remember(2);
        let mut ask = |id: u8| responder.respond(&[b'Q', 0, 0, 0, id], from(1)).unwrap()[5];
        assert_eq!([ask(1), ask(2), ask(1)], [1, 2, 1]);
        assert_eq!([ask(3), ask(2), ask(1)], [3, 2, 4]);
        assert_eq!(responder.remembered.len(), 2);
    }

    #[test]
    fn only_a_question_gets_an_answer() {
        let mut responder = Responder::new(|_: &[u8], _| panic!("not a question"));
        for datagram in [&b""[..], b"Q\0\0\0", b"A\0\0\0\x01", b"hello"] {
            assert_eq!(responder.respond(datagram, from(1)), None);
        }
    }
}
