//! Compressed streams: nothing is allocated for one behind a `reset`, and what stands for a gigabyte takes no more memory
//! than a window.

use crate::counting;
use barewire::deflate::{Deflate, Flush, Gunzip, Gzip, Inflate, Level};
use std::thread;

const STREAMS: usize = 100;
/// What comes out at a call.
const PIECE: usize = 1000;

pub fn results() -> Vec<bool> {
    let counted = thread::spawn(|| {
        counting::this_thread_serves();
        vec![
            costs_nothing("fast", Level::Fast),
            costs_nothing("normal", Level::Normal),
            gzip_costs_nothing(),
            a_bomb_takes_a_window(),
        ]
    });
    counted.join().expect("no panic")
}

fn text() -> Vec<u8> {
    let lines = (0..2000).map(|n| format!("line {n} of {}: {}\n", n * 7 % 13, n * n % 1009));
    lines.collect::<String>().into_bytes()
}

/// The next piece of the content, in the place of the one before.
fn piece(inflate: &mut Inflate, rest: &mut &[u8], out: &mut Vec<u8>) {
    out.clear();
    let progress = inflate.inflate(rest, out, PIECE).expect("a good stream");
    *rest = &rest[progress.consumed..];
}

fn costs_nothing(name: &str, level: Level) -> bool {
    let content = text();
    let (mut deflate, mut inflate) = (Deflate::new(15, level), Inflate::new(15));
    let (mut stream, mut out) = (Vec::with_capacity(content.len()), Vec::with_capacity(PIECE));
    let mut round = || {
        deflate.reset();
        stream.clear();
        deflate.deflate(&content, Flush::Finish, &mut stream, usize::MAX);
        inflate.reset();
        let mut rest = &stream[..];
        while !inflate.is_done() {
            piece(&mut inflate, &mut rest, &mut out);
        }
    };
    round();
    counting::start(true);
    (0..STREAMS).for_each(|_| round());
    let count = counting::stop().serving;
    report(&format!("deflate and inflate: {name}"), count)
}

/// Of one long file.
fn gzip_costs_nothing() -> bool {
    let content = text();
    let (mut gzip, mut gunzip) = (Gzip::new(Level::Normal), Gunzip::new());
    let (mut file, mut out) = (Vec::with_capacity(content.len()), Vec::with_capacity(PIECE));
    let mut round = || {
        file.clear();
        gzip.gzip(&content, Flush::Sync, &mut file, usize::MAX);
        let mut rest = &file[..];
        loop {
            out.clear();
            let progress = gunzip.gunzip(rest, &mut out, PIECE).expect("a good file");
            rest = &rest[progress.consumed..];
            if !progress.more {
                break;
            }
        }
    };
    (0..3).for_each(|_| round()); // until the window is full
    counting::start(true);
    (0..STREAMS).for_each(|_| round());
    report("gzip and gunzip, with flushes", counting::stop().serving)
}

/// The whole stream is 100 MiB of zeros, and its memory what any stream has in the end.
fn a_bomb_takes_a_window() -> bool {
    const MOST: i64 = 32 * 1024 + 32 * 1024 + 16 * 1024;
    let (mut deflate, mut stream) = (Deflate::new(15, Level::Fast), Vec::new());
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..100 {
        deflate.deflate(&zeros, Flush::None, &mut stream, usize::MAX);
    }
    deflate.deflate(b"", Flush::Finish, &mut stream, usize::MAX);
    let before = counting::live_bytes();
    let (mut inflate, mut out) = (Inflate::new(15), Vec::with_capacity(PIECE));
    let (mut rest, mut total, mut most) = (&stream[..], 0, 0);
    while !inflate.is_done() {
        piece(&mut inflate, &mut rest, &mut out);
        total += out.len();
        most = most.max(counting::live_bytes() - before);
    }
    assert_eq!(total, 100 * zeros.len());
    let passed = most <= MOST;
    let verdict = if passed { "ok" } else { "FAIL" };
    let length = stream.len();
    println!(
        "{verdict:<4} {:<46} {most} bytes for 100 MiB out of {length}",
        "inflate"
    );
    passed
}

fn report(name: &str, count: u64) -> bool {
    let verdict = if count == 0 { "ok" } else { "FAIL" };
    println!("{verdict:<4} {name:<46} {count:>4} allocations in {STREAMS} streams");
    count == 0
}
