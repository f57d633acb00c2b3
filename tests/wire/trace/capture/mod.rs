//! Captures: what is written is read again, and what others write is read.
//!
//! [`cases`] runs the files and packets of `fixtures/captures/`. [`written`] writes conversations and reads them,
//! [`segments`] shuffles, drops and repeats their packets, and [`limits`] is what a file may make large.

mod cases;
mod fixture;
mod limits;
mod segments;
mod written;

use barewire::trace::wire::Direction;
use barewire::trace::wire::capture::{Error, Event, Limits, Reader};

/// All events of a file, and the error behind them.
pub(crate) fn events(file: &[u8], limits: Limits) -> (Vec<Event>, Option<Error>) {
    let mut events = Vec::new();
    let mut reader = Reader::with_limits(file, limits);
    while let Some(next) = reader.next() {
        match next {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(reader.next().is_none(), "an error is the last item");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// Events as `fixtures/captures/` writes them.
pub(crate) fn shown(events: &[Event]) -> Vec<String> {
    let mark = |from: &Direction| {
        if *from == Direction::FromClient {
            '>'
        } else {
            '<'
        }
    };
    let shown = events.iter().map(|event| match event {
        Event::Begins {
            time,
            client,
            server,
            ..
        } => {
            let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
            format!("begins {client} {server} at {seconds}.{nanos:09}")
        }
        Event::Bytes { from, bytes, .. } => format!("{} \"{}\"", mark(from), bytes.escape_ascii()),
        Event::Gap { from, length, .. } => format!("{} gap {length}", mark(from)),
        Event::Ends { from, reset, .. } => {
            format!("{} {}", mark(from), if *reset { "reset" } else { "end" })
        }
        Event::Datagram { from, bytes, .. } => {
            format!("{} datagram \"{}\"", mark(from), bytes.escape_ascii())
        }
        Event::Notice { notice, .. } => format!("notice {notice:?}"),
        other => format!("{other:?}"),
    });
    shown.collect()
}
