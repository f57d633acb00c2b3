//! What a recorder writes to, and whom it tells that it cannot.

use crate::net::{guarded, lock};
use crate::trace::wire::capture::Writer;
use crate::trace::wire::{Event, Explainer};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// What events are written to.
pub(super) trait Output: Send + 'static {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;

    /// Nothing more comes.
    fn finish(&mut self) -> io::Result<()>;
}

impl Output for Explainer {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.event(event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.finish()
    }
}

impl<W: Write + Send + 'static> Output for Writer<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.event(event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.finish()
    }
}

/// The hook of a recorder, which all outputs share.
#[derive(Clone, Default)]
pub(super) struct Reports(Arc<Mutex<Option<Hook>>>);

type Hook = Arc<dyn Fn(&dyn Display) + Send + Sync>;

impl Reports {
    pub(super) fn to(&self, hook: impl Fn(&dyn Display) + Send + Sync + 'static) {
        *lock(&self.0) = Some(Arc::new(hook));
    }

    pub(super) fn report(&self, what: &dyn Display) {
        let hook = lock(&self.0).clone();
        if let Some(hook) = hook {
            let _ = guarded(|| hook(what)); // the panic hook has printed it
        }
    }
}
