//! Many conversations, one rendering: what an observer of connections writes to.

use super::conversation::Conversation;
use super::datagram::datagram;
use super::protocol::Protocol;
use super::render::Rendering;
use super::span::{Direction, Explained, Layer};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// The most conversations that are followed at a time. A capture names as many as it likes.
const MOST_LIVE: usize = 4096;
/// With this many bytes of text, it is written.
const ENOUGH: usize = 64 * 1024;

/// Explains many conversations at once: bytes in, a [`Rendering`] out.
///
/// A conversation has a number, which the caller chooses; the first one is usually 0. [`begins`](Explainer::begins)
/// names it, and bytes of a number that is not named are ignored. It is forgotten when both directions have ended.
/// At most 4,096 conversations are followed: if one more begins, the one with the lowest number is forgotten, and
/// the rendering says so.
///
/// ```
/// use barewire::trace::wire::{Direction, Explainer, Layer, Protocol, render::Text};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let mut explainer = Explainer::new(Text::new(), std::io::stdout());
/// let at = Duration::from_millis;
/// explainer.begins(0, at(0), "client 127.0.0.1:50000 connects to server 127.0.0.1:1337", Protocol::Detected)?;
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// explainer.bytes(0, Layer::Tcp, Direction::FromClient, at(1), request)?;
/// explainer.ends(0, Direction::FromClient, at(2))?;
/// explainer.finish()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Every method returns the error of the writer once. From then on nothing is explained, and the methods return
/// `Ok`: the connections that are watched go on.
pub struct Explainer {
    live: BTreeMap<u64, Live>,
    shows_secrets: bool,
    output: Output,
}

/// Where the spans go.
struct Output {
    rendering: Box<dyn Rendering>,
    out: Box<dyn Write + Send>,
    /// What is not written yet: empty between two calls.
    text: String,
    has_failed: bool,
}

/// A conversation, layer by layer.
struct Live {
    protocol: Protocol,
    layers: Vec<(Layer, Conversation)>,
    /// Whether the client and the server have ended.
    ended: [bool; 2],
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer")
            .field("live", &self.live.len())
            .field("has_failed", &self.output.has_failed)
            .finish_non_exhaustive()
    }
}

impl Explainer {
    /// Explains to `out`, which is written to at least once in each call that has something to say, and flushed by
    /// [`finish`](Explainer::finish): a [`BufWriter`](io::BufWriter) makes larger writes where nobody reads along.
    pub fn new(rendering: impl Rendering + 'static, out: impl Write + Send + 'static) -> Explainer {
        Explainer {
            live: BTreeMap::new(),
            shows_secrets: false,
            output: Output {
                rendering: Box::new(rendering),
                out: Box::new(out),
                text: String::new(),
                has_failed: false,
            },
        }
    }

    /// Shows credentials and cookies in the conversations that begin from now on: see
    /// [`Conversation::show_secrets`].
    #[must_use]
    pub fn show_secrets(mut self) -> Explainer {
        self.shows_secrets = true;
        self
    }

    /// A conversation begins. `about` says between whom: `client 127.0.0.1:50000 connects to server 127.0.0.1:1337`.
    /// If it is carried by TLS, `protocol` is that of the records, and what is inside is detected.
    pub fn begins(
        &mut self,
        conversation: u64,
        time: Duration,
        about: &str,
        protocol: Protocol,
    ) -> io::Result<()> {
        let live = Live {
            protocol,
            layers: Vec::new(),
            ended: [false; 2],
        };
        self.live.insert(conversation, live);
        if self.live.len() > MOST_LIVE
            && let Some((oldest, _)) = self.live.pop_first()
        {
            let why = format!("not followed further: {MOST_LIVE} conversations are open");
            self.event(oldest, time, &why)?;
        }
        self.event(conversation, time, about)
    }

    /// Something has happened in a conversation that is no byte of it.
    pub fn event(&mut self, conversation: u64, time: Duration, text: &str) -> io::Result<()> {
        let Output {
            rendering,
            text: out,
            ..
        } = &mut self.output;
        rendering.event(conversation, time, text, out);
        self.output.write()
    }

    /// Some bytes have passed.
    pub fn bytes(
        &mut self,
        conversation: u64,
        layer: Layer,
        from: Direction,
        time: Duration,
        bytes: &[u8],
    ) -> io::Result<()> {
        let Some(live) = self.live.get_mut(&conversation) else {
            return Ok(());
        };
        let explained = live.layer(layer, self.shows_secrets);
        let spans = explained.receive(from, time, bytes);
        self.output.explain(conversation, layer, spans)
    }

    /// So many bytes have passed that nobody has kept: see [`Conversation::gap`].
    pub fn gap(
        &mut self,
        conversation: u64,
        from: Direction,
        time: Duration,
        length: u64,
    ) -> io::Result<()> {
        let Some(live) = self.live.get_mut(&conversation) else {
            return Ok(());
        };
        let tcp = live.layer(Layer::Tcp, self.shows_secrets);
        let spans = tcp.gap(from, time, length);
        self.output.explain(conversation, Layer::Tcp, spans)
    }

    /// A datagram has passed. It is a conversation of its own: nothing is known of those before it.
    pub fn datagram(
        &mut self,
        conversation: u64,
        from: Direction,
        time: Duration,
        bytes: &[u8],
    ) -> io::Result<()> {
        let explained = std::iter::once(datagram(from, time, bytes));
        self.output.explain(conversation, Layer::Udp, explained)
    }

    /// A direction has ended, in every layer.
    pub fn ends(&mut self, conversation: u64, from: Direction, time: Duration) -> io::Result<()> {
        let Some(live) = self.live.get_mut(&conversation) else {
            return Ok(());
        };
        live.layer(Layer::Tcp, self.shows_secrets);
        let mut written = Ok(());
        for (layer, explained) in live.layers.iter_mut().rev() {
            let spans = explained.end(from, time);
            written = written.and(self.output.explain(conversation, *layer, spans));
        }
        live.ended[from.index()] = true;
        if live.ended == [true; 2] {
            self.live.remove(&conversation);
        }
        written
    }

    /// Nothing more comes of a conversation, and nothing is to be said about it.
    pub fn forgets(&mut self, conversation: u64) {
        self.live.remove(&conversation);
    }

    /// Nothing more comes: the rendering writes its end, and the writer is flushed.
    pub fn finish(&mut self) -> io::Result<()> {
        self.live.clear();
        self.output.rendering.finish(&mut self.output.text);
        self.output.write()?;
        match self.output.has_failed {
            true => Ok(()),
            false => self.output.out.flush(),
        }
    }
}

impl Output {
    fn explain(
        &mut self,
        conversation: u64,
        layer: Layer,
        spans: impl Iterator<Item = Explained>,
    ) -> io::Result<()> {
        let mut written = Ok(());
        for mut explained in spans {
            if explained.layer == Layer::Tcp {
                explained.layer = layer;
            }
            self.rendering
                .explained(conversation, &explained, &mut self.text);
            if self.text.len() >= ENOUGH {
                written = written.and(self.write());
            }
        }
        written.and(self.write())
    }

    /// Writes what was rendered.
    fn write(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        if self.has_failed || text.is_empty() {
            return Ok(());
        }
        let written = self.out.write_all(text.as_bytes());
        self.has_failed = written.is_err();
        written
    }
}

impl Live {
    /// The conversation of a layer.
    fn layer(&mut self, layer: Layer, shows_secrets: bool) -> &mut Conversation {
        if let Some(at) = self.layers.iter().position(|(other, _)| *other == layer) {
            return &mut self.layers[at].1;
        }
        let mut conversation = Conversation::of(match layer {
            Layer::Tls => Protocol::Detected,
            _ => self.protocol.clone(),
        });
        if shows_secrets {
            conversation = conversation.show_secrets();
        }
        self.layers.push((layer, conversation));
        let at = self.layers.len() - 1;
        &mut self.layers[at].1
    }
}
