//! What `--explain`, `--save` and `--show-secrets` do: the connections of a demo have a recorder.
//!
//! A server explains on stdout. A client, whose stdout is what the peer sends, explains on stderr.

use super::args::Args;
use super::files::named;
use super::print::{Standard, columns, err};
use barewire::trace::Recorder;
use barewire::trace::wire::render::{Hex, Text};
use std::fs::File;
use std::io;

/// The options.
pub(crate) struct Recording {
    text: bool,
    hex: bool,
    save: Option<String>,
    show_secrets: bool,
}

impl Recording {
    pub(crate) fn of(args: &mut Args<'_>) -> Result<Recording, String> {
        let recording = Recording {
            text: args.has("--explain"),
            hex: args.has("--explain=hex"),
            save: args.value("--save"),
            show_secrets: args.has("--show-secrets"),
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

    /// Explains to `out`. `None`: nothing was asked for.
    pub(crate) fn recorder(&self, out: Standard) -> io::Result<Option<Recorder>> {
        let mut recorder = Recorder::new().on_error(|error| err!("{error}"));
        if self.show_secrets {
            recorder = recorder.show_secrets();
        }
        if self.text {
            recorder = recorder.explain(Text::new(), out);
        }
        if self.hex {
            recorder = recorder.explain(Hex::new(columns(), out.colours()), out);
        }
        if let Some(path) = &self.save {
            let file = File::create(path).map_err(|e| named(path, &e))?;
            recorder = recorder.save(file);
        }
        let records = self.text || self.hex || self.save.is_some();
        Ok(records.then_some(recorder))
    }
}
