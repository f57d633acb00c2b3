//! E15: the notes' `transfer.js` writes and reads its two numbers signed.

use super::feed::{receive, stream};
use barewire::framing::{Decode, Encode, Framer, Header16};

/// What `writeInt16BE` throws.
#[derive(Debug, PartialEq)]
struct RangeError;

#[derive(Default)]
struct Faulty {
    serial: usize,
}

impl Faulty {
    fn encode(&mut self, body: &[u8], serial: Option<usize>) -> Result<Vec<u8>, RangeError> {
        // `serialNum || this.serialNum`: a 0 that is given counts as none
        let number = serial.filter(|&serial| serial != 0).unwrap_or(self.serial);
        let signed = |number: usize| i16::try_from(number).map_err(|_| RangeError);
        let header = [
            signed(number)?.to_be_bytes(),
            signed(body.len())?.to_be_bytes(),
        ];
        self.serial += usize::from(serial.is_none());
        Ok([&header.concat()[..], body].concat())
    }

    /// `getPackageLen`
    fn package_length(header: [u8; 4]) -> i32 {
        4 + i32::from(i16::from_be_bytes([header[2], header[3]]))
    }
}

#[test]
fn erratum_e15_a_body_past_32767_cannot_be_sent() {
    let mut faulty = Faulty::default();
    assert_eq!(faulty.encode(&[0; 32_768], None), Err(RangeError));
    assert!(faulty.encode(&[0; 32_767], None).is_ok());

    let bodies = [vec![0; 32_767], vec![1; 32_768], vec![2; 65_535]];
    let (sent, wire) = stream(&Header16::new(), bodies.clone());
    assert_eq!(sent, bodies);
    assert_eq!(
        receive(&Header16::new(), wire.chunks(1460)).messages,
        bodies
    );
}

#[test]
fn erratum_e15_a_body_past_32767_has_a_negative_length() {
    let (_, wire) = stream(&Header16::new(), [vec![0; 40_000]]);
    let header = wire[..4].try_into().unwrap();
    assert_eq!(Faulty::package_length(header), 4 + 40_000 - 65_536);
}

#[test]
fn erratum_e15_after_32767_messages_none_can_be_sent() {
    let mut faulty = Faulty::default();
    for _ in 0..32_768 {
        faulty.encode(b"", None).unwrap();
    }
    assert_eq!(faulty.encode(b"", None), Err(RangeError));

    let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
    for _ in 0..=32_768 {
        encoder.encode(b"", &mut wire).unwrap();
    }
    assert_eq!(wire[4 * 32_768..], *b"\x80\0\0\0");
    let mut last = &wire[4 * 32_768..];
    let packet = Header16::new()
        .decoder()
        .decode(&mut last)
        .unwrap()
        .map(|packet| packet.serial);
    assert_eq!(packet, Some(32_768));
}

#[test]
fn erratum_e15_a_given_0_is_not_taken() {
    let mut faulty = Faulty { serial: 7 };
    assert_eq!(faulty.encode(b"", Some(0)), Ok(b"\0\x07\0\0".to_vec()));

    let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
    for _ in 0..7 {
        encoder.encode(b"", &mut Vec::new()).unwrap();
    }
    encoder.encode_as(0, b"", &mut wire).unwrap();
    assert_eq!(wire, b"\0\0\0\0");
}
