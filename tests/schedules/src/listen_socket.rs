//! In place of barewire's `net/listen_socket.rs`: connections that come out of memory.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::addr::Addr;
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
pub(super) struct ListenSocket(Arc<Backlog>);

impl ListenSocket {
    /// The real socket is bound, and nobody is accepted from it.
    pub(super) fn new(
        _socket: BoundSocket,
        _file: Option<SocketFile>,
        _no_delay: bool,
    ) -> io::Result<ListenSocket> {
        let backlog = Arc::new(Backlog::default());
        *LAST.lock().expect("nothing panics under this lock") = Some(Arc::clone(&backlog));
        Ok(ListenSocket(backlog))
    }

    pub(super) fn accept(&self) -> io::Result<Arc<dyn Stream>> {
        let mut state = self.0.lock();
        loop {
            if state.shut {
                return Err(ErrorKind::InvalidInput.into()); // the kernel's EINVAL
            }
            if let Some(newcomer) = state.queue.pop_front() {
                return newcomer;
            }
            let woken = self.0.changed.wait(state);
            state = woken.expect("nothing panics under this lock");
        }
    }

    /// As the kernel does: what was not accepted is reset.
    pub(super) fn shut_down(&self) {
        let mut state = self.0.lock();
        state.shut = true;
        let reset = std::mem::take(&mut state.queue);
        drop(state);
        drop(reset);
        self.0.changed.notify_all();
    }
}
