//! E17: a ring that grows while its bytes cross the edge corrupts them.

use super::feed::receive;
use super::stack_buffer::StackBuffer;
use barewire::framing::{Prefix, Ring};

fn message(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}

/// 100 of 128 bytes were used and are free again. 60 bytes of a message of 202 arrive: 28 at the end of the
/// buffer and 32 at its beginning. Then the rest arrives, for which there is no room.
#[test]
fn erratum_e17_growing_while_wrapped_corrupts_data() {
    let body: Vec<u8> = (0..200).map(|at| at as u8 + 1).collect();
    let (first, second) = (message(&[b'.'; 98]), message(&body));
    let chunks = [&first[..], &second[..60], &second[60..]];

    let mut faulty = StackBuffer::new(128);
    let messages: Vec<_> = chunks.iter().flat_map(|chunk| faulty.put(chunk)).collect();
    let mut corrupted = body.clone();
    corrupted[26..58].fill(0); // the 32 bytes that had wrapped
    assert_eq!(messages, [vec![b'.'; 98], corrupted]);

    let ours = receive(&Prefix::new(), chunks);
    assert_eq!(ours.messages, [vec![b'.'; 98], body]);
    assert_eq!(ours.end, Ok(()));
}

/// The same without a free byte: the two positions are equal, and a full ring looks like an empty one.
#[test]
fn erratum_e17_growing_while_full_loses_all() {
    let body: Vec<u8> = (0..200).map(|at| at as u8 + 1).collect();
    let (first, second) = (message(&[b'.'; 98]), message(&body));
    let chunks = [&first[..], &second[..128], &second[128..]];

    let mut faulty = StackBuffer::new(128);
    let messages: Vec<_> = chunks.iter().flat_map(|chunk| faulty.put(chunk)).collect();
    // 128 zeros were kept for it, and are taken for 64 empty messages
    assert_eq!(messages[1..], vec![b""; 64]);

    assert_eq!(
        receive(&Prefix::new(), chunks).messages,
        [vec![b'.'; 98], body]
    );
}

/// Ours begins with 512 bytes, so the same happens to it there: half of the bytes cross the edge, and there
/// is no room for the next.
#[test]
fn erratum_e17_ours_grows_while_wrapped() {
    let bytes: Vec<u8> = (0..900).map(|at| at as u8).collect();
    let mut ring = Ring::new(512, 1024);
    ring.put(&bytes[..512]);
    ring.take(256);
    ring.put(&bytes[512..768]);
    assert_eq!((ring.len(), ring.capacity()), (512, 512));
    ring.put(&bytes[768..]);
    assert_eq!(ring.capacity(), 1024);
    assert_eq!(
        barewire::framing::Message::to_vec(&ring.take(1024)),
        bytes[256..]
    );
}
