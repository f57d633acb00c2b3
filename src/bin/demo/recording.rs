//! What `--explain`, `--save` and `--show-secrets` do: the connections of a demo have a recorder.
//!
//! A server explains on stdout. A client, whose stdout is what the peer sends, explains on stderr.

use super::args::Args;
use super::files::NamedFile;
use super::print::{Standard, columns, err};
use barewire::trace::Recorder;
use barewire::trace::wire::Protocol;
use barewire::trace::wire::render::{Hex, Text};
use std::io;
use std::sync::OnceLock;

/// The recorder of this process.
static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// Waits until what was recorded is written. It takes no longer than an output may: see [`Recorder`].
pub(crate) fn finish() {
    RECORDER.get().map(Recorder::finish); // `on_error` has reported a failure
}

/// The options.
pub(crate) struct Recording {
    text: bool,
    hex: bool,
    save: Option<String>,
    show_secrets: bool,
    protocol: Protocol,
}

impl Recording {
    pub(crate) fn of(args: &mut Args<'_>) -> Result<Recording, String> {
        let recording = Recording {
            text: args.has("--explain"),
            hex: args.has("--explain=hex"),
            save: args.value("--save"),
            show_secrets: args.has("--show-secrets"),
            protocol: Protocol::Detected,
        };
        if recording.text && recording.hex {
            return Err("--explain or --explain=hex, not both".into());
        }
        let explains = recording.text || recording.hex;
        match recording.show_secrets && !explains {
            true => Err("--show-secrets needs --explain: a file has all bytes anyway".into()),
            false => Ok(recording),
        }
    }

    /// The connections carry this.
    pub(crate) fn of_protocol(self, protocol: Protocol) -> Recording {
        Recording { protocol, ..self }
    }

    /// Explains to `out`. `None`: nothing was asked for.
    pub(crate) fn recorder(&self, out: Standard) -> io::Result<Option<Recorder>> {
        let mut recorder = Recorder::new().on_error(|error| err!("{error}"));
        if self.show_secrets {
            recorder = recorder.show_secrets();
        }
        if self.text {
            recorder = recorder.explain_as(self.protocol.clone(), Text::new(), out);
        }
        if self.hex {
            let hex = Hex::new(columns(), out.colours());
            recorder = recorder.explain_as(self.protocol.clone(), hex, out);
        }
        if let Some(path) = &self.save {
            recorder = recorder.save(NamedFile::create(path)?);
        }
        let records = self.text || self.hex || self.save.is_some();
        Ok(records.then(|| RECORDER.get_or_init(|| recorder).clone()))
    }
}
