//! Captures: what is written is read again, and what others write is read.
//!
//! [`cases`] runs the files and packets of `fixtures/captures/`. [`written`] writes conversations and reads them,
//! [`segments`] shuffles, drops and repeats their packets, and [`limits`] is what a file may make large.

mod cases;
mod fixture;
mod limits;
mod segments;
mod written;

use barewire::trace::wire::capture::{Error, Limits, Reader, Writer};
use barewire::trace::wire::{Direction, Event, What};
use std::time::Duration;

/// All events of a file, and the error behind them.
pub(crate) fn events(file: &[u8], limits: Limits) -> (Vec<Event<'static>>, Option<Error>) {
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
    let shown = events.iter().map(|event| {
        let mark = match event.from {
            Direction::FromClient => '>',
            Direction::FromServer => '<',
        };
        match &event.what {
            What::Begins { client, server, .. } => {
                let (seconds, nanos) = (event.time.as_secs(), event.time.subsec_nanos());
                format!("begins {client} {server} at {seconds}.{nanos:09}")
            }
            What::Bytes(_, bytes) => format!("{mark} \"{}\"", bytes.escape_ascii()),
            What::Gap(length) => format!("{mark} gap {length}"),
            What::Ends { reset: true } => format!("{mark} reset"),
            What::Ends { .. } => format!("{mark} end"),
            What::Datagram { bytes, missing, .. } => {
                let datagram = format!("{mark} datagram \"{}\"", bytes.escape_ascii());
                match missing {
                    0 => datagram,
                    missing => format!("{datagram} and {missing} more"),
                }
            }
            What::Notice(notice) => format!("notice {notice:?}"),
            other => format!("{other:?}"),
        }
    });
    shown.collect()
}

/// What passes at the time 0, written.
pub(crate) fn write(writer: &mut Writer<&mut Vec<u8>>, number: u64, from: Direction, what: What) {
    let event = Event::new(number, from, Duration::ZERO, what);
    writer.event(&event).unwrap();
}
