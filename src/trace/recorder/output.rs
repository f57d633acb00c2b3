//! What the recorder's thread writes to.

use crate::net::{Panicked, guarded};
use crate::trace::wire::capture::Writer;
use crate::trace::wire::{Event, Explainer, What};
use std::fmt::Display;
use std::io::{self, Write};

pub(super) type Out = Box<dyn Write + Send>;
type Hook = Box<dyn Fn(&dyn Display) + Send>;

/// What an event is written to.
pub(super) enum Output {
    Explained(Box<Explainer>),
    Saved(Writer<Out>),
    /// It is called when another one has failed.
    Hook(Hook),
}

/// All outputs of a recorder.
#[derive(Default)]
pub(super) struct Outputs {
    all: Vec<Output>,
    first_error: Option<io::Error>,
}

impl Outputs {
    pub(super) fn add(&mut self, others: &mut Vec<Output>) {
        self.all.append(others);
    }

    pub(super) fn write(&mut self, event: &Event<'_>) {
        self.each(|output| output.write(event));
        if let (Some(number), What::Notice(lost)) = (event.conversation, &event.what) {
            self.report(&format_args!("connection {number}: {lost}"));
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
    fn write(&mut self, event: &Event<'_>) -> io::Result<()> {
        match self {
            Output::Explained(explainer) => explainer.event(event),
            Output::Saved(writer) => writer.event(event),
            Output::Hook(_) => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Output::Explained(explainer) => explainer.finish(),
            Output::Saved(writer) => writer.finish(),
            Output::Hook(_) => Ok(()),
        }
    }
}
