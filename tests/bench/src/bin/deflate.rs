//! Compressing and decompressing, beside miniz_oxide and zlib-rs (by way of flate2) in the same run, on one thread.
//!
//! `cargo run --release --bin deflate [ROUNDS]`. The samples are made here: 1 MiB each of text (words, the frequent ones more
//! often), JSON, HTML and random bytes; and frames, which are JSON messages of about 300 bytes, each compressed alone and
//! with a sync flush, as permessage-deflate without context takeover does. What is made at first and kept is not counted.
//!
//! The contestants take turns. MB/s are those of the best round; a ratio is the median of those of all rounds.
//! miniz_oxide and zlib-rs compress with their levels 6 and 1, beside Normal and Fast. `bytes` are in per cent of theirs: at
//! level 1 both make many more, so speed alone would be unfair. zlib-rs is built as it comes, with `unsafe` and SIMD. All
//! decompress what miniz_oxide makes at level 6.

use std::hint::black_box;
use std::time::Instant;

use barewire::deflate::{Deflate, Flush, Inflate, Level};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::stream::{InflateState, MinReset, inflate};
use miniz_oxide::{DataFormat, MZFlush};

const SIZE: usize = 1 << 20;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}

/// Texts of `SIZE` bytes, or of a frame, made of 2,000 words.
struct Texts {
    random: Random,
    words: Vec<String>,
}

impl Texts {
    fn new() -> Texts {
        let mut random = Random(88_172_645_463_325_252);
        let letter = |random: &mut Random| (b'a' + random.below(26) as u8) as char;
        let word = |random: &mut Random| (0..2 + random.below(9)).map(|_| letter(random)).collect();
        let words = (0..2000).map(|_| word(&mut random)).collect();
        Texts { random, words }
    }

    fn words(&mut self, count: usize) -> String {
        let rank = |random: &mut Random| {
            let rank = random.below(2000) * random.below(2000) / 2000;
            rank * random.below(2000) / 2000
        };
        let words: Vec<&str> = (0..count)
            .map(|_| &*self.words[rank(&mut self.random)])
            .collect();
        words.join(" ")
    }

    fn json(&mut self) -> String {
        let (id, euros, cents) = (
            self.random.below(100_000),
            self.random.below(500),
            self.random.below(100),
        );
        let (name, tag, other) = (self.words(2), self.words(1), self.words(1));
        let active = self.random.below(2) == 0;
        format!(
            "{{\"id\":{id},\"name\":\"{name}\",\"price\":{euros}.{cents:02},\"tags\":[\"{tag}\",\"{other}\"],\"active\":{active}}},"
        )
    }

    fn html(&mut self) -> String {
        let (class, path, number) = (self.words(1), self.words(1), self.random.below(1000));
        let count = self.random.below(20);
        let (link, text) = (self.words(3), self.words(count));
        format!(
            "<div class=\"row {class}\"><a href=\"/{path}/{number}\">{link}</a><p>{text}</p></div>\n"
        )
    }

    fn fill(&mut self, mut part: impl FnMut(&mut Texts) -> String) -> Vec<Vec<u8>> {
        let mut all = String::new();
        while all.len() < SIZE {
            all += &part(self);
        }
        all.truncate(SIZE);
        vec![all.into_bytes()]
    }
}

/// The name of each sample, and its messages.
fn samples() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mut texts = Texts::new();
    let sentence = |texts: &mut Texts| {
        let count = 4 + texts.random.below(16);
        texts.words(count) + ". "
    };
    let random = (0..SIZE).map(|_| texts.random.below(256) as u8).collect();
    let frame = |texts: &mut Texts| (texts.json() + &texts.json() + &texts.json()).into_bytes();
    vec![
        ("text", texts.fill(sentence)),
        ("JSON", texts.fill(Texts::json)),
        ("HTML", texts.fill(Texts::html)),
        ("random", vec![random]),
        ("frames", (0..1000).map(|_| frame(&mut texts)).collect()),
    ]
}

/// What a contestant did: its best seconds, the bytes that it made, and how often as long as the first one it took.
#[derive(Clone, Copy, Default)]
struct Outcome {
    seconds: f64,
    bytes: usize,
    ratio: f64,
}

/// They take turns. A ratio is that of one round, and the median of the ratios counts.
fn measure(rounds: usize, mut contestants: [&mut dyn FnMut() -> usize; 3]) -> [Outcome; 3] {
    let mut all = [Outcome::default(); 3];
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        for (at, contestant) in contestants.iter_mut().enumerate() {
            let start = Instant::now();
            all[at].bytes = black_box(contestant());
            seconds[at].push(start.elapsed().as_secs_f64());
        }
    }
    for (outcome, times) in all.iter_mut().zip(&seconds) {
        outcome.seconds = times.iter().copied().fold(f64::MAX, f64::min);
        let ratios = times.iter().zip(&seconds[0]);
        let mut ratios: Vec<f64> = ratios.map(|(other, first)| other / first).collect();
        ratios.sort_by(f64::total_cmp);
        outcome.ratio = ratios[rounds / 2];
    }
    all
}

fn compressing(messages: &[Vec<u8>], level: Level, rounds: usize) -> [Outcome; 3] {
    let is_one = messages.len() == 1;
    let number = if level == Level::Fast { 1 } else { 6 };
    let mut room = vec![0; 2 * SIZE];

    let (mut deflate, mut out) = (Deflate::new(15, level), Vec::with_capacity(2 * SIZE));
    let mut ours = || {
        let flush = if is_one { Flush::Finish } else { Flush::Sync };
        out.clear();
        for message in messages {
            deflate.reset();
            deflate.deflate(message, flush, &mut out, usize::MAX);
        }
        out.len()
    };
    let mut miniz = CompressorOxide::new(create_comp_flags_from_zip_params(number, -15, 0));
    let mut miniz_room = vec![0; 2 * SIZE];
    let mut miniz = || {
        let flush = if is_one {
            TDEFLFlush::Finish
        } else {
            TDEFLFlush::Sync
        };
        let each = messages.iter().map(|message| {
            miniz.reset();
            compress(&mut miniz, message, &mut miniz_room, flush).2
        });
        each.sum()
    };
    let mut zlib = Compress::new(Compression::new(number as u32), false);
    let mut zlib = || {
        let flush = if is_one {
            FlushCompress::Finish
        } else {
            FlushCompress::Sync
        };
        let each = messages.iter().map(|message| {
            zlib.reset();
            zlib.compress(message, &mut room, flush)
                .expect("there is room");
            zlib.total_out() as usize
        });
        each.sum()
    };
    measure(rounds, [&mut ours, &mut miniz, &mut zlib])
}

fn decompressing(messages: &[Vec<u8>], rounds: usize) -> [Outcome; 3] {
    let compress = |message: &Vec<u8>| miniz_oxide::deflate::compress_to_vec(message, 6);
    let streams: Vec<Vec<u8>> = messages.iter().map(compress).collect();
    let most = messages.iter().map(Vec::len).max().unwrap_or(0);

    let (mut own, mut out) = (Inflate::new(15), Vec::with_capacity(most));
    let mut ours = || {
        let each = streams.iter().map(|stream| {
            own.reset();
            out.clear();
            own.inflate(stream, &mut out, usize::MAX)
                .expect("a good stream");
            out.len()
        });
        each.sum()
    };
    let (mut state, mut room) = (InflateState::new_boxed(DataFormat::Raw), vec![0; most]);
    let mut miniz = || {
        let each = streams.iter().map(|stream| {
            state.reset_as(MinReset);
            inflate(&mut state, stream, &mut room, MZFlush::Finish).bytes_written
        });
        each.sum()
    };
    let (mut decompress, mut zlib_room) = (Decompress::new(false), vec![0; most]);
    let mut zlib = || {
        let each = streams.iter().map(|stream| {
            decompress.reset(false);
            let finish = FlushDecompress::Finish;
            decompress
                .decompress(stream, &mut zlib_room, finish)
                .expect("a good stream");
            decompress.total_out() as usize
        });
        each.sum()
    };
    measure(rounds, [&mut ours, &mut miniz, &mut zlib])
}

fn main() {
    let rounds = std::env::args()
        .nth(1)
        .map_or(30, |rounds| rounds.parse().expect("ROUNDS"));
    println!(
        "{:24}{:>10}{:>14}{:>12}{:>15}{:>12}",
        "", "MB/s", "x miniz_oxide", "x zlib-rs", "bytes of miniz", "of zlib-rs"
    );
    for (name, messages) in samples() {
        let total: usize = messages.iter().map(Vec::len).sum();
        let row = |what: &str, [ours, miniz, zlib]: [Outcome; 3]| {
            let percent = |other: Outcome| 100.0 * ours.bytes as f64 / other.bytes as f64;
            println!(
                "{:24}{:>10.0}{:>14.2}{:>12.2}{:>14.1}%{:>11.1}%",
                format!("{name}, {what}"),
                total as f64 / 1e6 / ours.seconds,
                miniz.ratio,
                zlib.ratio,
                percent(miniz),
                percent(zlib),
            );
        };
        row("inflate", decompressing(&messages, rounds));
        row(
            "deflate, Normal",
            compressing(&messages, Level::Normal, rounds),
        );
        row("deflate, Fast", compressing(&messages, Level::Fast, rounds));
    }
}
