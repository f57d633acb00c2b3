//! A stream that is read, or written, through something.

use super::*;

type Read = dyn Fn(&dyn Stream, &mut [u8]) -> io::Result<usize> + Send + Sync;
type Write = dyn Fn(&dyn Stream, &[u8]) -> io::Result<usize> + Send + Sync;
type TryWrite = dyn Fn(&dyn Stream, &[u8]) -> io::Result<Option<usize>> + Send + Sync;

pub(super) struct Through {
    below: Arc<dyn Stream>,
    pub(super) read: Box<Read>,
    pub(super) write: Box<Write>,
    pub(super) try_write: Box<TryWrite>,
}

impl Through {
    /// Passes everything on.
    pub(super) fn new(below: Arc<dyn Stream>) -> Through {
        Through {
            below,
            read: Box::new(|below, buf| below.read(buf)),
            write: Box::new(|below, buf| below.write(buf)),
            try_write: Box::new(|below, buf| below.try_write(buf)),
        }
    }
}

/// The stream below, read through `read`.
pub(super) fn through(
    below: Arc<dyn Stream>,
    read: impl Fn(&dyn Stream, &mut [u8]) -> io::Result<usize> + Send + Sync + 'static,
) -> Arc<dyn Stream> {
    let read = Box::new(read);
    Arc::new(Through {
        read,
        ..Through::new(below)
    })
}

impl Stream for Through {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        (self.read)(&*self.below, buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        (self.write)(&*self.below, buf)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.below.write_vectored(bufs)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.below.try_read(buf)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        (self.try_write)(&*self.below, buf)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.below.shutdown(how)
    }

    fn abort(&self) -> io::Result<()> {
        self.below.abort()
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.below.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.below.set_write_timeout(d)
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.below.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.below.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.below.peer_addr()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.below.fmt(f)
    }
}

/// Where a thread stands still on its way to the stream below, once the gate is armed.
pub(super) struct Gate {
    is_armed: Arc<AtomicBool>,
    pub(super) came: mpsc::Receiver<()>,
    /// Whether the thread may pass.
    pub(super) open: mpsc::Sender<bool>,
}

impl Gate {
    /// A gate, and what the thread calls.
    pub(super) fn new() -> (Gate, impl Fn() -> bool + Send + Sync) {
        let is_armed = Arc::new(AtomicBool::new(false));
        let ((comes, came), (open, is_open)) = (mpsc::channel(), mpsc::channel());
        let (armed, is_open) = (Arc::clone(&is_armed), Mutex::new(is_open));
        let passes = move || {
            if !armed.swap(false, Ordering::SeqCst) {
                return true;
            }
            comes.send(()).unwrap();
            lock(&is_open).recv().unwrap()
        };
        let gate = Gate {
            is_armed,
            came,
            open,
        };
        (gate, passes)
    }

    /// A stream below with a gate before each write that waits; it times out if that is told.
    pub(super) fn before_writes(below: Arc<dyn Stream>) -> (Arc<dyn Stream>, Gate) {
        let (gate, passes) = Gate::new();
        let mut through = Through::new(below);
        through.write = Box::new(move |below, buf| match passes() {
            true => below.write(buf),
            false => Err(ErrorKind::TimedOut.into()),
        });
        (Arc::new(through), gate)
    }

    /// The next thread that comes stands still.
    pub(super) fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }
}
