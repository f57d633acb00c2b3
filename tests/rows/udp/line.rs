//! A network without a clock: a question is answered while it is sent. If no answer has arrived, a
//! receiver times out at once.

use barewire::udp::{Datagrams, ReceiveBuffer, Received, Responder};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

/// The requester's address.
pub(crate) fn client() -> SocketAddr {
    ([127, 0, 0, 1], 58682).into()
}

/// The responder's address.
pub(crate) fn server() -> SocketAddr {
    ([127, 0, 0, 1], 41234).into()
}

/// The client's end, with a server at the other.
pub(crate) struct Line<F> {
    server: Mutex<Responder<F>>,
    /// Answers that have arrived.
    answers: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
    /// The timeout of each receive.
    waits: Mutex<Vec<Duration>>,
}

impl<F: FnMut(&[u8], SocketAddr) -> Vec<u8>> Line<F> {
    pub(crate) fn new(work: F) -> Line<F> {
        Line {
            server: Mutex::new(Responder::new(work)),
            answers: Mutex::default(),
            waits: Mutex::default(),
        }
    }

    /// Adds a datagram that has arrived at the client.
    pub(crate) fn arrives(&self, datagram: &[u8], from: SocketAddr) {
        let mut answers = self.answers.lock().unwrap();
        answers.push_back((datagram.to_vec(), from));
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl<F: FnMut(&[u8], SocketAddr) -> Vec<u8>> Datagrams for Line<F> {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        assert_eq!(to, server());
        if let Some(answer) = self.server.lock().unwrap().respond(message, client()) {
            self.arrives(answer, server());
        }
        Ok(message.len())
    }

    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        self.waits.lock().unwrap().extend(timeout);
        let next = self.answers.lock().unwrap().pop_front();
        let (datagram, from) = next.ok_or(ErrorKind::TimedOut)?;
        buffer.fill(|buf| {
            buf[..datagram.len()].copy_from_slice(&datagram);
            Ok((datagram.len(), from))
        })
    }
}
