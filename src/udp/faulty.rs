//! A transport that loses, repeats and reorders on purpose.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::datagrams::Datagrams;
use super::fate::{Fate, Fates, Lane};
use super::inbox::{Inbox, Received};

/// Wraps a transport. What is sent and what is received through it each meet the [`Fates`] they
/// were given, which are none from the start.
///
/// Several threads may receive, as from a [`Socket`](super::Socket): one of them receives from the
/// transport below, and each datagram that meets its fate wakes the others.
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
    /// Something has arrived, or nobody receives below any more.
    changed: Condvar,
    watch: Box<Watch>,
}

type Watch = dyn Fn(Direction, Fate, &[u8]) + Send + Sync;
type Datagram = (Vec<u8>, SocketAddr);

struct Receiving {
    lane: Lane<Datagram>,
    /// Out of the lane, and not yet asked for.
    arrived: VecDeque<Datagram>,
    /// A thread receives from the transport below. One at a time, or a second one would sleep there
    /// while its datagram has arrived here.
    has_receiver: bool,
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
            has_receiver: false,
        };
        Faulty {
            inner,
            sending: Mutex::new(Lane::new(Fates::default())),
            receiving: Mutex::new(receiving),
            changed: Condvar::new(),
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
    /// Sends whatever its fate makes of it. If one datagram cannot be sent, the others are, so that
    /// a report of an earlier one ([`Socket::send_to`](super::Socket::send_to)) costs no held-back
    /// one.
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        let (fate, out) = lock(&self.sending).go((message.to_vec(), to));
        (self.watch)(Direction::Sent, fate, message);
        let mut failed = None;
        for (message, to) in out {
            if let Err(e) = self.inner.send_to(&message, to) {
                failed.get_or_insert(e);
            }
        }
        failed.map_or(Ok(message.len()), Err)
    }

    fn recv_within<'a>(
        &self,
        inbox: &'a mut Inbox,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (message, from) = self.next(until)?;
        inbox.fill(|buf| {
            let n = message.len().min(buf.len());
            buf[..n].copy_from_slice(&message[..n]);
            Ok((n, from))
        })
    }
}

impl<T: Datagrams> Faulty<T> {
    /// The next datagram that has arrived, from whichever thread received it below.
    fn next(&self, until: Option<Instant>) -> io::Result<Datagram> {
        let mut receiving = lock(&self.receiving);
        loop {
            if let Some(datagram) = receiving.arrived.pop_front() {
                return Ok(datagram);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            receiving = match receiving.has_receiver {
                true => self.wait(receiving, left)?,
                false => {
                    receiving.has_receiver = true;
                    drop(receiving);
                    self.receive(Receiver(self), left)?;
                    lock(&self.receiving)
                }
            };
        }
    }

    /// While another thread receives below.
    fn wait<'a>(
        &'a self,
        receiving: MutexGuard<'a, Receiving>,
        left: Option<Duration>,
    ) -> io::Result<MutexGuard<'a, Receiving>> {
        match left {
            Some(Duration::ZERO) => Err(ErrorKind::TimedOut.into()),
            Some(left) => {
                let woken = self.changed.wait_timeout(receiving, left);
                Ok(woken.unwrap_or_else(PoisonError::into_inner).0)
            }
            None => {
                let woken = self.changed.wait(receiving);
                Ok(woken.unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    /// Receives a datagram below and lets it meet its fate. With no time left, one that is there.
    fn receive(&self, receiver: Receiver<'_, T>, left: Option<Duration>) -> io::Result<()> {
        let mut whole = Inbox::new();
        let Received { bytes, rinfo } = self.inner.recv_within(&mut whole, left)?;
        let mut receiving = lock(&self.receiving);
        let (fate, out) = receiving.lane.go((bytes.to_vec(), rinfo.socket_addr()));
        receiving.arrived.extend(out);
        drop(receiving);
        drop(receiver); // before `watch`, which is not ours
        (self.watch)(Direction::Received, fate, bytes);
        Ok(())
    }
}

/// The thread that receives below, until this is dropped.
struct Receiver<'a, T: Datagrams>(&'a Faulty<T>);

impl<T: Datagrams> Drop for Receiver<'_, T> {
    fn drop(&mut self) {
        lock(&self.0.receiving).has_receiver = false;
        self.0.changed.notify_all();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;
    use crate::udp::{Family, Socket, create_socket};
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver as Channel, Sender, channel};
    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(30);
    const MOMENT: Duration = Duration::from_millis(10);

    fn from() -> SocketAddr {
        ([127, 0, 0, 1], 58682).into()
    }

    /// A transport that tells when somebody receives, and waits for what comes of it; one at a time.
    struct Played {
        begins: Mutex<Sender<()>>,
        ends: Mutex<Channel<Result<&'static str, ErrorKind>>>,
    }

    type Ends = Sender<Result<&'static str, ErrorKind>>;

    fn played(fates: &str) -> (Arc<Faulty<Played>>, Channel<()>, Ends) {
        let ((begins, begun), (end, ends)) = (channel(), channel());
        let played = Played {
            begins: Mutex::new(begins),
            ends: Mutex::new(ends),
        };
        let faulty = Faulty::new(played).receiving(Fates::script(fates).unwrap());
        (Arc::new(faulty), begun, end)
    }

    impl Datagrams for Played {
        fn send_to(&self, message: &[u8], _to: SocketAddr) -> io::Result<usize> {
            match message {
                b"refused" => Err(ErrorKind::ConnectionRefused.into()),
                _ => {
                    lock(&self.begins).send(()).unwrap();
                    Ok(message.len())
                }
            }
        }

        fn recv_within<'a>(
            &self,
            inbox: &'a mut Inbox,
            _timeout: Option<Duration>,
        ) -> io::Result<Received<'a>> {
            let ends = self.ends.try_lock().expect("nobody else receives");
            lock(&self.begins).send(()).unwrap();
            let message = ends.recv_timeout(PATIENCE).expect("the test goes on")?;
            inbox.fill(|buf| {
                buf[..message.len()].copy_from_slice(message.as_bytes());
                Ok((message.len(), from()))
            })
        }
    }

    fn receive<T: Datagrams>(faulty: &Faulty<T>, timeout: Duration) -> io::Result<String> {
        let mut inbox = Inbox::new();
        let received = faulty.recv_within(&mut inbox, Some(timeout))?;
        Ok(String::from_utf8(received.bytes.to_vec()).unwrap())
    }

    #[test]
    fn fault_a28_a_second_receiver_gets_what_has_arrived() {
        let (faulty, begun, end) = played("2");
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let faulty = Arc::clone(&faulty);
                thread::spawn(move || receive(&faulty, PATIENCE))
            })
            .collect();
        begun.recv_timeout(PATIENCE).unwrap();
        end.send(Ok("both")).unwrap();
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap().unwrap(), "both");
        }
        assert!(begun.try_recv().is_err()); // one of them received for both
    }

    #[test]
    fn fault_a28_a_second_receiver_takes_over_and_has_a_deadline_of_its_own() {
        let (faulty, begun, end) = played("");
        let receiver = || {
            let faulty = Arc::clone(&faulty);
            thread::spawn(move || receive(&faulty, PATIENCE))
        };
        let first = receiver();
        begun.recv_timeout(PATIENCE).unwrap();
        for timeout in [MOMENT, Duration::ZERO] {
            assert!(is_timeout(&receive(&faulty, timeout).unwrap_err()));
        }
        let second = receiver();
        end.send(Err(ErrorKind::TimedOut)).unwrap(); // the first gives up
        assert!(is_timeout(&first.join().unwrap().unwrap_err()));
        begun.recv_timeout(PATIENCE).unwrap();
        end.send(Ok("here")).unwrap();
        assert_eq!(second.join().unwrap().unwrap(), "here");
    }

    fn socket() -> Socket {
        create_socket(Family::Udp4).bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn fault_a28_with_a_timeout_of_zero_what_is_here_is_received() {
        let socket = socket();
        let fates = Fates::script("x.~").unwrap();
        let faulty = Faulty::new(socket.clone()).receiving(fates);
        let take = || receive(&faulty, Duration::ZERO);
        assert!(is_timeout(&take().unwrap_err()));
        for message in ["lost", "a", "late", "b"] {
            socket
                .send_to(message.as_bytes(), socket.address())
                .unwrap();
        }
        let taken = [(); 3].map(|()| take().unwrap());
        assert_eq!(taken, ["a", "b", "late"]);
        assert!(is_timeout(&take().unwrap_err()));
    }

    #[test]
    fn fault_a29_an_error_of_one_datagram_costs_no_other() {
        let (faulty, begun, _end) = played("");
        let faulty = Arc::into_inner(faulty).unwrap();
        let faulty = faulty.sending(Fates::script("~.").unwrap());
        faulty.send_to(b"held back", from()).unwrap();
        let error = faulty.send_to(b"refused", from()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        begun.try_recv().expect("the other was sent");
    }
}
