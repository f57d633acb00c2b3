//! A transport that loses, repeats and reorders on purpose.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::datagrams::Datagrams;
use super::fate::{Fate, Fates, Lane};
use super::inbox::{Inbox, Received};

/// Wraps a transport. What is sent and what is received through it each meet the [`Fates`] they
/// were given, which are none from the start.
///
/// ```
/// use barewire::udp::{self, Datagrams, Family, Faulty, Fates, Inbox};
///
/// let socket = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
/// let (itself, mut inbox) = (socket.address(), Inbox::new());
/// let faulty = Faulty::new(socket).sending(Fates::script(".x2~")?);
/// for message in ["a", "b", "c", "d", "e"] {
///     faulty.send_to(message.as_bytes(), itself)?;
/// }
/// let mut arrived = String::new();
/// while arrived.len() < 5 {
///     arrived.push_str(std::str::from_utf8(faulty.recv_within(&mut inbox, None)?.bytes)?);
/// }
/// assert_eq!(arrived, "acced");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Faulty<T> {
    inner: T,
    sending: Mutex<Lane<Datagram>>,
    receiving: Mutex<Receiving>,
    watch: Box<Watch>,
}

type Watch = dyn Fn(Direction, Fate, &[u8]) + Send + Sync;
type Datagram = (Vec<u8>, SocketAddr);

struct Receiving {
    lane: Lane<Datagram>,
    /// Out of the lane, and not yet asked for.
    arrived: VecDeque<Datagram>,
}

/// Which way a datagram went, seen from the [`Faulty`] transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Out.
    Sent,
    /// In.
    Received,
}

impl<T: Datagrams> Faulty<T> {
    /// Without faults.
    pub fn new(inner: T) -> Faulty<T> {
        let receiving = Receiving {
            lane: Lane::new(Fates::default()),
            arrived: VecDeque::new(),
        };
        Faulty {
            inner,
            sending: Mutex::new(Lane::new(Fates::default())),
            receiving: Mutex::new(receiving),
            watch: Box::new(|_, _, _| ()),
        }
    }

    /// What becomes of the datagrams that are sent.
    #[must_use]
    pub fn sending(mut self, fates: Fates) -> Faulty<T> {
        self.sending = Mutex::new(Lane::new(fates));
        self
    }

    /// What becomes of the datagrams that are received.
    #[must_use]
    pub fn receiving(self, fates: Fates) -> Faulty<T> {
        lock(&self.receiving).lane = Lane::new(fates);
        self
    }

    /// Is told of each datagram and its fate.
    #[must_use]
    pub fn watch(
        mut self,
        watch: impl Fn(Direction, Fate, &[u8]) + Send + Sync + 'static,
    ) -> Faulty<T> {
        self.watch = Box::new(watch);
        self
    }
}

impl<T: Datagrams> Datagrams for Faulty<T> {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        let (fate, out) = lock(&self.sending).go((message.to_vec(), to));
        (self.watch)(Direction::Sent, fate, message);
        for (message, to) in out {
            self.inner.send_to(&message, to)?;
        }
        Ok(message.len())
    }

    fn recv_within<'a>(
        &self,
        inbox: &'a mut Inbox,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let arrived = lock(&self.receiving).arrived.pop_front();
            if let Some((message, from)) = arrived {
                return inbox.fill(|buf| {
                    let n = message.len().min(buf.len());
                    buf[..n].copy_from_slice(&message[..n]);
                    Ok((n, from))
                });
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            self.receive(left)?;
        }
    }
}

impl<T: Datagrams> Faulty<T> {
    /// Receives a datagram and lets it meet its fate.
    fn receive(&self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return Err(ErrorKind::TimedOut.into());
        }
        let mut whole = Inbox::new();
        let Received { bytes, rinfo } = self.inner.recv_within(&mut whole, timeout)?;
        let mut receiving = lock(&self.receiving);
        let (fate, out) = receiving.lane.go((bytes.to_vec(), rinfo.socket_addr()));
        receiving.arrived.extend(out);
        drop(receiving);
        (self.watch)(Direction::Received, fate, bytes);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: fmt::Debug> fmt::Debug for Faulty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
