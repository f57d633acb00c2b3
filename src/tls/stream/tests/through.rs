//! A layer whose reads and writes a test replaces, and a gate at which a thread waits.

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

impl net::Layer for Through {
    fn below(&self) -> &dyn Stream {
        &*self.below
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        (self.read)(&*self.below, buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        (self.write)(&*self.below, buf)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        (self.try_write)(&*self.below, buf)
    }
}

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.below.fmt(f)
    }
}

/// A thread on its way to the stream below waits here, if the gate is armed.
pub(super) struct Gate {
    is_armed: Arc<AtomicBool>,
    /// A thread waits at the gate.
    pub(super) arrived: mpsc::Receiver<()>,
    /// Lets the thread go on; false: without the call of the stream below.
    pub(super) open: mpsc::Sender<bool>,
}

impl Gate {
    /// A gate, and the function that a thread calls there: it returns what `open` was sent.
    pub(super) fn new() -> (Gate, impl Fn() -> bool + Send + Sync) {
        let is_armed = Arc::new(AtomicBool::new(false));
        let ((arrive, arrived), (open, is_open)) = (mpsc::channel(), mpsc::channel());
        let (armed, is_open) = (Arc::clone(&is_armed), Mutex::new(is_open));
        let passes = move || {
            if !armed.swap(false, Ordering::SeqCst) {
                return true;
            }
            arrive.send(()).unwrap();
            lock(&is_open).recv().unwrap()
        };
        let gate = Gate {
            is_armed,
            arrived,
            open,
        };
        (gate, passes)
    }

    /// A stream below with a gate before each blocking write. If `open` is sent false, the write times out.
    pub(super) fn before_writes(below: Arc<dyn Stream>) -> (Arc<dyn Stream>, Gate) {
        let (gate, passes) = Gate::new();
        let mut through = Through::new(below);
        through.write = Box::new(move |below, buf| match passes() {
            true => below.write(buf),
            false => Err(ErrorKind::TimedOut.into()),
        });
        (Arc::new(through), gate)
    }

    /// The next thread that arrives waits.
    pub(super) fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }
}
