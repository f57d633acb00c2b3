//! A listening socket that several processes share: each accept ends by itself soon after the stop.
//!
//! A plain listening socket is shut down when its server stops, which ends `accept` for every process that has
//! the socket. A shared one is left alone. So each `accept` has a limit, the receive timeout of the listening
//! socket, and looks in between whether its server stops:
//!
//! ```text
//!   acquire ──► accept ── nothing within TICK ──┐     the turn is kept
//!                ▲ │                            │
//!                │ │ a connection               │ the server stops, or an error
//!                └─┼────────────────────────────┤
//!                  ▼                            ▼
//!            release(true)                release(false)
//! ```
//!
//! Without a turn, a thread whose TICK has passed may be one too many: [`Workers`](super::workers::Workers) decides.
//!
//! Linux passes the TICK of a listening TCP socket on to its connections. Nothing undoes that for each of them: a
//! connection sets its own read timeout, or takes the TICK off when a read has ended by it
//! ([`KernelSocket`](super::kernel::KernelSocket)).
//!
//! The kernel wakes one of the threads that wait for a connection. If the process of that thread is killed before the
//! thread accepts, the connection waits until another accept ends: one TICK at most.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::guarded::guarded;
use super::stream::Stream;
use super::workers::Accepting;

/// How long one call of `accept` waits. It is the longest time that a stopped server goes on accepting.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// How many threads of a server go on waiting in `accept`, and wake up every [`TICK`], while nobody connects.
const TICKING_THREADS: usize = 4;
/// How many times [`TICK`] a server waits for its own stop when another process has shut the socket down.
const TICKS_SHUT_DOWN: u32 = 4;

/// Who of several processes accepts next: see [`Listener::take_turns`](super::Listener::take_turns).
///
/// Each process has its own value, and all of them agree by a means of their own, such as pipes to a common parent.
/// A server calls `acquire` before an accept and `release` after it. One thread of a server at a time is between
/// the two, and only while the server has room for one more connection: a server at its
/// [`max_connections`](super::Options::max_connections) does not ask for its turn, and the others must not wait for it.
///
/// Here the processes are two servers of one process, and the turn is a token:
///
/// ```
/// use barewire::net::{self, Listener, Turn};
/// use std::io::Read;
/// use std::net::{TcpListener, TcpStream};
/// use std::sync::{Arc, Condvar, Mutex};
/// use std::time::Duration;
///
/// /// Whose turn it is, of two.
/// #[derive(Default)]
/// struct Token(Mutex<usize>, Condvar);
///
/// struct Alternate(Arc<Token>, usize);
///
/// impl Turn for Alternate {
///     fn acquire(&self) -> bool {
///         let Token(next, passed_on) = &*self.0;
///         let not_mine = |next: &mut usize| *next != self.1;
///         let moment = Duration::from_millis(100);
///         let waited = passed_on.wait_timeout_while(next.lock().unwrap(), moment, not_mine);
///         *waited.unwrap().0 == self.1
///     }
///
///     fn release(&self, _accepted: bool) {
///         *self.0.0.lock().unwrap() = 1 - self.1;
///         self.0.1.notify_all();
///     }
/// }
///
/// let (socket, token) = (TcpListener::bind("127.0.0.1:0")?, Arc::new(Token::default()));
/// let address = socket.local_addr()?;
/// let serve = |number: usize| {
///     let listener = Listener::from(socket.try_clone()?);
///     let turn = Arc::new(Alternate(Arc::clone(&token), number));
///     net::create_server(move |socket| socket.write_all(number.to_string()))
///         .listen_on(listener.take_turns(turn))
/// };
/// let handles = [serve(0)?, serve(1)?];
///
/// for number in ["0", "1", "0", "1"] {
///     let mut greeting = String::new();
///     TcpStream::connect(address)?.read_to_string(&mut greeting)?;
///     assert_eq!(greeting, number);
/// }
/// # for handle in handles { handle.shutdown(Duration::from_secs(1)); }
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Turn: Send + Sync + 'static {
    /// Waits until this process may accept; false: its turn has not come within a moment. The server then asks again,
    /// unless it stops: it stops no sooner than this returns.
    fn acquire(&self) -> bool;

    /// The turn goes on: a connection was accepted (true), or the accept has failed or the server stops (false). A
    /// process keeps its turn while it waits for a connection.
    fn release(&self, accepted: bool);
}

/// What a server has that shares its listening socket.
pub(super) struct Sharing {
    turn: Option<Arc<dyn Turn>>,
    stopped: AtomicBool,
}

impl Sharing {
    pub(super) fn new(turn: Option<Arc<dyn Turn>>) -> Sharing {
        Sharing {
            turn,
            stopped: AtomicBool::new(false),
        }
    }

    /// How many threads accept at a time. While nobody connects they are few, because each of them ticks.
    pub(super) fn accepting(&self) -> Accepting {
        match self.turn {
            Some(_) => Accepting { most: 1, enough: 1 },
            None => Accepting {
                most: usize::MAX,
                enough: TICKING_THREADS,
            },
        }
    }

    /// The server stops: each accept ends within a [`TICK`], with the error `WouldBlock` or with a connection.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Waits for the turn and then for a connection. `accept` waits a [`TICK`] at most, and then returns `WouldBlock`;
    /// so does this, unless it keeps a turn.
    pub(super) fn accept(
        &self,
        accept: impl Fn() -> io::Result<Arc<dyn Stream>>,
    ) -> io::Result<Arc<dyn Stream>> {
        self.acquire()?;
        let mut shut_down = 0;
        let accepted = loop {
            if self.is_stopped() {
                break Err(ErrorKind::WouldBlock.into());
            }
            match accept() {
                Err(e) if e.kind() == ErrorKind::WouldBlock && self.turn.is_some() => {}
                // Another process has shut the socket down for all (accept(2): EINVAL), because their common parent is
                // gone. This server is about to be stopped, too; if it is not, the error stands.
                Err(e) if e.kind() == ErrorKind::InvalidInput && shut_down < TICKS_SHUT_DOWN => {
                    shut_down += 1;
                    thread::sleep(TICK);
                }
                accepted => break accepted,
            }
        };
        if let Some(turn) = &self.turn {
            // A panic costs what the turn did: the connection is served all the same.
            let _ = guarded(|| turn.release(accepted.is_ok()));
        }
        accepted
    }

    fn acquire(&self) -> io::Result<()> {
        let Some(turn) = &self.turn else {
            return Ok(());
        };
        while !self.is_stopped() {
            match guarded(|| turn.acquire()) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) => return Err(io::Error::other("Turn::acquire panicked")),
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharing")
            .field("takes_turns", &self.turn.is_some())
            .field("stopped", &self.stopped)
            .finish()
    }
}
