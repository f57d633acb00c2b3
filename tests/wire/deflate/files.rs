//! The cases of gzip files, and files that are written here.

use super::{feed, format};
use crate::cases::websocket::bytes;
use barewire::deflate::{Flush, Gunzip, Gzip, Header, Level, Misuse, Progress};

#[test]
fn gzip_files() {
    for case in &format::cases("gzip.txt") {
        case.only(&[
            "bits", "bytes", "out", "error", "name", "comment", "extra", "time", "flags", "system",
        ]);
        let expected = format::expected(case);
        let mut gunzip = Gunzip::new();
        feed::check(&mut gunzip, &expected, &case.place);

        let header = gunzip.header();
        let said = |key| -> Option<bool> {
            let (said, header) = (case.find(key)?, header?);
            let text = |text: &Option<String>| said == text.as_deref().unwrap_or("-");
            Some(match key {
                "name" => text(&header.name),
                "comment" => text(&header.comment),
                "extra" => bytes(&said) == header.extra,
                "time" => said == header.time.to_string(),
                "flags" => said == header.extra_flags.to_string(),
                _ => said == header.system.to_string(),
            })
        };
        for key in ["name", "comment", "extra", "time", "flags", "system"] {
            assert_ne!(said(key), Some(false), "{}: {key}: {header:?}", case.place);
        }
        if let (Some(header), None) = (header, expected.error) {
            let again = written(header, &expected.out, usize::MAX);
            let mut gunzip = Gunzip::new();
            let mut out = Vec::new();
            gunzip.gunzip(&again, &mut out, usize::MAX).unwrap();
            assert_eq!(
                gunzip.header(),
                Some(header),
                "{}: written again",
                case.place
            );
            assert_eq!((gunzip.end(), out), (Ok(()), expected.out));
        }
    }
}

/// A file with this header and content, at most `most` bytes at a time.
fn written(header: &Header, content: &[u8], most: usize) -> Vec<u8> {
    let (mut gzip, mut out) = (
        Gzip::with_header(header, Level::Normal).unwrap(),
        Vec::new(),
    );
    let mut rest = content;
    loop {
        let before = out.len();
        let progress = gzip.gzip(rest, Flush::Finish, &mut out, most);
        assert!(out.len() - before <= most);
        rest = &rest[progress.consumed..];
        assert_eq!(progress.more, !gzip.is_done());
        if gzip.is_done() {
            assert!(rest.is_empty());
            let nothing = Progress {
                consumed: 0,
                more: false,
            };
            assert_eq!(gzip.gzip(b"late", Flush::Finish, &mut out, most), nothing);
            return out;
        }
    }
}

#[test]
fn a_file_is_the_same_however_little_is_taken_at_a_time() {
    let header = Header {
        is_text: true,
        has_crc: true,
        time: 1,
        system: 3,
        name: Some("a".into()),
        ..Header::default()
    };
    let content: Vec<u8> = (0..5000_u32).map(|at| ((at * at) >> 8) as u8).collect();
    let whole = written(&header, &content, usize::MAX);
    for most in [1, 2, 7, 19] {
        assert_eq!(written(&header, &content, most), whole);
    }
}

#[test]
fn a_flush_makes_all_that_came_readable() {
    let (mut gzip, mut gunzip, mut file) = (Gzip::new(Level::Fast), Gunzip::new(), Vec::new());
    gzip.gzip(b"hello", Flush::Sync, &mut file, 100);
    assert!(file.ends_with(&[0, 0, 0xff, 0xff]));
    let mut out = Vec::new();
    gunzip.gunzip(&file, &mut out, 100).unwrap();
    assert_eq!(out, b"hello");
    assert!(gunzip.end().is_err());
    assert_eq!(gunzip.header().unwrap().extra_flags, 4);
}

#[test]
fn what_a_header_cannot_say_is_refused() {
    let refusal = |header| Gzip::with_header(&header, Level::Fast).err();
    for text in ["a\0b", "€"] {
        let (name, comment) = (Some(text.to_owned()), Some(text.to_owned()));
        let header = Header {
            name,
            ..Header::default()
        };
        assert_eq!(refusal(header), Some(Misuse::TextUnencodable));
        let header = Header {
            comment,
            ..Header::default()
        };
        assert_eq!(refusal(header), Some(Misuse::TextUnencodable));
    }
    for (length, refused) in [(65_535, None), (65_536, Some(Misuse::ExtraTooLong))] {
        let header = Header {
            extra: Some(vec![0; length]),
            ..Header::default()
        };
        assert_eq!(refusal(header), refused);
    }
}
