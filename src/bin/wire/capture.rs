//! A capture, packet by packet: what can be read is explained, also of a broken file.

use crate::demo::{err, named};
use crate::options::{Options, Style};
use crate::output::Shared;
use barewire::trace::wire::capture::Reader;
use barewire::trace::wire::{Event, What};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};

pub(crate) fn explain(path: &str, options: &Options) -> io::Result<u8> {
    let input: Box<dyn Read> = match path {
        "-" => Box::new(io::stdin().lock()),
        path => Box::new(File::open(path).map_err(|error| named(path, &error))?),
    };
    if let Style::Html(page) = &options.style
        && fs::canonicalize(page)
            .is_ok_and(|page| fs::canonicalize(path).is_ok_and(|it| it == page))
    {
        let text = format!("{page} is the capture: --html takes another file");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    let out = options.output()?;
    let mut explainer = options.explainer(out.clone());
    let mut explained = Ok(());
    for event in Reader::new(Live { input, out }) {
        explained = match event {
            Ok(Event {
                conversation: None,
                what: What::Notice(notice),
                ..
            }) => {
                err!("{notice}");
                Ok(())
            }
            Ok(event) => explainer.event(&event),
            Err(error) => Err(named(path, &error.into())),
        };
        if explained.is_err() {
            break;
        }
    }
    explainer.finish()?;
    explained.map(|()| 0)
}

/// An input whose next bytes may be long in coming: what came before them is shown first.
struct Live<R> {
    input: R,
    out: Shared,
}

impl<R: Read> Read for Live<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.out.flush()?;
        self.input.read(buf)
    }
}
