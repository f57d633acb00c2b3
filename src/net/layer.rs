//! A stream that stands on another: it changes some calls, and all others reach the stream below.
//!
//! ```text
//!   caller ──► Layer: read, write … ──► below()
//!              │  a method that the layer does not write is the one of the stream below
//! ```

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::time::Duration;

use super::addr::Addr;
use super::observer::Tapped;
use super::stream::Stream;

/// The methods stand once, in the list below: the defaults of [`Layer`] and what a [`Stream`] calls are both
/// made from it.
macro_rules! layer {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)?) -> $result:ty;)+) => {
        /// A [`Stream`] on top of another stream. Only [`below`](Layer::below) must be written. Every other
        /// method has a default that calls the stream below, so a layer writes the methods that it changes,
        /// and a layer that is older than a method of `Stream` still passes that method on.
        ///
        /// Every `Layer` is a `Stream`:
        ///
        /// ```
        /// use barewire::net::{self, Stream, pipe};
        /// use std::io;
        /// use std::sync::atomic::{AtomicU64, Ordering};
        ///
        /// /// Counts the bytes that were read.
        /// #[derive(Debug)]
        /// struct Counter {
        ///     below: net::Pipe,
        ///     bytes: AtomicU64,
        /// }
        ///
        /// impl net::Layer for Counter {
        ///     fn below(&self) -> &dyn Stream {
        ///         &self.below
        ///     }
        ///
        ///     fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        ///         let n = self.below.read(buf)?;
        ///         self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        ///         Ok(n)
        ///     }
        /// }
        ///
        /// let (here, there) = pipe();
        /// let counter = Counter { below: here, bytes: AtomicU64::new(0) };
        /// there.write(b"hello")?;
        /// assert_eq!(counter.read(&mut [0; 16])?, 5);
        /// assert_eq!(counter.bytes.into_inner(), 5);
        /// # Ok::<(), io::Error>(())
        /// ```
        ///
        /// Import [`Stream`], and name this trait by its path, as above. The methods of both have the same names:
        /// where both traits are imported, a call of `counter.read` is ambiguous (E0034). So is `self.read` inside
        /// the `impl`: there, write `Stream::read(self, buf)`.
        ///
        /// The three ways to read (or to write) are passed on separately: a layer that changes
        /// [`write`](Layer::write) changes [`write_vectored`](Layer::write_vectored) and
        /// [`try_write`](Layer::try_write), too.
        pub trait Layer: Send + Sync + fmt::Debug + 'static {
            /// The stream that this one stands on.
            fn below(&self) -> &dyn Stream;

            $(
                #[doc = concat!("[`Stream::", stringify!($name), "`].")]
                ///
                /// # Errors
                #[doc = concat!("As for [`Stream::", stringify!($name), "`].")]
                fn $name(&self $(, $arg: $type)?) -> $result {
                    self.below().$name($($arg)?)
                }
            )+

            /// [`Stream::is_encrypted`]: what the stream below says.
            fn is_encrypted(&self) -> bool {
                self.below().is_encrypted()
            }

            /// [`Stream::tapped`]: what the stream below says.
            fn tapped(&self) -> Option<&Tapped> {
                self.below().tapped()
            }

            /// [`Stream::as_any`]: the layer itself. A layer that need not be found returns that of the
            /// stream below, so that a search for a `Tcp` or a `Tls` goes on there.
            fn as_any(&self) -> &dyn Any
            where
                Self: Sized,
            {
                self
            }
        }

        impl<T: Layer> Stream for T {
            $(
                fn $name(&self $(, $arg: $type)?) -> $result {
                    Layer::$name(self $(, $arg)?)
                }
            )+

            fn is_encrypted(&self) -> bool {
                Layer::is_encrypted(self)
            }

            fn tapped(&self) -> Option<&Tapped> {
                Layer::tapped(self)
            }

            fn as_any(&self) -> &dyn Any {
                Layer::as_any(self)
            }
        }
    };
}

layer! {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn write(&self, buf: &[u8]) -> io::Result<usize>;
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>>;
    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    fn abort(&self) -> io::Result<()>;
    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()>;
    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()>;
    fn set_no_delay(&self, on: bool) -> io::Result<()>;
    fn local_addr(&self) -> io::Result<Addr>;
    fn peer_addr(&self) -> io::Result<Addr>;
}

#[cfg(test)]
mod tests {
    use super::super::{Tcp, pipe};
    use super::*;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    #[derive(Debug)]
    struct Plain(Arc<dyn Stream>);

    impl Layer for Plain {
        fn below(&self) -> &dyn Stream {
            &*self.0
        }
    }

    #[derive(Debug)]
    struct Encrypted(super::super::Pipe);

    impl Layer for Encrypted {
        fn below(&self) -> &dyn Stream {
            &self.0
        }

        fn is_encrypted(&self) -> bool {
            true
        }
    }

    #[test]
    fn fault_a29_what_is_encrypted_below_is_encrypted() {
        assert!(!Plain(Arc::new(pipe().0)).0.is_encrypted());
        let layer: Arc<dyn Stream> = Arc::new(Plain(Arc::new(Encrypted(pipe().0))));
        assert!(layer.is_encrypted());
    }

    /// A layer that writes no method passes every method on. Called as [`Stream`]s, as all callers do.
    #[test]
    fn fault_a29_every_method_reaches_the_stream_below() {
        let (here, there) = pipe();
        let layer: Arc<dyn Stream> = Arc::new(Plain(Arc::new(here)));
        let mut buf = [0; 8];
        assert_eq!(layer.write(b"a").unwrap(), 1);
        let two = [IoSlice::new(b"b"), IoSlice::new(b"c")];
        assert_eq!(layer.write_vectored(&two).unwrap(), 2);
        assert_eq!(layer.try_write(b"d").unwrap(), Some(1));
        assert_eq!(there.read(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"abcd");

        assert_eq!(layer.try_read(&mut buf).unwrap(), None);
        layer.set_read_timeout(Some(Duration::ZERO)).unwrap();
        let timed_out = layer.read(&mut buf).unwrap_err();
        assert_eq!(timed_out.kind(), ErrorKind::TimedOut);
        layer.set_write_timeout(Some(Duration::ZERO)).unwrap();
        let timed_out = layer
            .write(&[0; 128 * 1024])
            .and_then(|_| layer.write(b"x"));
        assert_eq!(timed_out.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(layer.local_addr().unwrap(), Addr::Pipe);
        assert_eq!(layer.peer_addr().unwrap(), Addr::Pipe);
        assert!(layer.as_any().is::<Plain>());

        layer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(layer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        there.write(b"bye").unwrap();
        assert_eq!(layer.read(&mut buf).unwrap(), 3);
        layer.abort().unwrap();
        assert_eq!(there.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp = Arc::new(Tcp::from(tcp));
        let layer: Arc<dyn Stream> = Arc::new(Plain(tcp.clone()));
        for on in [true, false] {
            layer.set_no_delay(on).unwrap();
            assert_eq!(tcp.no_delay().unwrap(), on);
        }
    }
}
