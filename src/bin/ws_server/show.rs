//! Every byte of a connection, printed as it arrives and leaves.
//!
//! ```text
//! < 81 8c 37 fa 21 3d 5f 9f 4d 51 58 da 56 52 45 96 45 1c
//! > 81 06 79 61 6b 65 78 69
//! ```

use crate::demo::log;
use barewire::net::{Service, Slot, Stream, Tap, TapEvent, Tapped};
use std::io;
use std::sync::Arc;

/// Of a longer piece only the beginning is printed.
const MAX_BYTES: usize = 64;

/// A server with a tap on each of its connections, if it is on.
pub(crate) struct Shown<S> {
    pub(crate) service: S,
    pub(crate) is_on: bool,
}

impl<S: Service> Service for Shown<S> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        match self.is_on {
            true => self
                .service
                .connection(Arc::new(Tap::accepted(stream, Arc::new(show))), slot),
            false => self.service.connection(stream, slot),
        }
    }

    fn accept_error(&self, error: &io::Error) {
        self.service.accept_error(error);
    }

    fn closed(&self) {
        self.service.closed();
    }
}

fn show(_: &Tapped, event: TapEvent<'_>) {
    let (mark, bytes) = match event {
        TapEvent::Received(bytes) => ('<', bytes),
        TapEvent::Sent(bytes) => ('>', bytes),
        _ => return,
    };
    if bytes.is_ascii() && bytes.ends_with(b"\r\n\r\n") {
        let head = String::from_utf8_lossy(bytes);
        for line in head.trim_end().lines() {
            log!("{mark} {line}");
        }
        return;
    }
    let shown = bytes.iter().take(MAX_BYTES);
    let digits: String = shown.map(|b| format!(" {b:02x}")).collect();
    match bytes.len().saturating_sub(MAX_BYTES) {
        0 => log!("{mark}{digits}"),
        more => log!("{mark}{digits} … {more} more"),
    }
}
