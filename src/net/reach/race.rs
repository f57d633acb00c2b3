//! Reaching a host that has several addresses: "Happy Eyeballs" (RFC 8305).
//!
//! One of them may never answer: a host has an IPv6 address, say, but its network has lost IPv6. To wait
//! for one address after the other would take minutes; to try all of them at once would burden network and
//! host. So the attempts start one by one:
//!
//! ```text
//!     0 ms   ├─ [2001:db8::1]:80 ┄┄┄ no answer ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  goes on, ignored
//!   250 ms          ├─ 192.0.2.1:80 ── refused
//!   260 ms                             ├─ [2001:db8::2]:80 ┄┄┄┄┄┄  goes on, ignored
//!   510 ms                                    ├─ 192.0.2.2:80 ──── connected: this is it
//! ```
//!
//! Each attempt is a blocking call on a thread of its own, which reports how it ended. The last
//! address, if every other has failed, needs no thread: no other attempt runs beside it.
//!
//! If the system has no thread, the caller's thread makes the attempt, and each address gets its
//! share of the time: one that never answers must not keep another from being tried.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connect_schedule::{ConnectSchedule, Next};
use super::worker::{self, Reporter, Spawn};
use crate::net::Tcp;

// RFC 8305 §5: "One recommended value for a default delay is 250 milliseconds."
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection to the first of `addresses` that answers, each tried 250 ms after the one before
/// it, or as soon as one has failed (RFC 8305 §5). [`resolve`](super::resolve()) gives them in a
/// good order; the first 16 count.
///
/// What comes too late is closed. An attempt that is under way when another has won cannot be
/// called off: its thread ends with it, at the deadline at the latest. A single address is tried
/// on this thread, and so is an address for which the system has no thread: then the addresses are
/// tried one after another, each for its share of the time that is left.
///
/// [`net::connect`](crate::net::connect()) does this; a program needs it for a bare stream.
///
/// ```
/// use barewire::net::{self, Stream, race, resolve};
/// use std::time::{Duration, Instant};
///
/// let handle = net::create_server(|socket| socket.write_all("welcome")).listen("127.0.0.1:0")?;
/// let port = handle.local_addr().port().unwrap();
///
/// let deadline = Instant::now() + Duration::from_secs(5);
/// let addresses = resolve("localhost", port, Some(net::Family::V4), deadline)?;
/// let stream = race(&addresses, deadline)?;
/// assert_eq!(stream.read(&mut [0; 16])?, 7);
/// # drop(stream);
/// # handle.shutdown(Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// None answered: the text lists every address with its reason, and what the system said if it had
/// no thread. The kind is [`TimedOut`](io::ErrorKind::TimedOut) if the deadline passed, else the
/// most informative one (a refusal says more than a missing route).
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no address.
pub fn race(addresses: &[SocketAddr], deadline: Instant) -> io::Result<Tcp> {
    let attempt = |address, end| Tcp::connect(address, Some(until(end)));
    run(&worker::spawn, addresses, ATTEMPT_DELAY, deadline, attempt)
}

fn until(moment: Instant) -> Duration {
    moment.saturating_duration_since(Instant::now())
}

/// How an attempt ended.
type Ended<T> = (usize, io::Result<T>);

/// The race, whatever an attempt is: it gets its address and the moment at which to give up.
fn run<T: Send + 'static>(
    spawn: Spawn<'_>,
    addresses: &[SocketAddr],
    delay: Duration,
    deadline: Instant,
    attempt: impl Fn(SocketAddr, Instant) -> io::Result<T> + Send + Sync + 'static,
) -> io::Result<T> {
    let mut schedule = ConnectSchedule::new(addresses, delay, deadline);
    let attempt = Arc::new(attempt);
    let (reporter, results) = worker::results();
    loop {
        let now = Instant::now();
        let ended = match results.take_until(now) {
            Some(ended) => Some(ended),
            None => match schedule.next(now) {
                Next::StartHere(n, address) => Some((n, attempt(address, deadline))),
                Next::Start(n, address) => {
                    let work = work(n, address, deadline, &attempt, &reporter);
                    let started = spawn(&format!("connect {address}"), work);
                    started.err().map(|missing| {
                        let end = schedule.no_thread(now, &missing);
                        (n, attempt(address, end))
                    })
                }
                Next::Wait(moment) => results.take_until(moment),
                Next::Over => return Err(schedule.into_error()),
            },
        };
        match ended {
            Some((_, Ok(connection))) => return Ok(connection),
            Some((n, Err(e))) => schedule.failed(n, e),
            None => {}
        }
    }
}

/// What the thread of one attempt does. When the race is over its report is dropped, and with it
/// the connection that came too late.
fn work<T: Send + 'static>(
    n: usize,
    address: SocketAddr,
    deadline: Instant,
    attempt: &Arc<impl Fn(SocketAddr, Instant) -> io::Result<T> + Send + Sync + 'static>,
    reporter: &Reporter<Ended<T>>,
) -> worker::Work {
    let (attempt, reporter) = (Arc::clone(attempt), reporter.clone());
    Box::new(move || reporter.report((n, attempt(address, deadline))))
}

#[cfg(test)]
mod tests;
