//! How much comes out at a call.

use barewire::deflate::Inflate;

/// The begin of a stream without an end: "a", and copies of 258 bytes from 1 back, 13 bits each.
fn bomb(bytes: usize) -> Vec<u8> {
    stream(bytes, 0)
}

/// The same, with so many literals before each copy.
fn stream(bytes: usize, literals: usize) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u64, 0);
    let mut put = |value: u64, width: u32| {
        bits |= value << count;
        count += width;
        while count >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            count -= 8;
        }
        out.len()
    };
    let (literal, copy) = (
        u64::from(0b1001_0001_u8.reverse_bits()),
        u64::from(0b1100_0101_u8.reverse_bits()),
    );
    put(0b010, 3);
    put(literal, 8);
    while put(copy, 13) < bytes {
        for _ in 0..literals {
            put(literal, 8);
        }
    }
    out.truncate(bytes);
    out
}

/// 64 KiB of input make 10 MB, and never more at a call than the caller asked for.
#[test]
fn a_call_makes_no_more_than_the_caller_asks_for() {
    let input = bomb(64 * 1024);
    for most in [0, 1, 100, 4096, 100_000] {
        let (mut inflate, mut out) = (Inflate::new(15), Vec::new());
        let mut rest = &input[..];
        for call in 1..=20 {
            let progress = inflate
                .inflate(rest, &mut out, most)
                .expect("a good stream");
            assert!(progress.more);
            assert_eq!(out.len(), call * most);
            rest = &rest[progress.consumed..];
        }
        // What is made ahead of the caller is bounded, and so is the input that it was made of.
        assert!(
            input.len() - rest.len() <= 20 * most / 158 + 64,
            "{most}: {}",
            rest.len()
        );
    }
}

#[test]
fn literals_before_a_copy_make_no_more_either() {
    for literals in 0..4 {
        let input = stream(200, literals);
        for most in 0..600 {
            let (mut inflate, mut out) = (Inflate::new(15), Vec::new());
            let progress = inflate.inflate(&input, &mut out, most);
            assert!(progress.expect("a good stream").more);
            assert_eq!(out.len(), most, "{literals} literals");
        }
    }
}

/// All of it comes out in the end, without a byte of memory more.
#[test]
fn a_bomb_pays_out_in_pieces_of_the_caller() {
    let input = bomb(4 * 1024);
    let (mut inflate, mut out, mut total) = (Inflate::new(15), Vec::with_capacity(64 * 1024), 0);
    let mut rest = &input[..];
    loop {
        let progress = inflate
            .inflate(rest, &mut out, 64 * 1024)
            .expect("a good stream");
        total += out.len();
        out.clear();
        rest = &rest[progress.consumed..];
        if !progress.more {
            break;
        }
    }
    assert_eq!(out.capacity(), 64 * 1024);
    assert!(rest.is_empty() && !inflate.is_done());
    assert_eq!(total, 1 + (input.len() * 8 - 11) / 13 * 258);
}
