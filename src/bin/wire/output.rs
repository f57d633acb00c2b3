//! How it is shown, and where.

use crate::demo::print::{ServerOutput, Stdout};
use crate::demo::{colours, columns};
use crate::only::Filtered;
use crate::options::{Options, Style};
use barewire::net::{Addr, Observer, TapEvent, Tapped};
use barewire::trace::wire::render::{Hex, Json, Rendering, Text};
use barewire::trace::wire::{Direction, Explainer, Layer, Protocol};
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Larger writes where nobody reads along.
const BUFFER_BYTES: usize = 64 * 1024;

impl Options {
    pub(crate) fn rendering(&self) -> Filtered {
        let rendering: Box<dyn Rendering> = match self.style {
            Style::Text => Box::new(Text::new()),
            Style::Hex => Box::new(Hex::new(columns(), colours())),
            Style::Json => Box::new(Json::new()),
        };
        Filtered {
            only: self.only.clone(),
            rendering,
        }
    }

    /// What explains connections while they go on. (For now without --save.)
    pub(crate) fn recorder(&self, _save: Option<&str>) -> io::Result<Arc<dyn Observer>> {
        let explainer = self.explainer(ServerOutput);
        let (explainer, began) = (Mutex::new(explainer), Instant::now());
        Ok(Arc::new(move |tapped: &Tapped, event: TapEvent<'_>| {
            let mut explainer = explainer.lock().unwrap_or_else(PoisonError::into_inner);
            let (time, number) = (began.elapsed(), tapped.number());
            let layer = if tapped.is_plaintext() {
                Layer::Tls
            } else {
                Layer::Tcp
            };
            let (theirs, ours) = match tapped.is_accepted() {
                true => (Direction::FromClient, Direction::FromServer),
                false => (Direction::FromServer, Direction::FromClient),
            };
            let _ = match event {
                TapEvent::Connected if layer == Layer::Tcp => {
                    let name = |addr: Option<&Addr>| addr.map(Addr::to_string).unwrap_or_default();
                    let (from, to) = (name(tapped.peer_addr()), name(tapped.local_addr()));
                    explainer.begins(number, time, &format!("{from} to {to}"), Protocol::Detected)
                }
                TapEvent::Received(bytes) => explainer.bytes(number, layer, theirs, time, bytes),
                TapEvent::Sent(bytes) => explainer.bytes(number, layer, ours, time, bytes),
                TapEvent::ReceivedEnd if layer == Layer::Tcp => {
                    explainer.ends(number, theirs, time)
                }
                TapEvent::SentEnd if layer == Layer::Tcp => explainer.ends(number, ours, time),
                _ => Ok(()),
            };
        }))
    }

    /// Where a program writes that ends by itself.
    pub(crate) fn output(&self) -> io::Result<Shared> {
        Ok(Shared::new(Stdout))
    }

    pub(crate) fn explainer(&self, out: impl Write + Send + 'static) -> Explainer {
        let explainer = Explainer::new(self.rendering(), out);
        match self.show_secrets {
            true => explainer.show_secrets(),
            false => explainer,
        }
    }
}

/// A buffer that its reader can ask to be written.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<BufWriter<Box<dyn Write + Send>>>>);

impl Shared {
    fn new(out: impl Write + Send + 'static) -> Shared {
        let out = BufWriter::with_capacity(BUFFER_BYTES, Box::new(out) as Box<_>);
        Shared(Arc::new(Mutex::new(out)))
    }

    fn lock(&self) -> MutexGuard<'_, BufWriter<Box<dyn Write + Send>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Shared {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.lock().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}
