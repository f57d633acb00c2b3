//! TLS under any [`Service`].

use super::error::{Code, Error};
use super::server_context::{Refusal, ServerContext};
use super::stream::Tls;
use crate::net::{Addr, Gauge, Service, Slot, Stop, StopReason, Stream, tap_plaintext};
use crate::setters::setters;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

type OnPlain = dyn Fn(Arc<dyn Stream>, Slot, &[u8]) + Send + Sync;
/// What is called after a handshake that failed.
pub(crate) type OnError = dyn Fn(&Error, &dyn Stream) + Send + Sync;

/// A service whose connections are under TLS: the handshake is made on the connection's own thread,
/// then the service gets a [`Tls`](super::Tls) in place of the stream below. It need not know.
///
/// A connection has its [`Slot`] from before the handshake, and ends when the server stops. A client whose
/// handshake fails is sent an alert, and the service is not called.
///
/// If a hook panics, the panic goes to the engine, which ends that connection only.
///
/// ```
/// use barewire::net::{Listener, Options, Service, Slot, Stream};
/// use barewire::tls::{Secured, ServerContext, ServerOptions};
/// use std::sync::Arc;
///
/// struct Hello; // knows nothing about TLS
///
/// impl Service for Hello {
///     fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
///         let _ = stream.write_all(b"hello\n");
///     }
/// }
///
/// let options = ServerOptions::new()
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .key(std::fs::read("fixtures/tls/server.key")?);
/// let secured = Secured::new(ServerContext::new(&options)?, Hello);
/// let handle = Listener::bind("127.0.0.1:0")?.serve(Options::default(), secured)?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Secured<S> {
    context: ServerContext,
    service: S,
    on_plain: Option<Box<OnPlain>>,
    pub(crate) on_error: Option<Box<OnError>>,
}

impl<S: Service> Secured<S> {
    /// `service`, under TLS.
    pub fn new(context: ServerContext, service: S) -> Secured<S> {
        Secured {
            context,
            service,
            on_plain: None,
            on_error: None,
        }
    }

    setters! {
        /// Calls `hook` for a client that does not speak TLS, with the stream below, its slot and the first
        /// bytes, so that it can be answered in its own protocol. The hook then owns that connection.
        pub fn on_plain(self, hook: impl Fn(Arc<dyn Stream>, Slot, &[u8]) + Send + Sync + 'static) =>
            self.on_plain = Some(Box::new(hook));

        /// Calls `hook` for every handshake that failed, with the stream below: Node's `tlsClientError`.
        pub fn on_error(self, hook: impl Fn(&Error, &dyn Stream) + Send + Sync + 'static) =>
            self.on_error = Some(Box::new(hook));
    }

    /// The context of its handshakes.
    pub fn context(&self) -> &ServerContext {
        &self.context
    }

    fn refuse(&self, refusal: &Refusal, below: Arc<dyn Stream>, slot: Slot) {
        slot.refused(refusal.error.code().as_str());
        if let Some(hook) = &self.on_error {
            hook(&refusal.error, &*below);
        }
        if let (Some(hook), Some(first)) = (&self.on_plain, &refusal.plain) {
            hook(below, slot, first);
        }
    }
}

impl<S: Service> Service for Secured<S> {
    fn connection(&self, below: Arc<dyn Stream>, slot: Slot) {
        let is_late = slot.is_late(); // then it is served; before the hook, which a stop may call at once
        let abort = Abort::hook(&below, !is_late);
        slot.on_stop(Arc::clone(&abort) as Arc<dyn Stop>);
        match self.context.try_accept(&below, self.on_plain.is_some()) {
            // The stop was first: a request that has come with the end of the handshake gets no response.
            Ok(_) if !abort.leave_handshake() && !is_late => {
                let (error, plain) = (stopped(), None);
                self.refuse(&Refusal { error, plain }, below, slot);
            }
            Ok(tls) => {
                drop(below);
                let tls = tap_plaintext(Arc::<Tls>::from(tls));
                slot.on_stop(Abort::hook(&tls, false));
                self.service.connection(tls, slot);
            }
            Err(mut refusal) => {
                if abort.was_called() {
                    refusal.error = stopped();
                }
                self.refuse(&refusal, below, slot);
            }
        }
    }

    fn listening(&self, address: &Addr) {
        self.service.listening(address);
    }

    fn accept_error(&self, error: &io::Error) {
        self.service.accept_error(error);
    }

    fn closed(&self) {
        self.service.closed();
    }
}

/// Ends the connection without close_notify: something may be unsent, and the peer must notice that.
struct Abort {
    stream: Weak<dyn Stream>,
    /// The connection's thread and the stopping thread compete for it: either the handshake is over, or the
    /// connection.
    in_handshake: AtomicBool,
    called: AtomicBool,
}

/// The error of a handshake that the stopping server has ended.
fn stopped() -> Error {
    let text = "this server was stopped within the TLS handshake, and ended the connection";
    Error::new(Code::ConnectionReset, text)
}

impl Abort {
    fn hook(stream: &Arc<dyn Stream>, in_handshake: bool) -> Arc<Abort> {
        let stream = Arc::downgrade(stream);
        Arc::new(Abort {
            stream,
            in_handshake: AtomicBool::new(in_handshake),
            called: AtomicBool::new(false),
        })
    }

    /// The handshake is over; returns whether that was before the server stopped.
    fn leave_handshake(&self) -> bool {
        self.in_handshake.swap(false, Ordering::SeqCst)
    }

    fn was_called(&self) -> bool {
        self.called.load(Ordering::SeqCst)
    }
}

impl Stop for Abort {
    /// A client in its handshake has not asked for anything yet. Later, the service sets a hook if it can
    /// end the connection in a better way.
    fn drain(&self, _: StopReason) {
        if self.leave_handshake() {
            self.cut();
        }
    }

    fn cut(&self) {
        if let Some(stream) = self.stream.upgrade() {
            self.called.store(true, Ordering::SeqCst);
            let _ = stream.abort();
        }
    }

    fn gauge(&self) -> Gauge {
        let in_handshake = self.in_handshake.load(Ordering::Relaxed);
        Gauge::new("tls", if in_handshake { "handshake" } else { "open" })
    }
}

impl<S> fmt::Debug for Secured<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe;

    #[test]
    fn fault_d16_the_end_of_the_handshake_or_the_stop_is_first() {
        for is_over in [true, false] {
            let (here, there) = pipe();
            let here: Arc<dyn Stream> = Arc::new(here);
            let abort = Abort::hook(&here, true);
            assert!(!is_over || abort.leave_handshake());
            abort.drain(StopReason::GoingAway);
            assert_eq!(abort.was_called(), !is_over);
            assert!(!abort.leave_handshake(), "one of them was first");
            assert_eq!(there.write(b"x").is_ok(), is_over);
            abort.cut();
            assert!(abort.was_called() && there.write(b"x").is_err());
        }
    }
}
