//! A running server from outside: its figures, and how it is stopped.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::engine::Engine;
use super::slot::StopReason;
use super::snapshot::Snapshot;

/// How long [`Handle::shutdown`] waits for connections that it has cut.
const GRACE: Duration = Duration::from_secs(1);
/// A restart asks a connection in this time, if its deadline is long enough.
const ASKING_INTERVAL: Duration = Duration::from_millis(100);
/// A restart takes this time at least to ask, if its deadline is long enough: a connection that was accepted just
/// before brings its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// A running server. Clones are the same server; dropping them all does not stop it.
///
/// # Stopping in good order
///
/// [`shutdown`](Handle::shutdown) is the call: requests that run are answered, idle connections of `http` and of
/// [`Framed`](super::Framed) end at once, and what is left at the deadline is cut ([`stop`](Handle::stop) has the table). A server that stops at the end of its input (Ctrl-D in a terminal) is
/// three lines:
///
/// ```
/// use barewire::net;
/// use std::io;
/// use std::time::Duration;
///
/// # fn main() -> io::Result<()> {
/// let handle = net::create_server(|socket| socket.pipe(&socket).map(drop)).listen("127.0.0.1:0")?;
///
/// io::copy(&mut io::stdin(), &mut io::sink())?; // until the input ends
/// let report = handle.shutdown(Duration::from_secs(10));
/// println!("{} connections ended, {} were cut", report.drained, report.cut);
/// # Ok(())
/// # }
/// ```
///
/// A server that is stopped by another thread, or never: [`wait`](Handle::wait). Every server of this crate
/// has this handle, whatever its protocol; [`udp::Handle`](crate::udp::Handle) has the same words.
#[derive(Clone)]
pub struct Handle {
    engine: Arc<Engine>,
}

/// How the connections ended that were alive when [`Handle::shutdown`] was called.
///
/// ```
/// use barewire::net::{self, Report};
/// use std::time::Duration;
///
/// let handle = net::create_server(|_socket| Ok(())).listen("127.0.0.1:0")?;
/// let report = handle.shutdown(Duration::from_secs(1));
/// assert_eq!(report, Report { drained: 0, cut: 0 }); // there was no connection
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many ended by themselves before the deadline.
    pub drained: usize,
    /// How many were still alive at the deadline and were cut then.
    pub cut: usize,
}

/// How [`Handle::shutdown`] stops a server. A [`Duration`] is one: the server goes away, within this deadline.
///
/// | | [`GoingAway`](StopReason::GoingAway) | [`Restart`](StopReason::Restart) |
/// |---|---|---|
/// | connections are asked to finish | all at once | one every 100 ms, the oldest first; faster, if that would take more than half of the deadline; slower, if it would take less than a second |
/// | an HTTP connection that is not asked yet | | ends after its next response, which has `Connection: close` |
/// | a WebSocket closes with | 1001 | 1012 |
///
/// A restart is for a listener that other processes [share](super::Listener::shared), which serve whoever comes back.
///
/// ```
/// use barewire::net::{self, Report, Shutdown};
/// use std::time::Duration;
///
/// let handle = net::create_server(|_socket| Ok(())).listen("127.0.0.1:0")?;
/// let report = handle.shutdown(Shutdown::restart(Duration::from_secs(30)));
/// assert_eq!(report, Report { drained: 0, cut: 0 }); // at once: there was no connection
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// What is left then is cut.
    pub deadline: Duration,
    /// What the connections are asked to finish for.
    pub reason: StopReason,
}

impl Shutdown {
    /// Another process takes over.
    pub fn restart(deadline: Duration) -> Shutdown {
        let reason = StopReason::Restart;
        Shutdown { deadline, reason }
    }

    /// How long a restart takes to ask this number of connections.
    fn asking_time(&self, connections: usize) -> Duration {
        let count = u32::try_from(connections).unwrap_or(u32::MAX);
        let enough = ASKING_INTERVAL.saturating_mul(count).max(FIRST_REQUEST);
        enough.min(self.deadline / 2)
    }
}

impl From<Duration> for Shutdown {
    fn from(deadline: Duration) -> Shutdown {
        let reason = StopReason::GoingAway;
        Shutdown { deadline, reason }
    }
}

impl Handle {
    pub(super) fn new(engine: Arc<Engine>) -> Handle {
        Handle { engine }
    }

    /// Where the server listens: the port that was really bound where 0 was asked for.
    pub fn local_addr(&self) -> Addr {
        self.engine.address().clone()
    }

    /// How many connections are alive, wherever they are served.
    pub fn connections(&self) -> usize {
        self.engine.lock().workers.connections()
    }

    /// How many threads the engine has: those that serve and those that wait to.
    pub fn threads(&self) -> usize {
        self.engine.lock().workers.threads()
    }

    /// The server in figures: its connections by kind and state, its threads, what waits to be sent, and what was refused.
    ///
    /// It asks each connection ([`Stop::gauge`](super::Stop::gauge)), which costs nothing until it is called. It never
    /// waits for a thread that writes. While it runs, connections begin and end: each is counted in one state, but not
    /// all at the same instant.
    ///
    /// ```
    /// use barewire::net;
    ///
    /// let handle = net::create_server(|socket| socket.pipe(&socket).map(drop)).listen("127.0.0.1:0")?;
    /// let client = net::connect(&handle.local_addr().to_string())?;
    /// client.write_all("hi")?;
    /// client.read(&mut [0; 2])?;
    ///
    /// let snapshot = handle.snapshot();
    /// assert_eq!(snapshot.by_state[&("socket", "open")], 1);
    /// println!("{snapshot}"); // connections=1 threads=2 queued_bytes=0 socket_open=1
    /// # client.end()?;
    /// # handle.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        self.engine.snapshot()
    }

    /// Accepting ends at once and every connection is asked to finish ([`Stop::drain`](super::Stop::drain)). It
    /// returns without waiting for any of it. A second call does nothing, unless the first was a
    /// [restart](Shutdown): then all connections are asked at once.
    ///
    /// | a connection that | finishes |
    /// |---|---|
    /// | speaks HTTP | after the response to its current request; at once if it is idle |
    /// | is a WebSocket | with a Close frame, 1001 (1012 in a restart) |
    /// | is in its TLS handshake | at once |
    /// | waits for a message of [`Framed`](super::Framed) | [at once](super::Framed#when-the-server-stops), between two messages |
    /// | reads a [`Socket`](super::Socket) in another way (`read`, `pipe`, `run`) | when its handler does: it can ask [`is_stopping`](super::Socket::is_stopping) |
    ///
    /// On a [shared](super::Listener::shared) listener accepting ends within a quarter of a second, and the table begins
    /// for a connection that is accepted meanwhile when it has had its TLS handshake and its first request: that is
    /// waited for, over HTTP for a second.
    pub fn stop(&self) {
        self.engine.stop(StopReason::GoingAway);
    }

    /// [`stop`](Handle::stop)s, or [restarts](Shutdown::restart): waits until every connection has ended, cuts those that
    /// have not by the `deadline` ([`Stop::cut`](super::Stop::cut)) and waits one more second for them.
    /// Called from within a connection it counts that one too, which will be cut.
    ///
    /// A handler is not interrupted before the deadline. So a handler of HTTP without an end of its own, such as a
    /// stream of events or a long poll, must look at `is_stopping()` of its response from time to time, or it holds up
    /// the call until the deadline, and is cut.
    pub fn shutdown(&self, how: impl Into<Shutdown>) -> Report {
        self.shut_down(how.into())
    }

    fn shut_down(&self, how: Shutdown) -> Report {
        let until = Instant::now().checked_add(how.deadline);
        let before = self.engine.stop(how.reason);
        if how.reason == StopReason::Restart {
            self.engine.drain_slowly(how.asking_time(before));
        }
        if self.engine.wait_closed(until) {
            return Report {
                drained: before,
                cut: 0,
            };
        }
        let cut = self.engine.cut();
        self.engine.wait_closed(Instant::now().checked_add(GRACE));
        Report {
            drained: before.saturating_sub(cut),
            cut,
        }
    }

    /// Waits until everything has ended: accepting, every connection, and
    /// [`Service::closed`](super::Service::closed). The address is then free. Never returns if
    /// called from within a connection or from `closed`.
    pub fn wait(&self) {
        self.engine.wait_closed(None);
    }

    /// [`wait`](Handle::wait), but no longer than `time`. False: something is still alive. Called from within a
    /// connection or from `closed`, it is always that, after `time`.
    ///
    /// ```
    /// use barewire::net;
    /// use std::time::Duration;
    ///
    /// let handle = net::create_server(|_socket| Ok(())).listen("127.0.0.1:0")?;
    /// assert!(!handle.wait_within(Duration::from_millis(1))); // it still accepts
    /// handle.stop();
    /// assert!(handle.wait_within(Duration::from_secs(10)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn wait_within(&self, time: Duration) -> bool {
        self.engine.wait_closed(Instant::now().checked_add(time))
    }

    /// Whether the server stops, whoever has stopped it.
    pub(crate) fn is_stopping(&self) -> bool {
        self.engine.lock().workers.stopping()
    }

    /// How many threads wait for a slot.
    #[cfg(test)]
    pub(super) fn parked(&self) -> usize {
        self.engine.lock().workers.parked()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("local_addr", self.engine.address())
            .finish_non_exhaustive()
    }
}
