//! Ten megabytes that stand for ten gigabytes: as much comes out as the caller takes, and no more is read for it.

use super::format;
use barewire::deflate::{Gunzip, Inflate, Rule};

/// What a byte of the bomb stands for: four copies of 258 bytes.
const EACH: usize = 4 * 258;
const PIECE: usize = 64 * 1024;

/// The begin of a block whose codes have one bit for a copy of 258 bytes and one bit for the distance 1, both 0. Its content
/// is "a"; and each byte of zeros behind it stands for 1032 more.
fn begin() -> Vec<u8> {
    let codes = "0 2:2 29:5 0:5 14:4 0:3 0:3 1:3 12*0:3 2:3 0:3 2:3";
    let lengths = "0 86:7 11 0 127:7 0 9:7 11 0 17:7 10 10"; // "a" 2, the end 2, the length 258 1, the distance 1
    format::stream(&format!("{codes} {lengths} 10"))
}

#[test]
fn a_gigabyte_in_a_megabyte_comes_in_pieces() {
    let begin = begin();
    let bomb = [&begin[..], &[0; 1024 * 1024]].concat();
    let (mut inflate, mut out) = (Inflate::new(15), Vec::with_capacity(PIECE));
    let (mut rest, mut total) = (&bomb[..], 0);
    loop {
        let progress = inflate
            .inflate(rest, &mut out, PIECE)
            .expect("a good stream");
        rest = &rest[progress.consumed..];
        total += out.len();
        out.clear();
        if !progress.more {
            break;
        }
    }
    assert_eq!((rest.len(), out.capacity()), (0, PIECE));
    let bits = bomb.len() * 8 - (begin.len() - 1) * 8;
    assert!(
        total >= 1024 * 1024 * EACH && total <= bits / 2 * 258,
        "{total}"
    );
}

#[test]
fn ten_gigabytes_in_ten_megabytes_end_at_the_limit_of_the_caller() {
    const LIMIT: usize = 4 * 1024 * 1024;
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let file = [&head[..], &begin(), &vec![0; 10_000_000]].concat();
    let (mut gunzip, mut out) = (Gunzip::new(), Vec::new());
    let mut consumed = 0;
    while out.len() < LIMIT {
        let progress = gunzip.gunzip(&file[consumed..], &mut out, PIECE);
        let progress = progress.expect("a good stream");
        assert!(progress.more);
        consumed += progress.consumed;
    }
    assert_eq!(out.len(), LIMIT);
    assert!(consumed < LIMIT / EACH + 64, "{consumed} bytes were read");
    assert_eq!(gunzip.end().unwrap_err().rule(), Rule::Unfinished);
}
