//! Reaching a host that has several addresses: "Happy Eyeballs" (RFC 8305).
//!
//! One of them may be a dead end: a host that has an IPv6 address but whose network has lost
//! IPv6, say, so that nothing ever answers there. To wait for each address in turn would take
//! minutes, to try all of them at once would burden network and host. So they start one by one:
//!
//! ```text
//!     0 ms   ├─ [2001:db8::1]:80 ┄┄┄ no answer ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  goes on, unheard
//!   250 ms          ├─ 192.0.2.1:80 ── refused
//!   260 ms                             ├─ [2001:db8::2]:80 ┄┄┄┄┄┄  goes on, unheard
//!   510 ms                                    ├─ 192.0.2.2:80 ──── connected: this is it
//! ```
//!
//! Each attempt is a blocking call on a thread of its own, and tells how it ended through one
//! channel. The last address, if every other has failed, needs no thread: nobody runs beside it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::course::{Course, Next};
use crate::net::Tcp;

// RFC 8305 §5: "One recommended value for a default delay is 250 milliseconds."
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection to the first of `addresses` that answers, each tried 250 ms after the one before
/// it, or as soon as one has failed (RFC 8305 §5). [`resolve`](super::resolve()) gives them in a
/// good order; the first 16 count.
///
/// What comes too late is closed. An attempt that is under way when another has won cannot be
/// called off: its thread ends with it, at the deadline at the latest. A single address is tried
/// on this thread.
///
/// # Errors
/// None answered: the text lists every address with its reason. The kind is
/// [`TimedOut`](io::ErrorKind::TimedOut) if the deadline passed, else the one that tells most (a
/// refusal says more than a missing route). [`InvalidInput`](io::ErrorKind::InvalidInput) if there
/// is no address.
pub fn race(addresses: &[SocketAddr], deadline: Instant) -> io::Result<Tcp> {
    run(addresses, ATTEMPT_DELAY, deadline, move |address| {
        Tcp::connect(address, Some(until(deadline)))
    })
}

fn until(moment: Instant) -> Duration {
    moment.saturating_duration_since(Instant::now())
}

/// How the attempt of one runner ended.
type Ended<T> = (usize, io::Result<T>);

/// The race, whatever an attempt is.
fn run<T: Send + 'static>(
    addresses: &[SocketAddr],
    delay: Duration,
    deadline: Instant,
    attempt: impl Fn(SocketAddr) -> io::Result<T> + Send + Sync + 'static,
) -> io::Result<T> {
    let mut course = Course::new(addresses, delay, deadline);
    let attempt = Arc::new(attempt);
    let (tell, hear) = mpsc::channel();
    loop {
        let ended = match course.next(Instant::now()) {
            Next::Alone(runner, address) => Some((runner, attempt(address))),
            Next::Start(runner, address) => start(runner, address, &attempt, &tell),
            Next::Wait(moment) => hear.recv_timeout(until(moment)).ok(),
            Next::Over => match hear.try_recv() {
                Ok(last) => Some(last),
                Err(_) => return Err(course.into_error()),
            },
        };
        match ended {
            Some((_, Ok(winner))) => return Ok(winner),
            Some((runner, Err(e))) => course.failed(runner, e),
            None => {}
        }
    }
}

/// Starts the thread of one runner; if there is none to be had, its attempt has ended already.
fn start<T: Send + 'static>(
    runner: usize,
    address: SocketAddr,
    attempt: &Arc<impl Fn(SocketAddr) -> io::Result<T> + Send + Sync + 'static>,
    tell: &Sender<Ended<T>>,
) -> Option<Ended<T>> {
    let (attempt, tell) = (Arc::clone(attempt), tell.clone());
    let thread = thread::Builder::new().name(format!("connect {address}"));
    // When the race is over nobody hears it: what came too late is dropped with the message.
    let started = thread.spawn(move || drop(tell.send((runner, attempt(address)))));
    started.err().map(|e| (runner, Err(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};
    use std::io::ErrorKind;
    use std::net::{IpAddr, Ipv6Addr, TcpListener, TcpStream};
    use std::sync::Mutex;

    const HOUR: Duration = Duration::from_secs(3600);

    /// 10.0.0.1, 10.0.0.2 …, which the attempts of these tests do not really go to.
    fn some(n: u8) -> Vec<SocketAddr> {
        (1..=n).map(|n| ([10, 0, 0, n], 80).into()).collect()
    }

    fn refused<T>() -> io::Result<T> {
        Err(ErrorKind::ConnectionRefused.into())
    }

    /// The number that `some` gave it.
    fn number(address: SocketAddr) -> u8 {
        match address.ip() {
            IpAddr::V4(ip) => ip.octets()[3],
            IpAddr::V6(_) => 0,
        }
    }

    #[test]
    fn a_dead_end_does_not_hold_up_the_others() {
        within(PATIENCE, || {
            let (open, gate) = mpsc::channel::<()>();
            let gate = Mutex::new(gate);
            let (told, hears) = mpsc::channel();
            let won = run(
                &some(2),
                Duration::ZERO,
                Instant::now() + PATIENCE,
                move |address| {
                    if number(address) == 1 {
                        let _ = gate.lock().unwrap().recv();
                    }
                    Ok(Closes(number(address), told.clone()))
                },
            );
            let won = won.unwrap();
            assert_eq!(won.0, 2);
            drop(open); // the dead end answers after all …
            assert_eq!(hears.recv(), Ok(1)); // … and is closed,
            drop(won);
            assert_eq!(hears.recv(), Ok(2));
            assert!(hears.recv().is_err()); // … and nothing is left of any attempt
        });
    }

    /// A connection that tells when it is closed.
    struct Closes(u8, mpsc::Sender<u8>);

    impl Drop for Closes {
        fn drop(&mut self) {
            let _ = self.1.send(self.0);
        }
    }

    #[test]
    fn a_failure_starts_the_next_at_once() {
        within(PATIENCE, || {
            let here = thread::current().id();
            let won = run(
                &some(3),
                HOUR,
                Instant::now() + PATIENCE,
                move |address| match number(address) {
                    3 => Ok((3, thread::current().id() == here)),
                    _ => refused(),
                },
            );
            assert_eq!(won.unwrap(), (3, true));
        });
    }

    #[test]
    fn who_answers_in_time_is_the_only_one_that_is_troubled() {
        within(PATIENCE, || {
            let won = run(&some(16), HOUR, Instant::now() + PATIENCE, |address| {
                assert_eq!(number(address), 1);
                Ok(1)
            });
            assert_eq!(won.unwrap(), 1);
        });
    }

    #[test]
    fn the_deadline_ends_it() {
        within(PATIENCE, || {
            let (_open, gate) = mpsc::channel::<()>();
            let gate = Mutex::new(gate);
            let soon = Instant::now() + Duration::from_millis(20);
            let error = run::<()>(&some(2), Duration::ZERO, soon, move |_| {
                let _ = gate.lock().unwrap().recv();
                refused()
            });
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("10.0.0.1:80: "), "{error}");
        });
    }

    #[test]
    fn after_the_deadline_nothing_is_tried() {
        let late = run::<()>(&some(1), HOUR, Instant::now(), |_| unreachable!());
        let error = late.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let expected = "cannot connect to 10.0.0.1:80: not tried, the time was up";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn all_fail_and_each_says_why() {
        use ErrorKind::*;
        for (kinds, expected) in [
            (
                &[NetworkUnreachable, ConnectionRefused][..],
                ConnectionRefused,
            ),
            (&[ConnectionRefused, HostUnreachable], ConnectionRefused),
            (&[PermissionDenied, ConnectionRefused], PermissionDenied),
            (&[ConnectionRefused, TimedOut, HostUnreachable], TimedOut),
            (&[AddrNotAvailable], AddrNotAvailable),
            (&[], InvalidInput),
        ] {
            let hosts = some(kinds.len() as u8);
            let all = run::<()>(&hosts, HOUR, Instant::now() + PATIENCE, move |address| {
                Err(kinds[usize::from(number(address)) - 1].into())
            });
            let error = all.unwrap_err();
            assert_eq!(error.kind(), expected);
            for (host, kind) in hosts.iter().zip(kinds) {
                let reason = format!("{host}: {kind}");
                assert!(error.to_string().contains(&reason), "{error}");
            }
        }
    }

    #[test]
    fn a_stranger_cannot_make_us_try_for_ever() {
        let all = run::<()>(&some(40), HOUR, Instant::now() + PATIENCE, |address| {
            assert!(number(address) <= 16);
            refused()
        });
        let text = all.unwrap_err().to_string();
        assert!(
            text.contains("any of the first 16 of 40 addresses"),
            "{text}"
        );
    }

    /// A connection at a port where nobody listens, and nobody else can while it lives.
    fn dead_port(ip: IpAddr) -> io::Result<TcpStream> {
        let listener = TcpListener::bind((ip, 0))?;
        let _client = TcpStream::connect(listener.local_addr()?)?;
        listener.accept().map(|(held, _)| held)
    }

    #[test]
    fn row_n03_a_port_where_somebody_listens_is_found_among_dead_ones() {
        within(PATIENCE, || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let live = listener.local_addr().unwrap();
            let holder = dead_port(live.ip()).unwrap();
            let dead = holder.local_addr().unwrap();
            for order in [
                &[live][..],
                &[live, dead],
                &[dead, live],
                &[dead, dead, live],
            ] {
                let won = race(order, Instant::now() + PATIENCE).unwrap();
                assert_eq!(won.inner().peer_addr().unwrap(), live);
            }
            let error = race(&[dead, dead], Instant::now() + PATIENCE).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            assert_eq!(error.to_string().matches(&dead.to_string()).count(), 2);
        });
    }

    #[test]
    fn row_n09_a_host_of_both_families_is_reached_by_the_one_that_works() {
        within(PATIENCE, || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let v4 = listener.local_addr().unwrap();
            let holder = dead_port(Ipv6Addr::LOCALHOST.into()); // this machine may have no IPv6
            let v6 = match &holder {
                Ok(holder) => holder.local_addr().unwrap(),
                Err(_) => (Ipv6Addr::LOCALHOST, 9).into(),
            };
            let won = race(&[v6, v4], Instant::now() + PATIENCE).unwrap();
            assert_eq!(won.inner().peer_addr().unwrap(), v4);
        });
    }
}
