//! Answering questions that may come twice: each is worked on once.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::datagrams::{Datagrams, send_past_pending_errors};
use super::descriptor::is_closed;
use super::inbox::Inbox;
use super::receiving::speaks_of_a_datagram;
use super::wire::{Kind, Letter};
use crate::net::is_timeout;

/// Answers are datagrams, so this many of them take 8 MiB at most.
const REMEMBERED: usize = 128;

/// Answers the questions of [`Requester`](super::Requester)s with a closure, and remembers the last
/// answers: a question that comes again gets the same answer and is not worked on again. "Again"
/// is the same number from the same address.
///
/// The memory is bounded, so this is no "exactly once": with more questions between a question and
/// its repetition than there are answers remembered, it is worked on again.
///
/// An answer longer than its question makes this a lever for others: who writes a false sender on a
/// question has the answer sent there. Keep answers short towards strangers.
pub struct Responder<F> {
    work: F,
    most: usize,
    memory: VecDeque<Remembered>,
}

struct Remembered {
    from: SocketAddr,
    id: u32,
    letter: Vec<u8>,
}

impl<F: FnMut(&[u8], SocketAddr) -> Vec<u8>> Responder<F> {
    /// `work` is given a question's payload and its sender and returns the answer's payload.
    pub fn new(work: F) -> Responder<F> {
        Responder {
            work,
            most: REMEMBERED,
            memory: VecDeque::new(),
        }
    }

    /// Remembers so many answers, at least one; 128 from the start.
    #[must_use]
    pub fn remember(mut self, answers: usize) -> Responder<F> {
        self.most = answers.max(1);
        self
    }

    /// The datagram to send back for one that came; `None` where that was no question.
    ///
    /// ```
    /// use barewire::udp::Responder;
    ///
    /// let mut worked = 0;
    /// let mut responder = Responder::new(|question: &[u8], _| {
    ///     worked += 1;
    ///     question.to_ascii_uppercase()
    /// });
    /// let from = "127.0.0.1:58682".parse().unwrap();
    /// assert_eq!(responder.respond(b"Q\0\0\0\x07hi", from), Some(&b"A\0\0\0\x07HI"[..]));
    /// assert_eq!(responder.respond(b"Q\0\0\0\x07hi", from), Some(&b"A\0\0\0\x07HI"[..]));
    /// assert_eq!(responder.respond(b"A\0\0\0\x07HI", from), None);
    /// drop(responder);
    /// assert_eq!(worked, 1);
    /// ```
    pub fn respond(&mut self, datagram: &[u8], from: SocketAddr) -> Option<&[u8]> {
        let question = Letter::decode(datagram).ok()?;
        if question.kind != Kind::Question {
            return None;
        }
        let id = question.id;
        let known = |it: &Remembered| it.id == id && it.from == from;
        if let Some(at) = self.memory.iter().position(known) {
            return Some(&self.memory[at].letter);
        }
        let payload = &(self.work)(question.payload, from);
        let (kind, mut letter) = (Kind::Answer, Vec::new());
        Letter { kind, id, payload }.encode(&mut letter);
        self.memory.truncate(self.most - 1); // the oldest is the last
        self.memory.push_front(Remembered { from, id, letter });
        Some(&self.memory[0].letter)
    }

    /// Receives and answers on this thread until the transport is closed. `error` is told what
    /// could not be sent (an answer that has no room in a datagram, for one).
    ///
    /// # Errors
    /// What else breaks the transport.
    pub fn serve(
        &mut self,
        transport: &impl Datagrams,
        mut error: impl FnMut(&io::Error),
    ) -> io::Result<()> {
        let mut inbox = Inbox::new();
        loop {
            match transport.recv_within(&mut inbox, None) {
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
                Err(e) if is_timeout(&e) || speaks_of_a_datagram(&e) => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl<F> fmt::Debug for Responder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("most", &self.most)
            .field("remembered", &self.memory.len())
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
    fn again_is_the_same_number_from_the_same_address() {
        let mut worked = 0;
        let mut responder = Responder::new(|_: &[u8], _| {
            worked += 1;
            vec![worked]
        });
        let mut ask =
            |id: u8, port| responder.respond(&[b'Q', 0, 0, 0, id], from(port)).unwrap()[5];
        assert_eq!([ask(1, 1), ask(1, 1)], [1, 1]);
        assert_eq!([ask(2, 1), ask(1, 2)], [2, 3]);
        assert_eq!([ask(1, 1), ask(2, 1), ask(1, 2)], [1, 2, 3]);
    }

    #[test]
    fn the_oldest_answer_is_forgotten() {
        let mut worked = 0;
        let responder = Responder::new(|_: &[u8], _| {
            worked += 1;
            vec![worked]
        });
        let mut responder = responder.remember(2);
        let mut ask = |id: u8| responder.respond(&[b'Q', 0, 0, 0, id], from(1)).unwrap()[5];
        assert_eq!([ask(1), ask(2), ask(1)], [1, 2, 1]);
        assert_eq!([ask(3), ask(2), ask(1)], [3, 2, 4]);
        assert_eq!(responder.memory.len(), 2);
    }

    #[test]
    fn what_is_no_question_gets_no_answer() {
        let mut responder = Responder::new(|_: &[u8], _| panic!("nobody asked"));
        for datagram in [&b""[..], b"Q\0\0\0", b"A\0\0\0\x01", b"hello"] {
            assert_eq!(responder.respond(datagram, from(1)), None);
        }
    }
}
