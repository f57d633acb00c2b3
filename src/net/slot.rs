//! A connection's slot in its server, and the hook that is called when the server stops.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::snapshot::Gauge;

/// Why a server stops: what its WebSockets say when they close.
///
/// ```
/// use barewire::net::{Stop, StopReason};
///
/// struct Farewell;
///
/// impl Stop for Farewell {
///     fn drain(&self, reason: StopReason) {
///         match reason {
///             StopReason::GoingAway => println!("good bye"),
///             StopReason::Restart => println!("come back at once: another process serves you"),
///         }
///     }
///
///     fn cut(&self) {}
/// }
/// # Farewell.drain(StopReason::Restart);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It ends: a WebSocket closes with 1001.
    GoingAway,
    /// Another process takes over: a WebSocket closes with 1012.
    Restart,
}

/// How a connection ends when the server stops, and what it does meanwhile. `drain` and `cut` are called from the thread that
/// stops the server, so neither may wait for the connection; both may come when it has just
/// ended, and each may come more than once.
///
/// A [`Service`](super::Service) of a program's own needs it if a connection can end in better order than by a cut:
///
/// ```
/// use barewire::net::{Stop, StopReason, Stream};
/// use std::net::Shutdown;
/// use std::sync::Arc;
///
/// struct Goodbye(Arc<dyn Stream>);
///
/// impl Stop for Goodbye {
///     fn drain(&self, _reason: StopReason) {
///         let _ = self.0.shutdown(Shutdown::Read); // the loop that reads finds the end
///     }
///
///     fn cut(&self) {
///         let _ = self.0.abort();
///     }
/// }
/// # let stop: Arc<dyn Stop> = Arc::new(Goodbye(Arc::new(barewire::net::pipe().0)));
/// # stop.drain(StopReason::GoingAway);
/// ```
pub trait Stop: Send + Sync {
    /// Finish in good order: answer what was asked, send the end, take nothing new.
    fn drain(&self, reason: StopReason);
    /// End now: every call that waits on this connection returns at once.
    fn cut(&self);

    /// What the connection does, for a [`Snapshot`](super::Snapshot). It is called for each connection when one is made,
    /// so it must not wait: no lock that a thread holds while it writes.
    fn gauge(&self) -> Gauge {
        Gauge::default()
    }
}

/// One of the [`max_connections`](super::Options::max_connections) that a server has at a time. It goes
/// with the stream to the code that serves the connection; dropping it means that the connection has ended.
///
/// Drop it from any thread, after the stream: then the descriptor is closed before another connection
/// gets the slot. If it is the last one of a stopped
/// server, [`Service::closed`](super::Service::closed) may be called by that very drop.
///
/// A [`Service`](super::Service) gets it. Here another thread serves the connection:
///
/// ```
/// use barewire::net::{Listener, Options, Service, Slot, Stream};
/// use std::sync::Arc;
/// use std::thread;
///
/// struct Elsewhere;
///
/// impl Service for Elsewhere {
///     fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
///         thread::spawn(move || {
///             let _ = stream.write_all(b"welcome");
///             drop(stream);
///             drop(slot); // the connection has ended
///         });
///     }
/// }
///
/// let handle = Listener::bind("127.0.0.1:0")?.serve(Options::default(), Elsewhere)?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Slot {
    server: Arc<dyn Slots>,
    /// The server's own, so that each request may ask.
    stopping: Arc<AtomicBool>,
    number: usize,
}

/// The server that a slot is one of: it knows a connection by the number of its slot.
pub(super) trait Slots: Send + Sync {
    fn set_hook(&self, number: usize, hook: Arc<dyn Stop>);
    fn refused(&self, rule: &'static str);
    /// Whether what begins now is [late](Slot::is_late).
    fn is_late(&self) -> bool;
    /// The connection has ended.
    fn release(&self, number: usize);
}

impl Slot {
    pub(super) fn new(server: Arc<dyn Slots>, stopping: Arc<AtomicBool>, number: usize) -> Slot {
        Slot {
            server,
            stopping,
            number,
        }
    }

    /// From now on `hook` ends this connection, in place of the hook before it. Without any, a
    /// drain does nothing and a cut shuts the stream down. If the server is stopping already, `hook` is
    /// called before this returns.
    pub fn on_stop(&self, hook: Arc<dyn Stop>) {
        self.server.set_hook(self.number, hook);
    }

    /// Counts a refusal: of a request, of a message, of the connection. [`Snapshot::refusals`](super::Snapshot::refusals)
    /// has how many there were of each `rule`.
    pub fn refused(&self, rule: &'static str) {
        self.server.refused(rule);
    }

    /// Whether the server is stopping. Costs one atomic load: ask before each request.
    #[inline]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether the server is stopping and other processes accept from its socket: the peer of a connection that begins
    /// now cannot know of the stop, so it may bring one request.
    pub(crate) fn is_late(&self) -> bool {
        self.server.is_late()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.server.release(self.number);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
