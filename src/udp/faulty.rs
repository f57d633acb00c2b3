//! A transport that drops, duplicates and delays datagrams on purpose.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::datagrams::Datagrams;
use super::fault::{Fault, FaultPlan, FaultyPath};
use super::receive_buffer::{ReceiveBuffer, Received};
use crate::net::{Exclusive, lock};

/// Wraps a transport. Each direction has a [`FaultPlan`]; by default neither has faults.
///
/// Several threads may receive, as from a [`Socket`](super::Socket). One of them at a time receives from
/// the transport below; the others wait for it, each until its own timeout.
///
/// ```
/// use barewire::udp::{self, Datagrams, Family, Faulty, ReceiveBuffer};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let (itself, mut buffer) = (socket.local_addr(), ReceiveBuffer::new());
/// let faulty = Faulty::new(socket).sending(".x2~".parse()?);
/// for message in ["a", "b", "c", "d", "e"] {
///     faulty.send_to(message.as_bytes(), itself)?;
/// }
/// let mut arrived = String::new();
/// while arrived.len() < 5 {
///     arrived.push_str(std::str::from_utf8(faulty.recv_within(&mut buffer, None)?.bytes)?);
/// }
/// assert_eq!(arrived, "acced");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Faulty<T> {
    below: T,
    sending: Mutex<FaultyPath<Datagram>>,
    /// One thread at a time receives below: a second one could sleep there while its datagram has
    /// arrived here.
    receiving: Exclusive<Receiving>,
    observer: Box<Observer>,
}

type Observer = dyn Fn(Direction, Fault, &[u8]) + Send + Sync;
type Datagram = (Vec<u8>, SocketAddr);

struct Receiving {
    path: FaultyPath<Datagram>,
    /// Datagrams that the path has carried and no thread has taken.
    arrived: VecDeque<Datagram>,
}

impl Receiving {
    fn new(plan: FaultPlan) -> Exclusive<Receiving> {
        let (path, arrived) = (FaultyPath::new(plan), VecDeque::new());
        Exclusive::new(Receiving { path, arrived })
    }
}

/// Which way a datagram went, seen from the [`Faulty`] transport.
///
/// ```
/// use barewire::udp::{self, Datagrams, Direction, Family, Faulty};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let itself = socket.local_addr();
/// let faulty = Faulty::new(socket).sending("x".parse()?).watch(|direction, fault, datagram| {
///     assert_eq!(direction, Direction::Sent);
///     println!("{datagram:?}: {fault}"); // "dropped"
/// });
/// faulty.send_to(b"hello", itself)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Out.
    Sent,
    /// In.
    Received,
}

impl<T: Datagrams> Faulty<T> {
    /// Without faults.
    pub fn new(below: T) -> Faulty<T> {
        Faulty {
            below,
            sending: Mutex::new(FaultyPath::new(FaultPlan::default())),
            receiving: Receiving::new(FaultPlan::default()),
            observer: Box::new(|_, _, _| ()),
        }
    }

    /// The faults of the datagrams that are sent.
    #[must_use]
    pub fn sending(self, plan: FaultPlan) -> Faulty<T> {
        *lock(&self.sending) = FaultyPath::new(plan);
        self
    }

    /// The faults of the datagrams that are received.
    #[must_use]
    pub fn receiving(mut self, plan: FaultPlan) -> Faulty<T> {
        self.receiving = Receiving::new(plan);
        self
    }

    /// `observer` is called with each datagram and its fault, on the thread that sends or receives.
    #[must_use]
    pub fn watch(
        mut self,
        observer: impl Fn(Direction, Fault, &[u8]) + Send + Sync + 'static,
    ) -> Faulty<T> {
        self.observer = Box::new(observer);
        self
    }

    /// The next datagram that has arrived, whichever thread received it below. With a deadline that has
    /// passed, it takes a datagram that has arrived below.
    fn next(&self, until: Option<Instant>) -> io::Result<Datagram> {
        let mut whole = ReceiveBuffer::new();
        loop {
            let mut receiving = self.receiving.take(until)?;
            if let Some(datagram) = receiving.arrived.pop_front() {
                return Ok(datagram);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let Received { bytes, rinfo } = self.below.recv_within(&mut whole, left)?;
            let datagram = (bytes.to_vec(), rinfo.socket_addr());
            let (fault, arriving) = receiving.path.carry(datagram);
            receiving.arrived.extend(arriving);
            drop(receiving); // the observer may take its time
            (self.observer)(Direction::Received, fault, bytes);
        }
    }
}

impl<T: Datagrams> Datagrams for Faulty<T> {
    /// Sends the datagrams that arrive with this one. If one of them cannot be sent, the others are:
    /// an error that reports an earlier datagram ([`Socket::send_to`](super::Socket::send_to)) loses
    /// no delayed one.
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        let (fault, arriving) = lock(&self.sending).carry((message.to_vec(), to));
        (self.observer)(Direction::Sent, fault, message);
        let mut failed = None;
        for (message, to) in arriving {
            if let Err(e) = self.below.send_to(&message, to) {
                failed.get_or_insert(e);
            }
        }
        failed.map_or(Ok(message.len()), Err)
    }

    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (message, from) = self.next(until)?;
        buffer.fill(|buf| {
            let n = message.len().min(buf.len());
            buf[..n].copy_from_slice(&message[..n]);
            Ok((n, from))
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Faulty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;
    use crate::udp::{Family, Socket, create_socket};
    use std::io::ErrorKind;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver as Channel, Sender, channel};
    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(30);
    const MOMENT: Duration = Duration::from_millis(10);

    fn from() -> SocketAddr {
        ([127, 0, 0, 1], 58682).into()
    }

    /// A transport that reports each receiver to the test and returns what the test sends it.
    struct Played {
        begins: Mutex<Sender<()>>,
        ends: Mutex<Channel<Result<&'static str, ErrorKind>>>,
    }

    type Ends = Sender<Result<&'static str, ErrorKind>>;

    fn played(plan: &str) -> (Arc<Faulty<Played>>, Channel<()>, Ends) {
        let ((begins, begun), (end, ends)) = (channel(), channel());
        let played = Played {
            begins: Mutex::new(begins),
            ends: Mutex::new(ends),
        };
        let faulty = Faulty::new(played).receiving(plan.parse().unwrap());
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
            buffer: &'a mut ReceiveBuffer,
            _timeout: Option<Duration>,
        ) -> io::Result<Received<'a>> {
            let ends = self.ends.try_lock().expect("no other thread receives");
            lock(&self.begins).send(()).unwrap();
            let message = ends.recv_timeout(PATIENCE).expect("the test goes on")?;
            buffer.fill(|buf| {
                buf[..message.len()].copy_from_slice(message.as_bytes());
                Ok((message.len(), from()))
            })
        }
    }

    fn receive<T: Datagrams>(faulty: &Faulty<T>, timeout: Duration) -> io::Result<String> {
        let mut buffer = ReceiveBuffer::new();
        let received = faulty.recv_within(&mut buffer, Some(timeout))?;
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
        assert!(begun.try_recv().is_err()); // one thread received for both
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
        end.send(Err(ErrorKind::TimedOut)).unwrap(); // the first returns
        assert!(is_timeout(&first.join().unwrap().unwrap_err()));
        begun.recv_timeout(PATIENCE).unwrap();
        end.send(Ok("here")).unwrap();
        assert_eq!(second.join().unwrap().unwrap(), "here");
    }

    fn socket() -> Socket {
        create_socket(Family::V4).bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn fault_a28_with_a_timeout_of_zero_what_is_here_is_received() {
        let socket = socket();
        let faulty = Faulty::new(socket.clone()).receiving("x.~".parse().unwrap());
        let take = || receive(&faulty, Duration::ZERO);
        assert!(is_timeout(&take().unwrap_err()));
        for message in ["lost", "a", "late", "b"] {
            socket
                .send_to(message.as_bytes(), socket.local_addr())
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
        let faulty = faulty.sending("~.".parse().unwrap());
        faulty.send_to(b"delayed", from()).unwrap();
        let error = faulty.send_to(b"refused", from()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        begun.try_recv().expect("the other was sent");
    }
}
