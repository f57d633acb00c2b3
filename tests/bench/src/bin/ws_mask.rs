//! How long it takes to mask or unmask a payload, in one run.
//!
//! In place: ours beside `fastwebsockets::unmask` (which uses `unsafe`) and the RFC's loop over single bytes,
//! as the compiler optimizes it. Ours also keeps its offset in the key for the next piece.
//!
//! Into a buffer, as a client sends: ours beside a copy of the payload that is masked as a whole.
//!
//! Each round times every candidate once, in a rotating order. A ratio is that of one round, and the median of
//! the ratios is printed.

use barewire::websocket::wire::Mask;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 101;
/// The least number of bytes that a candidate masks in a round.
const BYTES: usize = 1 << 20;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const SIZES: [(&str, usize); 10] = [
    ("5 B", 5),
    ("12 B", 12),
    ("20 B", 20),
    ("31 B", 31),
    ("32 B", 32),
    ("63 B", 63),
    ("125 B", 125),
    ("16 KiB", 16 << 10),
    ("1 MiB", 1 << 20),
    ("16 MiB", 16 << 20),
];

/// A name, and the function that is timed: it gets a payload and a buffer.
type Contestant = (&'static str, fn(&mut [u8], &mut Vec<u8>));

const IN_PLACE: [Contestant; 3] = [
    ("fastwebsockets", |payload, _| {
        fastwebsockets::unmask(payload, black_box(KEY));
    }),
    ("plain loop", |payload, _| plain(payload, black_box(KEY))),
    ("barewire", |payload, _| {
        Mask::new(black_box(KEY)).apply(payload);
    }),
];

const INTO_A_BUFFER: [Contestant; 2] = [
    ("copied, then masked", |payload, out| {
        let at = out.len();
        out.extend_from_slice(payload);
        fastwebsockets::unmask(&mut out[at..], black_box(KEY));
    }),
    ("barewire", |payload, out| {
        Mask::new(black_box(KEY)).append(payload, out);
    }),
];

fn main() {
    for (what, candidates) in [
        ("in place", &IN_PLACE[..]),
        ("into a buffer", &INTO_A_BUFFER),
    ] {
        for (size, bytes) in SIZES {
            println!("mask {what}, {size}");
            compare(candidates, bytes);
        }
    }
}

fn plain(payload: &mut [u8], key: [u8; 4]) {
    for (i, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[i % 4];
    }
}

fn compare(candidates: &[Contestant], bytes: usize) {
    let mut payload: Vec<u8> = (0..bytes).map(|i| i as u8).collect();
    let mut times = vec![Vec::new(); candidates.len()];
    for round in 0..ROUNDS {
        for turn in 0..candidates.len() {
            let who = (round + turn) % candidates.len();
            times[who].push(timed(candidates[who].1, &mut payload));
        }
    }
    for ((name, _), own) in candidates.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, first)| own / first);
        let (ns, ratio) = (median(own.iter().copied()), median(ratios));
        let speed = bytes as f64 / ns;
        println!("  {name:<20} {ns:>9.1} ns {speed:>6.1} GB/s   x{ratio:.2}");
    }
}

/// Nanoseconds for one payload.
fn timed(run: fn(&mut [u8], &mut Vec<u8>), payload: &mut [u8]) -> f64 {
    let repeats = (BYTES / payload.len()).clamp(1, 20_000);
    let mut out = Vec::with_capacity(payload.len());
    run(payload, &mut out);
    let start = Instant::now();
    for _ in 0..repeats {
        out.clear();
        run(black_box(&mut *payload), black_box(&mut out));
    }
    start.elapsed().as_nanos() as f64 / repeats as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
