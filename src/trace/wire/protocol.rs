//! What a connection carries, as far as the caller knows it.

use super::framing::Framing;

/// What the first bytes of a conversation are.
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::trace::wire::{Conversation, Direction, Framing, Label, Protocol};
/// use std::time::Duration;
///
/// let passed = b"GET / HTTP/1.1\r\n";
/// for (protocol, label) in [
///     (Protocol::Bytes, Label::Bytes), // not read as HTTP
///     (Protocol::Framed(Framing::of(Delimiter::CRLF)), Label::FramedMessage),
/// ] {
///     let mut conversation = Conversation::of(protocol);
///     let mut spans = conversation.receive(Direction::FromClient, Duration::ZERO, passed);
///     let span = spans.next().unwrap().span;
///     assert_eq!((span.label, span.range), (label, 0..16));
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// The bytes say it themselves.
    #[default]
    Detected,
    /// HTTP/1.1, also if the first byte is that of a TLS handshake: it is refused then.
    Http,
    /// TLS, also if the first byte is that of no record.
    Tls,
    /// TLS, with this inside. Where the plaintext is seen, too, an [`Explainer`](super::Explainer) reads it as that, and
    /// does not detect it:
    ///
    /// ```
    /// use barewire::trace::wire::render::Text;
    /// use barewire::trace::wire::{Direction::FromServer, Event, Explainer, Layer, Protocol, What};
    /// use std::time::Duration;
    ///
    /// # #[derive(Clone, Default)]
    /// # struct Out(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
    /// # impl std::io::Write for Out {
    /// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
    /// #         self.0.lock().unwrap().write(bytes)
    /// #     }
    /// #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
    /// # }
    /// # let out = Out::default();
    /// # let (client, server) = (([127, 0, 0, 1], 50000).into(), ([127, 0, 0, 1], 8000).into());
    /// let echo = Protocol::TlsWith(Box::new(Protocol::Bytes));
    /// let mut explainer = Explainer::new(Text::new(), out.clone());
    /// explainer.set_protocol(echo);
    /// for what in [What::begins(client, server), What::Bytes(Layer::Tls, b"welcome!\n".into())] {
    ///     explainer.event(&Event::new(0, FromServer, Duration::ZERO, what))?;
    /// }
    /// explainer.finish()?;
    /// # let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    /// assert!(text.contains("welcome!") && !text.contains("HTTP"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    TlsWith(Box<Protocol>),
    /// Messages, framed so.
    Framed(Framing),
    /// Nothing is known about them: they are data.
    Bytes,
}
