//! The other end of a WebSocket, made of bytes: every frame that comes is decoded strictly.

use crate::websocket::wire::{Header, Mask, Opcode};

/// A control frame or a message, its parts together: the opcode and the payload, unmasked.
pub(super) type Frame = (Opcode, Vec<u8>);

/// The frames that have come. At the end of the stream no bytes may be left over.
#[derive(Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// A message whose last part has not come.
    begun: Option<Frame>,
    frames: Vec<Frame>,
}

impl Frames {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.decode();
    }

    fn decode(&mut self) {
        loop {
            let decoded = Header::decode(&self.bytes).expect("a header that may be sent");
            let Some((header, begins)) = decoded else {
                return;
            };
            let ends = begins + header.length as usize;
            if self.bytes.len() < ends {
                return;
            }
            assert_eq!(header.rsv, 0, "{header:?}");
            let mut payload = self.bytes[begins..ends].to_vec();
            if let Some(key) = header.key {
                Mask::new(key).apply(&mut payload);
            }
            self.bytes.drain(..ends);
            self.add_frame(&header, payload);
        }
    }

    fn add_frame(&mut self, header: &Header, payload: Vec<u8>) {
        let begun = self.begun.take();
        let frame = match (begun, header.opcode) {
            (begun, opcode) if opcode.is_control() => {
                assert!(header.fin, "{header:?}");
                self.begun = begun;
                return self.frames.push((opcode, payload));
            }
            (Some((opcode, mut begun)), Opcode::Continuation) => {
                begun.extend_from_slice(&payload);
                (opcode, begun)
            }
            (None, opcode @ (Opcode::Text | Opcode::Binary)) => (opcode, payload),
            _ => panic!("a message inside another: {header:?}"),
        };
        match header.fin {
            true => self.frames.push(frame),
            false => self.begun = Some(frame),
        }
    }

    pub(super) fn has(&self, opcode: Opcode) -> bool {
        self.frames.iter().any(|(is, _)| *is == opcode)
    }

    pub(super) fn all(&self) -> &[Frame] {
        &self.frames
    }

    /// All frames; nothing of another has come.
    pub(super) fn whole(self) -> Vec<Frame> {
        assert_eq!(
            (self.bytes.len(), &self.begun),
            (0, &None),
            "a frame was cut"
        );
        self.frames
    }
}

/// A message that names its writer and its number. None of its other bytes may begin a frame header.
pub(super) fn message(writer: u8, number: u8, bytes: usize) -> Vec<u8> {
    let mut message = vec![0xf0 | writer; bytes.max(2)];
    message[1] = number;
    message
}

/// Asserts that each writer's messages came whole and in order, from the first to the last.
pub(super) fn assert_messages(frames: &[Frame], sent: &[&[usize]]) {
    let data: Vec<&Vec<u8>> = of(frames, Opcode::Binary);
    for (writer, sizes) in sent.iter().enumerate() {
        let came = data
            .iter()
            .filter(|message| message[0] == 0xf0 | writer as u8);
        let came: Vec<&Vec<u8>> = came.copied().collect();
        let number = |i| (0..).nth(i).expect("few messages");
        let all = sizes.iter().enumerate();
        let all: Vec<Vec<u8>> = all
            .map(|(i, bytes)| message(writer as u8, number(i), *bytes))
            .collect();
        assert!(
            came.iter().copied().eq(all.iter()),
            "writer {writer}: {:?}",
            short(&came)
        );
    }
    let all: usize = sent.iter().map(|sizes| sizes.len()).sum();
    assert_eq!(data.len(), all, "more messages than were sent");
}

/// The payloads of the frames of one kind.
pub(super) fn of(frames: &[Frame], opcode: Opcode) -> Vec<&Vec<u8>> {
    let of = frames.iter().filter(|(is, _)| *is == opcode);
    of.map(|(_, payload)| payload).collect()
}

fn short<'a>(messages: &[&'a Vec<u8>]) -> Vec<(usize, &'a [u8])> {
    let short = messages
        .iter()
        .map(|message| (message.len(), &message[..message.len().min(16)]));
    short.collect()
}
