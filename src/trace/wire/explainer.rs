//! Many conversations, one rendering: what an observer of connections writes to.

use super::conversation::Conversation;
use super::datagram::datagram;
use super::event::{Event, Notice, What, between};
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

/// Explains many conversations at once: [`Event`]s in, a [`Rendering`] out.
///
/// A conversation has a number; the first one is usually 0. [`What::Begins`] names it, and what comes of a number that
/// is not named is passed over. It is forgotten when both directions have ended. At most 4,096 conversations are
/// followed: if one more begins, the one with the lowest number is forgotten, and the rendering says so.
///
/// ```
/// use barewire::trace::wire::{Direction::FromClient, Event, Explainer, What, render::Text};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// # let (client, server) = (([127, 0, 0, 1], 50000).into(), ([127, 0, 0, 1], 1337).into());
/// let mut explainer = Explainer::new(Text::new(), std::io::stdout());
/// let at = Duration::from_millis;
/// explainer.event(&Event::new(0, FromClient, at(0), What::begins(client, server)))?;
/// explainer.event(&Event::new(0, FromClient, at(1), What::bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")))?;
/// explainer.event(&Event::new(0, FromClient, at(2), What::Ends { reset: false }))?;
/// explainer.finish()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`event`](Self::event) and [`finish`](Self::finish) return the error of the writer once. From then on nothing is
/// explained, and they return `Ok`: the connections that are watched go on.
pub struct Explainer {
    live: BTreeMap<u64, Live>,
    protocol: Protocol,
    shows_secrets: bool,
    output: Output,
}

/// Where the spans go.
struct Output {
    rendering: Box<dyn Rendering>,
    out: Box<dyn Write + Send>,
    /// What is not written yet: empty between two calls.
    text: String,
    error: Option<io::Error>,
    has_failed: bool,
}

/// A conversation, and what TLS carries in it.
struct Live {
    tcp: Conversation,
    carried: Protocol,
    inside: Option<Conversation>,
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
            protocol: Protocol::Detected,
            shows_secrets: false,
            output: Output {
                rendering: Box::new(rendering),
                out: Box::new(out),
                text: String::new(),
                error: None,
                has_failed: false,
            },
        }
    }

    /// The conversations that begin from now on carry this in the clear. What TLS carries is detected, unless this is
    /// [`Protocol::TlsWith`].
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Shows credentials and cookies in the conversations that begin from now on: see
    /// [`Conversation::show_secrets`].
    #[must_use]
    pub fn show_secrets(mut self) -> Explainer {
        self.shows_secrets = true;
        self
    }

    /// Explains what has passed. A notice about no conversation is passed over.
    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Some(number) = event.conversation else {
            return Ok(());
        };
        let (from, time, output) = (event.from, event.time, &mut self.output);
        match &event.what {
            What::Begins { about, .. } => {
                let live = Live {
                    tcp: conversation(self.protocol.clone(), self.shows_secrets),
                    carried: match &self.protocol {
                        Protocol::TlsWith(carried) => (**carried).clone(),
                        _ => Protocol::Detected,
                    },
                    inside: None,
                    ended: [false; 2],
                };
                self.live.insert(number, live);
                if self.live.len() > MOST_LIVE
                    && let Some((oldest, _)) = self.live.pop_first()
                {
                    let why = format!("not followed further: {MOST_LIVE} conversations are open");
                    output.says(oldest, time, &why);
                }
                output.says(number, time, about);
            }
            What::Datagram {
                client,
                server,
                bytes,
                missing,
            } => {
                output.says(number, time, &between(client, server));
                output.explain(number, Layer::Udp, [datagram(from, time, bytes)]);
                if *missing > 0 {
                    let says = format!("{missing} more bytes of it are not in the capture");
                    output.says(number, time, &says);
                }
            }
            What::Bytes(layer, bytes) => {
                if let Some(live) = self.live.get_mut(&number) {
                    let explained = match layer {
                        Layer::Tls => live.inside.get_or_insert_with(|| {
                            conversation(live.carried.clone(), self.shows_secrets)
                        }),
                        _ => &mut live.tcp,
                    };
                    output.explain(number, *layer, explained.receive(from, time, bytes));
                }
            }
            What::Gap(length) => {
                if let Some(live) = self.live.get_mut(&number) {
                    output.explain(number, Layer::Tcp, live.tcp.gap(from, time, *length));
                }
            }
            What::Ends { reset } => {
                if *reset {
                    output.says(
                        number,
                        time,
                        "cut by a RST: both directions end (RFC 9293 §3.5.2)",
                    );
                }
                self.ends(number, from, time);
            }
            What::Cut => output.says(number, time, "cut"),
            What::Closed => {
                self.ends(number, from, time);
                self.live.remove(&number);
            }
            What::Notice(notice) => {
                if matches!(notice, Notice::TooSlow | Notice::Unrecorded(_)) {
                    self.live.remove(&number);
                }
                output.says(number, time, &notice.to_string());
            }
        }
        self.output.write()
    }

    /// A direction has ended, in every layer.
    fn ends(&mut self, number: u64, from: Direction, time: Duration) {
        let Some(live) = self.live.get_mut(&number) else {
            return;
        };
        if let Some(inside) = &mut live.inside {
            self.output
                .explain(number, Layer::Tls, inside.end(from, time));
        }
        self.output
            .explain(number, Layer::Tcp, live.tcp.end(from, time));
        live.ended[from.index()] = true;
        if live.ended == [true; 2] {
            self.live.remove(&number);
        }
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

fn conversation(protocol: Protocol, shows_secrets: bool) -> Conversation {
    let conversation = Conversation::of(protocol);
    match shows_secrets {
        true => conversation.show_secrets(),
        false => conversation,
    }
}

impl Output {
    fn says(&mut self, number: u64, time: Duration, text: &str) {
        self.rendering.event(number, time, text, &mut self.text);
    }

    fn explain(&mut self, number: u64, layer: Layer, spans: impl IntoIterator<Item = Explained>) {
        for mut explained in spans {
            if explained.layer == Layer::Tcp {
                explained.layer = layer;
            }
            self.rendering.explained(number, &explained, &mut self.text);
            if self.text.len() >= ENOUGH {
                self.pass_on();
            }
        }
    }

    /// Passes on what was rendered.
    fn pass_on(&mut self) {
        if !(self.has_failed || self.text.is_empty()) {
            self.error = self.out.write_all(self.text.as_bytes()).err();
            self.has_failed = self.error.is_some();
        }
        self.text.clear();
    }

    fn write(&mut self) -> io::Result<()> {
        self.pass_on();
        self.error.take().map_or(Ok(()), Err)
    }
}
