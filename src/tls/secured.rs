//! TLS under any service.

use super::error::Error;
use super::server_context::{Refused, ServerContext};
use crate::net::{Addr, Service, Slot, Stop, Stream};
use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

type OnPlain = dyn Fn(Arc<dyn Stream>, Slot, &[u8]) + Send + Sync;
type OnError = dyn Fn(&Error, &dyn Stream) + Send + Sync;

/// A service whose connections come under TLS: the handshake is made on the connection's own thread,
/// then the service gets a [`Tls`](super::Tls) in place of the stream below, and need not know.
///
/// A handshake takes up the connection's place and no more, and ends with the server. Whoever fails
/// is told by an alert, and the service never hears of it.
///
/// ```
/// use barewire::net::{Listener, Options, Service, Slot, Stream};
/// use barewire::tls::{Secured, ServerContext, ServerOptions};
/// use std::sync::Arc;
///
/// struct Hello; // knows nothing of TLS
///
/// impl Service for Hello {
///     fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
///         let _ = stream.write_all(b"hello\n");
///     }
/// }
///
/// let options = ServerOptions::new()
///     .cert(include_str!("../../fixtures/tls/server.crt"))
///     .key(include_str!("../../fixtures/tls/server.key"));
/// let secured = Secured::new(ServerContext::new(&options)?, Hello);
/// let handle = Listener::bind("127.0.0.1:0")?.serve(Options::default(), secured)?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Secured<S> {
    context: ServerContext,
    service: S,
    on_plain: Option<Box<OnPlain>>,
    on_error: Option<Box<OnError>>,
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

    /// Calls `hook` with the stream below, its place and the first bytes where somebody does not speak
    /// TLS, so that he can be told in his own language; how that connection ends is the hook's affair.
    pub fn on_plain(
        mut self,
        hook: impl Fn(Arc<dyn Stream>, Slot, &[u8]) + Send + Sync + 'static,
    ) -> Secured<S> {
        self.on_plain = Some(Box::new(hook));
        self
    }

    /// Calls `hook` with every handshake that failed and the stream below: Node's `tlsClientError`.
    pub fn on_error(
        mut self,
        hook: impl Fn(&Error, &dyn Stream) + Send + Sync + 'static,
    ) -> Secured<S> {
        self.on_error = Some(Box::new(hook));
        self
    }

    /// The context it was made with.
    pub fn context(&self) -> &ServerContext {
        &self.context
    }

    fn refuse(&self, refused: &Refused, below: Arc<dyn Stream>, slot: Slot) {
        if let Some(hook) = &self.on_error {
            hook(&refused.error, &*below);
        }
        if let (Some(hook), Some(first)) = (&self.on_plain, &refused.plain) {
            hook(below, slot, first);
        }
    }
}

impl<S: Service> Service for Secured<S> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        slot.on_stop(Arc::new(Handshaking(Arc::downgrade(&stream))));
        match self.context.try_accept(&stream) {
            Ok(tls) => {
                drop(stream);
                let tls: Arc<dyn Stream> = Arc::new(tls);
                slot.on_stop(Arc::new(Made(Arc::downgrade(&tls))));
                self.service.connection(tls, slot);
            }
            Err(refused) => self.refuse(&refused, stream, slot),
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

/// Who has not finished his handshake when the server stops has asked for nothing yet.
struct Handshaking(Weak<dyn Stream>);

impl Stop for Handshaking {
    fn drain(&self) {
        self.cut();
    }

    fn cut(&self) {
        shut(&self.0);
    }
}

/// As for a stream that the service has not said anything of: a drain asks nothing.
struct Made(Weak<dyn Stream>);

impl Stop for Made {
    fn drain(&self) {}

    fn cut(&self) {
        shut(&self.0);
    }
}

/// Not all was said, and the peer must not think so.
fn shut(stream: &Weak<dyn Stream>) {
    if let Some(stream) = stream.upgrade() {
        let _ = stream.abort();
    }
}

impl<S> fmt::Debug for Secured<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
