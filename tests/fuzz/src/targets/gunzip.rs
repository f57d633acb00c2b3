//! gzip files.
//!
//! - The same comes out however the file is cut, and however little is taken at a time.
//! - After an error the same error comes.
//! - A header that was read is written, and read again.

use super::inflate::{End, decoded};
use crate::input::Input;
use barewire::deflate::{Flush, Gunzip, Gzip, Level};

pub(crate) fn run(input: &Input<'_>) {
    let outcome = |pieces: &[&[u8]], most| {
        let mut gunzip = Gunzip::new();
        let outcome = decoded(pieces, most, |input, out, most| {
            Ok((gunzip.gunzip(input, out, most)?, false))
        });
        let end = gunzip.end().map_err(|error| (error.rule(), error.at()));
        (outcome, gunzip.header().cloned(), end)
    };
    let whole = outcome(&[input.bytes], usize::MAX);
    let most = [1, 7, 300, usize::MAX][input.choice(2, 4)];
    for pieces in input.ways() {
        let cut = outcome(&pieces, most);
        // What is not looked at is not read to its end.
        if whole.0.end != End::Long {
            assert_eq!(cut, whole);
        }
    }
    if let (content, Some(header), Ok(())) = whole {
        let mut file = Vec::new();
        let mut gzip = Gzip::with_header(&header, Level::Fast).expect("it was read");
        while gzip
            .gzip(&content.out, Flush::Finish, &mut file, usize::MAX >> 1)
            .more
        {}
        let (again, same, end) = outcome(&[&file], usize::MAX);
        assert_eq!((again.out, same, end), (content.out, Some(header), Ok(())));
    }
}
