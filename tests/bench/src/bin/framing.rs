//! How long it takes to find messages in a stream, beside a plain loop, in one run.
//!
//! 64-byte messages behind a header (`Header16`), in chunks of 16 KiB as reads bring them: 240
//! lie whole in each, one is cut. The plain loop is what one writes by hand, for this only: look
//! at the length, copy that many bytes into a fixed buffer, and keep the cut rest for the next
//! chunk. It has no limit, no error and no other framer beside it.
//!
//! Ours is timed twice: as it is meant to be used, with the message borrowed, and with the same
//! copy made of each message. Each round times every contestant once, and their order turns;
//! a ratio is taken within its round, and the median of the ratios is printed.

use barewire::framing::{Decode, Encode, Framer, Header16, HeaderDecoder, Packet};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 61;
const MESSAGES: usize = 100_000;
const MESSAGE: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const READ: usize = 16 * 1024;

/// A name, and what is timed: it is shown a chunk and says how many messages it found.
type Contestant<'a> = (&'static str, Box<dyn FnMut(&[u8]) -> usize + 'a>);

fn main() {
    let mut wire = Vec::new();
    let mut encoder = Header16::new().encoder();
    for _ in 0..MESSAGES {
        encoder
            .encode(&MESSAGE, &mut wire)
            .expect("a short message");
    }

    let mut plain = Plain::new();
    let mut borrowing = Header16::new().decoder();
    let mut copying = Copying {
        decoder: Header16::new().decoder(),
        message: [0; MOST],
    };
    let mut contestants: [Contestant<'_>; 3] = [
        (
            "plain loop, copied",
            Box::new(|chunk| plain.messages(chunk)),
        ),
        (
            "barewire, borrowed",
            Box::new(|chunk| borrowed(&mut borrowing, chunk)),
        ),
        (
            "barewire, copied",
            Box::new(|chunk| copying.messages(chunk)),
        ),
    ];

    let mut times = vec![Vec::new(); contestants.len()];
    for round in 0..ROUNDS {
        for turn in 0..contestants.len() {
            let who = (round + turn) % contestants.len();
            times[who].push(timed(&wire, &mut contestants[who].1));
        }
    }
    println!("framing decode, {MESSAGES} messages of 64 bytes in chunks of 16 KiB");
    for ((name, _), own) in contestants.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, plain)| own / plain);
        let (ns, ratio) = (median(own.iter().copied()), median(ratios));
        println!("  {name:<20} {ns:>6.2} ns a message   x{ratio:.2} of the plain loop");
    }
}

/// Nanoseconds for each message.
fn timed(wire: &[u8], run: &mut dyn FnMut(&[u8]) -> usize) -> f64 {
    let start = Instant::now();
    let found: usize = wire.chunks(READ).map(|chunk| run(black_box(chunk))).sum();
    let elapsed = start.elapsed();
    assert_eq!(found, MESSAGES);
    elapsed.as_nanos() as f64 / MESSAGES as f64
}

const HEADER: usize = 4;
const MOST: usize = u16::MAX as usize;

struct Plain {
    message: [u8; MOST],
    rest: [u8; HEADER + MOST],
    kept: usize,
}

impl Plain {
    fn new() -> Plain {
        let (message, rest) = ([0; MOST], [0; HEADER + MOST]);
        Plain {
            message,
            rest,
            kept: 0,
        }
    }

    fn messages(&mut self, chunk: &[u8]) -> usize {
        let mut at = 0;
        let mut found = 0;
        if self.kept > 0 {
            at += self.keep(chunk, HEADER);
            if self.kept < HEADER {
                return 0;
            }
            let whole = HEADER + length(&self.rest);
            at += self.keep(&chunk[at..], whole);
            if self.kept < whole {
                return 0;
            }
            self.message[..whole - HEADER].copy_from_slice(&self.rest[HEADER..whole]);
            black_box(&self.message[..whole - HEADER]);
            self.kept = 0;
            found += 1;
        }
        while chunk.len() - at >= HEADER {
            let length = length(&chunk[at..]);
            if chunk.len() - at - HEADER < length {
                break;
            }
            at += HEADER;
            self.message[..length].copy_from_slice(&chunk[at..at + length]);
            black_box(&self.message[..length]);
            at += length;
            found += 1;
        }
        self.keep(&chunk[at..], usize::MAX);
        found
    }

    /// Keeps what is missing of `most` bytes.
    fn keep(&mut self, chunk: &[u8], most: usize) -> usize {
        let count = chunk.len().min(most.saturating_sub(self.kept));
        self.rest[self.kept..self.kept + count].copy_from_slice(&chunk[..count]);
        self.kept += count;
        count
    }
}

fn length(header: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([header[2], header[3]]))
}

fn borrowed(decoder: &mut HeaderDecoder<2>, mut chunk: &[u8]) -> usize {
    let mut found = 0;
    while let Some(Packet { body, .. }) = decoder.decode(&mut chunk).expect("good headers") {
        black_box(body);
        found += 1;
    }
    found
}

struct Copying {
    decoder: HeaderDecoder<2>,
    message: [u8; MOST],
}

impl Copying {
    fn messages(&mut self, mut chunk: &[u8]) -> usize {
        let mut found = 0;
        while let Some(Packet { body, .. }) = self.decoder.decode(&mut chunk).expect("good headers")
        {
            let message = &mut self.message[..body.len()];
            message.copy_from_slice(body);
            black_box(message);
            found += 1;
        }
        found
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
