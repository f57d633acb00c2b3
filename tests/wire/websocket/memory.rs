//! Where messages lie: in what was read, or in the one buffer that is kept.

use barewire::websocket::wire::{Data, Limits, Received, Receiver, Role, Rule, Sender};

/// Where the bytes of the next message are, and how many.
fn next(receiver: &mut Receiver, bytes: &mut &mut [u8]) -> Option<(usize, usize)> {
    match receiver.receive(bytes).expect("good frames")? {
        Received::Message(data) | Received::Part { data, .. } => {
            Some((data.bytes().as_ptr().addr(), data.bytes().len()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_that_lies_whole_in_what_was_read_is_borrowed() {
    let mut receiver = Receiver::new(Role::Server, Limits::default());
    let mut read = b"\x81\x82\x01\x02\x03\x04\x60\x60\x82\x81\x00\x00\x00\x00z".to_vec();
    let start = read.as_ptr().addr();
    let mut bytes = &mut read[..];
    assert_eq!(next(&mut receiver, &mut bytes), Some((start + 6, 2)));
    assert_eq!(next(&mut receiver, &mut bytes), Some((start + 14, 1)));
    assert_eq!(next(&mut receiver, &mut bytes), None);
}

/// Messages that come cut, text and binary in turn, all in one place.
#[test]
fn messages_that_come_cut_are_collected_in_one_buffer() {
    let mut receiver = Receiver::new(Role::Client, Limits::default());
    let mut places = Vec::new();
    for round in 0..6 {
        let opcode = 1 + round % 2;
        let mut read = [&[opcode, 3], &b"Hel\x80\x7d"[..], &[b'o'; 125]].concat();
        let (first, second) = read.split_at_mut(20);
        let (mut first, mut second) = (first, second);
        assert_eq!(next(&mut receiver, &mut first), None);
        places.extend(next(&mut receiver, &mut second));
    }
    let (place, length) = places[0];
    assert_eq!((length, places.len()), (128, 6));
    assert!(
        places.iter().all(|other| *other == (place, 128)),
        "{places:x?}"
    );
}

/// The pieces of a binary message in parts are not even collected.
#[test]
fn binary_parts_are_borrowed() {
    let mut receiver = Receiver::new(Role::Client, Limits::default()).in_parts();
    let mut read = b"\x02\x04abcd\x80\x7e\xff\xffefgh".to_vec();
    let start = read.as_ptr().addr();
    let (first, second) = read.split_at_mut(4);
    let (mut first, mut second) = (first, second);
    assert_eq!(next(&mut receiver, &mut first), Some((start + 2, 2)));
    assert_eq!(next(&mut receiver, &mut second), Some((start + 4, 2)));
    assert_eq!(next(&mut receiver, &mut second), Some((start + 10, 4)));
}

/// A message in parts has no limit: a terabyte is announced, and comes as it comes.
#[test]
fn parts_have_no_limit_and_whole_messages_have() {
    let header = b"\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00";
    let mut receiver = Receiver::new(Role::Client, Limits::default()).in_parts();
    let mut read = [&header[..], &[0; 100]].concat();
    let mut bytes = &mut read[..];
    assert_eq!(
        next(&mut receiver, &mut bytes).map(|(_, length)| length),
        Some(100)
    );

    let mut receiver = Receiver::new(Role::Client, Limits::default());
    let refused = receiver.receive(&mut &mut header.to_vec()[..]).err();
    assert_eq!(refused.map(|error| error.rule()), Some(Rule::MessageTooBig));
}

/// With room in the buffer nothing is allocated for a frame that is sent.
#[test]
fn what_is_sent_is_appended_to_the_buffer_that_is_there() {
    let mut out = Vec::with_capacity(1 << 16);
    let place = out.as_ptr();
    let mut sender = Sender::new(Role::Client);
    for length in [0, 1, 125, 126, 5000, 60_000] {
        let payload = vec![7; length];
        sender
            .send(Data::Binary(&payload), || [1; 4], &mut out)
            .expect("open");
        assert_eq!((out.as_ptr(), out.capacity()), (place, 1 << 16));
        out.clear();
    }
}

#[test]
fn a_quiet_connection_gives_memory_back() {
    let mut receiver = Receiver::new(Role::Client, Limits::default());
    let mut long = [b"\x02\x7e\xff\xff", &[1; 65_535][..], b"\x80\x00"].concat();
    let grown = next(&mut receiver, &mut &mut long[..]);
    assert_eq!(grown.map(|(_, length)| length), Some(65_535));
    receiver.shrink(0);
    receiver
        .receive(&mut &mut b"\x02\x01a"[..].to_vec()[..])
        .expect("a part");
    receiver.shrink(0); // not now
    let end = next(&mut receiver, &mut &mut b"\x80\x01b".to_vec()[..]);
    assert_eq!(end.map(|(_, length)| length), Some(2));
}
