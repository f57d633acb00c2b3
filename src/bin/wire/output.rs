//! How it is shown, and where.

use crate::demo::print::{ServerOutput, Stdout};
use crate::demo::{NamedFile, colours, columns, err};
use crate::only::Filtered;
use crate::options::{Options, Style};
use barewire::trace::Recorder;
use barewire::trace::wire::Explainer;
use barewire::trace::wire::render::{Hex, Html, Json, Rendering, Text};
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Larger writes where nobody reads along.
const BUFFER_BYTES: usize = 64 * 1024;

impl Options {
    pub(crate) fn rendering(&self) -> Filtered {
        let rendering: Box<dyn Rendering> = match self.style {
            Style::Text => Box::new(Text::new().language(self.language)),
            Style::Hex => Box::new(Hex::new(columns(), colours()).language(self.language)),
            Style::Json => Box::new(Json::new()),
            Style::Html(_) => Box::new(Html::new("wire").language(self.language)),
        };
        Filtered {
            only: self.only.clone(),
            rendering,
        }
    }

    /// What explains connections while they go on, and writes a capture of them.
    pub(crate) fn recorder(&self, save: Option<&str>) -> io::Result<Recorder> {
        let mut recorder = Recorder::new().on_error(|error| err!("{error}"));
        if self.show_secrets {
            recorder = recorder.show_secrets();
        }
        let (protocol, rendering) = (self.protocol.clone(), self.rendering());
        recorder = match &self.style {
            Style::Html(path) => recorder.explain_as(protocol, rendering, NamedFile::create(path)?),
            _ => recorder.explain_as(protocol, rendering, ServerOutput),
        };
        match save {
            Some(path) => Ok(recorder.save(NamedFile::create(path)?)),
            None => Ok(recorder),
        }
    }

    /// Where a program writes that ends by itself.
    pub(crate) fn output(&self) -> io::Result<Shared> {
        match &self.style {
            Style::Html(path) => Ok(Shared::new(NamedFile::create(path)?)),
            _ => Ok(Shared::new(Stdout)),
        }
    }

    pub(crate) fn explainer(&self, out: impl Write + Send + 'static) -> Explainer {
        let mut explainer = Explainer::new(self.rendering(), out);
        explainer.set_protocol(self.protocol.clone());
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
