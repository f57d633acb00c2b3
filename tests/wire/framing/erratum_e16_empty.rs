//! E16: a lone empty message is never delivered.

use super::feed::receive;
use super::stack_buffer::StackBuffer;
use barewire::framing::Prefix;

#[test]
fn erratum_e16_a_lone_empty_message_is_not_delivered() {
    let mut faulty = StackBuffer::new(128);
    assert!(faulty.put(b"\0\0").is_empty());
    // Not before another message arrives.
    assert_eq!(faulty.put(b"\0\x02HI"), [&b""[..], b"HI"]);

    let ours = receive(&Prefix::new(), [&b"\0\0"[..]]);
    assert_eq!(ours.messages, [b""]);
    assert_eq!(ours.end, Ok(()));
}

#[test]
fn erratum_e16_an_empty_message_at_the_end_is_not_delivered() {
    let chunks: [&[u8]; 3] = [b"\0\x02", b"HI\0", b"\0"];
    let mut faulty = StackBuffer::new(128);
    let messages: Vec<_> = chunks.iter().flat_map(|chunk| faulty.put(chunk)).collect();
    assert_eq!(messages, [b"HI"]);
    assert_eq!(receive(&Prefix::new(), chunks).messages, [&b"HI"[..], b""]);
}
