//! In place of barewire's `net/listen_socket.rs`: connections that come out of memory.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::addr::Addr;
use super::sharing::{Sharing, TICK};
use super::stream::Stream;
use super::unix::SocketFile;

/// What barewire listens on.
#[derive(Debug)]
pub(super) enum BoundSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl BoundSocket {
    pub(super) fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Pipe)
    }

    pub(super) fn try_clone(&self) -> io::Result<OwnedFd> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// The kernel's queue of connections that have not been accepted.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<io::Result<Arc<dyn Stream>>>,
    shut: bool,
}

impl Backlog {
    /// What the next `accept` returns.
    pub(crate) fn add(&self, newcomer: io::Result<Arc<dyn Stream>>) {
        let mut state = self.lock();
        if !state.shut {
            state.queue.push_back(newcomer);
        }
        drop(state);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }
}

shuttle::lazy_static! {
    /// What the server of this execution accepts from.
    static ref LAST: Mutex<Option<Arc<Backlog>>> = Mutex::default();
}

/// The backlog of the server that began to listen last.
pub(crate) fn backlog() -> Arc<Backlog> {
    let last = LAST.lock().expect("nothing panics under this lock").take();
    last.expect("a server listens")
}

#[derive(Debug)]
pub(crate) struct ListenSocket {
    backlog: Arc<Backlog>,
    sharing: Option<Sharing>,
}

impl ListenSocket {
    /// The real socket is bound, and nobody is accepted from it.
    pub(super) fn new(
        _socket: BoundSocket,
        _file: Option<SocketFile>,
        _no_delay: bool,
        sharing: Option<Sharing>,
    ) -> io::Result<ListenSocket> {
        let backlog = Arc::new(Backlog::default());
        *LAST.lock().expect("nothing panics under this lock") = Some(Arc::clone(&backlog));
        Ok(ListenSocket { backlog, sharing })
    }

    /// A socket that another server accepts from, too.
    pub(crate) fn of(backlog: &Arc<Backlog>, sharing: Sharing) -> ListenSocket {
        ListenSocket {
            backlog: Arc::clone(backlog),
            sharing: Some(sharing),
        }
    }

    pub(super) fn sharing(&self) -> Option<&Sharing> {
        self.sharing.as_ref()
    }

    pub(super) fn accept(&self) -> io::Result<Arc<dyn Stream>> {
        match &self.sharing {
            None => self.accept_once(false),
            Some(sharing) => sharing.accept(|| self.accept_once(true)),
        }
    }

    fn accept_once(&self, ticks: bool) -> io::Result<Arc<dyn Stream>> {
        let mut state = self.backlog.lock();
        loop {
            if state.shut {
                return Err(ErrorKind::InvalidInput.into()); // the kernel's EINVAL
            }
            if let Some(newcomer) = state.queue.pop_front() {
                return newcomer;
            }
            let changed = &self.backlog.changed;
            if ticks {
                let (woken, waited) = changed
                    .wait_timeout(state, TICK)
                    .expect("nothing panics under this lock");
                state = woken;
                if waited.timed_out() && state.queue.is_empty() {
                    return Err(ErrorKind::WouldBlock.into());
                }
            } else {
                let woken = changed.wait(state);
                state = woken.expect("nothing panics under this lock");
            }
        }
    }

    /// As the kernel does: what was not accepted is reset, unless the socket is shared.
    pub(super) fn stop(&self) {
        if let Some(sharing) = &self.sharing {
            return sharing.stop();
        }
        let mut state = self.backlog.lock();
        state.shut = true;
        let reset = std::mem::take(&mut state.queue);
        drop(state);
        drop(reset);
        self.backlog.changed.notify_all();
    }
}
