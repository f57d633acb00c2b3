//! E13: the notes' code for fixed cells. (It also assigns to a constant at the first chunk, and fails
//! there. This is what it does once that is corrected.)

use super::feed::receive;
use barewire::framing::{Fixed, Padding};

const CELL: usize = 128;

/// The server's `data` handler: it converts each chunk to a string, copies that into a buffer of at least one
/// cell, and cuts the buffer into cells.
fn faulty(chunk: &[u8]) -> Vec<Vec<u8>> {
    let mut buffer = vec![0; chunk.len().max(CELL)];
    write(&mut buffer, &String::from_utf8_lossy(chunk));
    buffer.chunks_exact(CELL).map(<[u8]>::to_vec).collect()
}

/// As many complete characters as there is room for.
fn write(buffer: &mut [u8], text: &str) {
    let most = text.len().min(buffer.len());
    let room = (0..=most)
        .rfind(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    buffer[..room].copy_from_slice(&text.as_bytes()[..room]);
}

fn both(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let faulty = chunks.iter().flat_map(|chunk| faulty(chunk)).collect();
    let ours = receive(&Fixed::<CELL>::new(Padding::Keep), chunks.iter().copied());
    (faulty, ours.messages)
}

fn cell(start: &[u8]) -> Vec<u8> {
    let mut cell = start.to_vec();
    cell.resize(CELL, 0);
    cell
}

#[test]
fn erratum_e13_a_short_chunk_is_taken_for_a_whole_message() {
    let sent = vec![b'm'; CELL];
    let (faulty, ours) = both(&[&sent[..50], &sent[50..]]);
    assert_eq!(faulty, [cell(&[b'm'; 50]), cell(&[b'm'; 78])]);
    assert_eq!(ours, [sent]);
}

#[test]
fn erratum_e13_the_end_of_a_long_chunk_is_dropped() {
    let sent = [vec![b'1'; CELL], vec![b'2'; CELL]];
    let stream = sent.concat();
    let (faulty, ours) = both(&[&stream[..200], &stream[200..]]);
    assert_eq!(faulty, [cell(&[b'1'; CELL]), cell(&[b'2'; 56])]);
    assert_eq!(ours, sent);
}

#[test]
fn erratum_e13_binary_is_mangled() {
    let sent = cell(b"\xff\x00\xfe");
    let (faulty, ours) = both(&[&sent]);
    assert_eq!(faulty, [cell(b"\xef\xbf\xbd\x00\xef\xbf\xbd")]);
    assert_eq!(ours, [sent]);
}
