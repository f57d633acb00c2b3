//! Streams in gzip for the tests. That they are right, other programs say: `tests/interop`.

use barewire::deflate::{Flush, Gunzip, Gzip, Level};

/// In one piece.
pub(crate) fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let (mut gzip, mut out) = (Gzip::new(Level::Fast), Vec::new());
    let mut left = content.as_ref();
    loop {
        let progress = gzip.gzip(left, Flush::Finish, &mut out, 1 << 20);
        left = &left[progress.consumed..];
        if !progress.more {
            return out;
        }
    }
}

/// The content of a stream, which has to be whole if `ended`.
#[track_caller]
pub(crate) fn gunzip(stream: &[u8], ended: bool) -> Vec<u8> {
    let (mut gunzip, mut out) = (Gunzip::new(), Vec::new());
    let mut left = stream;
    loop {
        let progress = gunzip.gunzip(left, &mut out, 1 << 20).expect("a stream");
        left = &left[progress.consumed..];
        if !progress.more {
            break;
        }
    }
    assert_eq!(gunzip.end().is_ok(), ended, "the end of the stream");
    out
}
