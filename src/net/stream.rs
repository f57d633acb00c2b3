//! What every connection can do, whatever carries it.

use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::time::Duration;

use super::addr::Addr;
use super::observer::Tapped;

/// A connection: bytes in order, both ways at once, until each side has ended its direction.
///
/// Every method takes `&self`, so that one `Arc<dyn Stream>` can be shared by the thread that
/// reads, the threads that write and the [`Handle`](super::Handle) that may end it. There is one
/// descriptor behind it, which is closed when the last `Arc` is dropped. Reading and writing do
/// not hinder one another; of two threads that read at once each gets some of the bytes.
///
/// No method has a default. A stream that stands on another one implements [`Layer`](super::Layer) in
/// place of this trait, and writes only the methods that it changes.
///
/// ```
/// use barewire::net::{Stream, pipe};
///
/// let (here, there) = pipe();
/// here.write(b"hello")?;
/// let mut buf = [0; 16];
/// assert_eq!(there.read(&mut buf)?, 5);
/// assert_eq!(there.try_read(&mut buf)?, None); // nothing there now
/// drop(here);
/// assert_eq!(there.try_read(&mut buf)?, Some(0)); // the end
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Stream: Send + Sync + fmt::Debug {
    /// Waits for bytes and moves them to the front of `buf`; returns how many. `Ok(0)` is the
    /// peer's FIN (unless `buf` is empty).
    ///
    /// # Errors
    /// [`is_timeout`] once the read timeout has passed; else the connection is broken.
    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;

    /// Waits for room and takes bytes from the front of `buf`; returns how many, which may be
    /// fewer than there are. They are on their way, not yet with the peer.
    ///
    /// # Errors
    /// [`is_timeout`] once the write timeout has passed without room for a single byte; else
    /// the connection is broken ([`ErrorKind::BrokenPipe`], [`ErrorKind::ConnectionReset`] …).
    fn write(&self, buf: &[u8]) -> io::Result<usize>;

    /// [`write`](Stream::write) for bytes that lie in several places, in one system call.
    ///
    /// # Errors
    /// As for [`write`](Stream::write).
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Takes what is there now and never waits: `None` where nothing is, `Some(0)` at the end.
    /// It keeps nothing back: what it does not return the next read does. `buf` must have room,
    /// or `Some(0)` says nothing.
    ///
    /// # Errors
    /// The connection is broken.
    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>>;

    /// Takes as many bytes from the front of `buf` as there is room for now and never waits:
    /// `None` where there is room for none. What it does not take is as if it had not been offered,
    /// with one exception: under TLS the same bytes must be offered again, as after a
    /// [`write`](Stream::write) that timed out.
    ///
    /// # Errors
    /// The connection is broken.
    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>>;

    /// Ends one direction or both, for every holder of the stream. [`Shutdown::Write`] sends the
    /// FIN after what was written; [`Shutdown::Both`] also wakes the threads that wait here, and does
    /// not wait itself.
    ///
    /// A socket and a pipe have room for a FIN at any time, so their `shutdown(Write)` does not wait
    /// either. TLS has a record to send before the FIN (close_notify), and room for that there may not
    /// be. A caller that knows only that it has a `Stream` relies on this:
    /// - **The socket is full:** the call waits as a [`write`](Stream::write) does, no longer than the
    ///   write timeout. It does not wait at all if that timeout is zero, and 30 s if there is none.
    /// - **There was no room in that time:** the error is one of [`is_timeout`], and the end is *pending*.
    ///   Bytes are no longer taken. The end leaves with the next `shutdown(Write)`, `write`, `try_write`
    ///   or `read` that finds room; a `read` that begins now tries again while it waits. So a caller that
    ///   goes on reading until the peer's end (a lingering close) need do nothing more, and one that does
    ///   not read calls `shutdown(Write)` again.
    /// - **Another thread is in a `write` that waits:** the call does not wait for that thread. It returns
    ///   `Ok`, and the FIN leaves behind the bytes of that write. If that write times out, the end is
    ///   pending, as above: the next `shutdown(Write)` says whether it has left.
    /// - **The end has left:** a second `shutdown(Write)` does nothing, and is `Ok`.
    ///
    /// # Errors
    /// The connection was already gone ([`ErrorKind::NotConnected`] …); [`is_timeout`] as said above.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// Ends both directions although something is unsent. As [`shutdown`](Stream::shutdown) of both,
    /// but a stream that can distinguish an end from a cut, as TLS can, does not send an end.
    ///
    /// # Errors
    /// As for [`shutdown`](Stream::shutdown).
    fn abort(&self) -> io::Result<()>;

    /// How long the next [`read`](Stream::read) may wait; `None` for ever, zero the shortest
    /// time there is. The kernel counts in ticks of 1 to 10 ms.
    ///
    /// # Errors
    /// The system refused, which it has no reason to.
    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()>;

    /// How long the next [`write`](Stream::write) may wait; as
    /// [`set_read_timeout`](Stream::set_read_timeout).
    ///
    /// # Errors
    /// The system refused, which it has no reason to.
    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()>;

    /// `TCP_NODELAY` of the TCP connection that carries the stream, see
    /// [`Tcp::set_no_delay`](super::Tcp::set_no_delay). Where no TCP carries it nothing is ever
    /// delayed, and this has no effect.
    ///
    /// # Errors
    /// The connection has ended.
    fn set_no_delay(&self, on: bool) -> io::Result<()>;

    /// This side's address.
    ///
    /// # Errors
    /// The system does not know it.
    fn local_addr(&self) -> io::Result<Addr>;

    /// The other side's address. It is known after the connection has ended, too.
    ///
    /// # Errors
    /// [`ErrorKind::NotConnected`] where there never was one.
    fn peer_addr(&self) -> io::Result<Addr>;

    /// Whether only the two ends can read or change the bytes, because TLS is somewhere below. Then a server's
    /// URLs begin with `https:` and `wss:`.
    fn is_encrypted(&self) -> bool;

    /// Which connection it is for its observer, if there is a [`Tap`](super::Tap) on it or somewhere below.
    fn tapped(&self) -> Option<&Tapped>;

    /// The stream as what it is, for `downcast_ref::<Tcp>()` and the like.
    fn as_any(&self) -> &dyn Any;
}

impl dyn Stream + '_ {
    /// [`write`](Stream::write)s until all of `buf` is on its way. The write timeout holds for
    /// each piece, not for the whole.
    ///
    /// # Errors
    /// As for [`write`](Stream::write). How much was written before is not returned, so the stream is of
    /// no further use. [`ErrorKind::WriteZero`]: the stream takes nothing.
    pub fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.write(buf)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                n => buf = &buf[n..],
            }
        }
        Ok(())
    }
}

/// Whether a read or write ended because its timeout passed: the connection itself lives on.
/// (A socket says `WouldBlock`, others `TimedOut`; where the *system* says `TimedOut` the peer has
/// not answered for minutes, and the connection is gone.)
///
/// ```
/// use barewire::net::{self, Stream};
/// use std::time::Duration;
///
/// let (here, there) = net::pipe();
/// here.set_read_timeout(Some(Duration::from_millis(1)))?;
/// let error = here.read(&mut [0; 16]).unwrap_err();
/// assert!(net::is_timeout(&error)); // no other error: ask again
/// there.write(b"hello")?;
/// assert_eq!(here.read(&mut [0; 16])?, 5);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_timeout(e: &io::Error) -> bool {
    match e.kind() {
        ErrorKind::WouldBlock => true,
        ErrorKind::TimedOut => e.raw_os_error().is_none(),
        _ => false,
    }
}

/// A timeout as the system takes it: zero would mean none, so it becomes the smallest there is.
pub(super) fn at_least_a_moment(d: Option<Duration>) -> Option<Duration> {
    d.map(|d| d.max(Duration::from_micros(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe_with_capacity;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn both_kinds_of_a_timeout_are_known() {
        assert!(is_timeout(&ErrorKind::WouldBlock.into()));
        assert!(is_timeout(&ErrorKind::TimedOut.into()));
        assert!(!is_timeout(&ErrorKind::BrokenPipe.into()));
        let etimedout = io::Error::from_raw_os_error(110); // on Linux
        assert_eq!(etimedout.kind(), ErrorKind::TimedOut);
        assert!(!is_timeout(&etimedout));
    }

    #[test]
    fn write_all_goes_on_where_write_stopped() {
        let (here, there) = pipe_with_capacity(3);
        let here: Arc<dyn Stream> = Arc::new(here);
        let writer = thread::spawn(move || here.write_all(b"more than three"));
        let (mut all, mut buf) = (Vec::new(), [0; 8]);
        while let n @ 1.. = there.read(&mut buf).unwrap() {
            all.extend_from_slice(&buf[..n]);
        }
        assert_eq!(all, b"more than three");
        writer.join().unwrap().unwrap();
    }
}
