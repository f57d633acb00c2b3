//! What the recorder's thread writes to, and what an entry of the queue means there.

use super::entry::{Entry, What};
use crate::net::{Panicked, guarded};
use crate::trace::wire::capture::Writer;
use crate::trace::wire::{Explainer, Layer, Protocol};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::mem;

pub(super) type Out = Box<dyn Write + Send>;
type Hook = Box<dyn Fn(&dyn Display) + Send>;

/// What an entry is written to.
pub(super) enum Output {
    Explained(Box<Explainer>, Protocol),
    Saved(Box<Capture>),
    /// It is called when another one has failed.
    Hook(Hook),
}

/// A capture. Its header is written with the first entry, or at the end.
pub(super) enum Capture {
    New(Option<Out>),
    Begun(Writer<Out>),
}

/// All outputs of a recorder.
#[derive(Default)]
pub(super) struct Outputs {
    all: Vec<Output>,
    first_error: Option<io::Error>,
}

impl What {
    /// What the output was too slow for.
    fn lost(&self) -> Option<String> {
        match self {
            What::Lost => Some("the output was too slow: not recorded from here on".into()),
            What::Unrecorded(behind) => Some(format!(
                "the output was too slow: not recorded, nor the {behind} behind it"
            )),
            _ => None,
        }
    }
}

impl Outputs {
    pub(super) fn add(&mut self, others: &mut Vec<Output>) {
        self.all.append(others);
    }

    pub(super) fn write(&mut self, entry: &Entry, bytes: &[u8]) {
        self.each(|output| output.write(entry, bytes));
        if let Some(lost) = entry.what.lost() {
            self.report(&format_args!("connection {}: {lost}", entry.conversation));
        }
    }

    /// The end of each output; the first error of all.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.each(Output::finish);
        self.first_error.take().map_or(Ok(()), Err)
    }

    /// An output that fails is dropped.
    fn each(&mut self, mut write: impl FnMut(&mut Output) -> io::Result<()>) {
        let mut failed = Vec::new();
        self.all.retain_mut(|output| {
            let written = guarded(|| write(output));
            let error = written.map_or_else(
                |Panicked| Some(io::Error::other("it panicked")),
                Result::err,
            );
            let goes_on = error.is_none();
            failed.extend(error);
            goes_on
        });
        for error in failed {
            self.report(&format_args!(
                "nothing more is recorded to an output: {error}"
            ));
            self.first_error.get_or_insert(error);
        }
    }

    fn report(&self, what: &dyn Display) {
        for output in self.all.iter().rev() {
            if let Output::Hook(hook) = output {
                let _ = guarded(|| hook(what));
                return;
            }
        }
    }
}

impl Output {
    fn write(&mut self, entry: &Entry, bytes: &[u8]) -> io::Result<()> {
        match self {
            Output::Explained(explainer, protocol) => explained(explainer, protocol, entry, bytes),
            Output::Saved(capture) => match saved(capture.writer()?, entry, bytes) {
                // It began before this output, or its end is written already.
                Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
                saved => saved,
            },
            Output::Hook(_) => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Output::Explained(explainer, _) => explainer.finish(),
            Output::Saved(capture) => capture.finish(),
            Output::Hook(_) => Ok(()),
        }
    }
}

impl Capture {
    fn writer(&mut self) -> io::Result<&mut Writer<Out>> {
        if let Capture::New(out) = self
            && let Some(out) = out.take()
        {
            *self = Capture::Begun(Writer::new(out)?);
        }
        match self {
            Capture::Begun(writer) => Ok(writer),
            Capture::New(_) => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer()?;
        match mem::replace(self, Capture::New(None)) {
            Capture::Begun(writer) => writer.into_inner().flush(),
            Capture::New(_) => Ok(()),
        }
    }
}

fn explained(
    explainer: &mut Explainer,
    protocol: &Protocol,
    entry: &Entry,
    bytes: &[u8],
) -> io::Result<()> {
    let Entry {
        conversation,
        time,
        from,
        ..
    } = *entry;
    match &entry.what {
        What::Begins { about, .. } => explainer.begins(conversation, time, about, protocol.clone()),
        What::Bytes(layer, _) => explainer.bytes(conversation, *layer, from, time, bytes),
        What::Ends => explainer.ends(conversation, from, time),
        What::Resets => explainer.event(conversation, time, "cut"),
        What::Closed => {
            let ended = explainer.ends(conversation, from, time);
            explainer.forgets(conversation);
            ended
        }
        What::Lost | What::Unrecorded(_) => {
            explainer.forgets(conversation);
            explainer.event(conversation, time, &entry.what.lost().unwrap_or_default())
        }
    }
}

fn saved(writer: &mut Writer<Out>, entry: &Entry, bytes: &[u8]) -> io::Result<()> {
    let Entry {
        conversation,
        time,
        from,
        ..
    } = *entry;
    match &entry.what {
        What::Begins { client, server, .. } => writer.begins(conversation, time, *client, *server),
        What::Bytes(Layer::Tcp, _) => writer.bytes(conversation, from, time, bytes),
        What::Bytes(..) | What::Unrecorded(_) => Ok(()),
        What::Ends => writer.ends(conversation, from, time),
        What::Resets | What::Closed | What::Lost => writer.resets(conversation, from, time),
    }
}
