//! A stream that is heard through something.

use super::*;

type Hear = dyn Fn(&dyn Stream, &mut [u8]) -> io::Result<usize> + Send + Sync;

struct Through {
    below: Arc<dyn Stream>,
    hear: Box<Hear>,
}

/// The stream below, heard through `hear`.
pub(super) fn through(
    below: Arc<dyn Stream>,
    hear: impl Fn(&dyn Stream, &mut [u8]) -> io::Result<usize> + Send + Sync + 'static,
) -> Arc<dyn Stream> {
    let hear = Box::new(hear);
    Arc::new(Through { below, hear })
}

impl Stream for Through {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        (self.hear)(&*self.below, buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.below.write(buf)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.below.write_vectored(bufs)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.below.try_read(buf)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.below.try_write(buf)
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
