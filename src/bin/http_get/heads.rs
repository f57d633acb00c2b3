//! The heads that pass over a connection, found in its bytes by the [`Observer`] of the requests.
//!
//! The library is not asked what it sends and receives; the observer sees the bytes themselves.
//!
//! ```text
//!   "GET / HTTP/1.1\r\nHo" "st: a\r\n\r\n" "body …"      any cuts
//!    └ a line ────┘   └ a line ─┘  └ the head's end: what follows is ignored
//! ```

use crate::transcript::{Phase, Transcript};
use barewire::net::{Observer, TapEvent, Tapped};
use barewire::trace::Recorder;
use std::sync::Arc;

/// The observer of all connections: one request is sent at a time.
#[derive(Clone, Debug)]
pub(crate) struct Heads(pub(crate) Arc<Transcript>, pub(crate) Option<Recorder>);

impl Heads {
    fn sent(&self, mut bytes: &[u8]) {
        let transcript = &*self.0;
        let lines = &mut *transcript.lines();
        while let Some(line) = lines.sent.next(&mut bytes) {
            transcript.line('>', without_end(&line));
            let name = line.get(..7).unwrap_or_default();
            lines.awaits_continue |= name.eq_ignore_ascii_case(b"expect:");
            lines.sent.ended = without_end(&line).is_empty();
        }
        if lines.awaits_continue && !bytes.is_empty() {
            lines.awaits_continue = false;
            transcript.note("Done waiting for 100-continue");
        }
    }

    fn received(&self, mut bytes: &[u8]) {
        let transcript = &*self.0;
        let lines = &mut *transcript.lines();
        lines.awaits_continue = false;
        if transcript.state().phase == Phase::Connected {
            transcript.set_phase(Phase::Head);
        }
        while let Some(line) = lines.received.next(&mut bytes) {
            let is_first = lines.status.is_none();
            let code = *lines.status.get_or_insert_with(|| status(&line));
            transcript.line('<', without_end(&line));
            let mut state = transcript.state();
            state.heads.extend_from_slice(&line);
            if is_first {
                state.status = code;
            }
            if without_end(&line).is_empty() {
                // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses
                // received prior to a final response"
                let is_interim = matches!(code, 100 | 102..=199);
                lines.status = None;
                lines.received.ended = !is_interim;
            }
        }
    }
}

impl Observer for Heads {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        if let Some(recorder) = &self.1 {
            recorder.passed(connection, event);
        }
        let number = connection.number();
        if !connection.is_plaintext() && self.0.is_secured(number) {
            if event == TapEvent::Closed {
                self.0.closed(number);
            }
            return; // records
        }
        match event {
            TapEvent::Connected => drop(self.0.begin_request(number)),
            TapEvent::Sent(bytes) => self.sent(bytes),
            TapEvent::Received(bytes) => self.received(bytes),
            TapEvent::Closed if !connection.is_plaintext() => self.0.closed(number),
            _ => {}
        }
    }
}

/// The code in `HTTP/1.1 200 OK`; 0 if there is none.
fn status(line: &[u8]) -> u16 {
    let digits = line
        .get(9..12)
        .filter(|code| code.iter().all(u8::is_ascii_digit));
    let code = digits.and_then(|code| str::from_utf8(code).ok());
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use barewire::net::{Stream, Tap, pipe};

    #[test]
    fn heads_are_found_in_every_cut() {
        let heads = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let all = [&heads[..], b"HTTP/1.1 999 this is the body\r\n\r\n"].concat();
        for cut in 0..=all.len() {
            let transcript = Arc::new(Transcript::new(false));
            let (here, there) = pipe();
            transcript.open("a");
            let observer = Arc::new(Heads(Arc::clone(&transcript), None));
            let tap = Tap::opened(Arc::new(here), observer);
            for piece in [&all[..cut], &all[cut..]] {
                there.write(piece).unwrap();
                let mut buf = vec![0; piece.len()];
                assert_eq!(tap.read(&mut buf).unwrap(), piece.len());
            }
            assert_eq!(transcript.state().heads, heads, "cut at {cut}");
            assert_eq!(transcript.state().status, 200);
        }
    }
}
