//! The receiving side: the payload of a compressed message becomes the message.
//!
//! ```text
//!   frame 1      frame 2          behind the last
//!   f2 48 cd │   c9 c9 07 00  │   00 00 ff ff         in
//!         └──▶ Hel     └────▶ lo              ▲
//!                                             └ here a block ends, or the message is cut
//! ```
//!
//! A few bytes can stand for a gigabyte. A message that is collected is inflated up to its limit and one byte more, so
//! that a longer one is known. A message in parts stops after each part; what is left of the payload is kept and
//! goes on with the next call.

use super::agreement::{Direction, MAX_BITS, MIN_BITS};
use crate::deflate::Inflate;
use crate::websocket::wire::error::{Error, Rule};
use crate::websocket::wire::message::Collected;

/// What a sender leaves out: the end of an empty stored block.
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];
/// How much is inflated at a time, and about as much is a part.
const PART_BYTES: usize = 16 * 1024;

/// What inflates a message. Between two messages it is any that reset: so few of them are enough for many connections.
#[derive(Debug)]
pub(crate) struct Decompressor {
    window_bits: u8,
    inflate: Inflate,
    /// Text that has come out and is not judged yet.
    text: Vec<u8>,
}

impl Decompressor {
    /// For a window of this many bits.
    pub(crate) fn new(window_bits: u8) -> Box<Decompressor> {
        Box::new(Decompressor {
            window_bits,
            inflate: Inflate::new(window_bits),
            text: Vec::new(),
        })
    }

    /// The window that it was made for.
    pub(crate) fn window_bits(&self) -> u8 {
        self.window_bits
    }
}

/// Inflates the messages of one direction.
#[derive(Debug)]
pub(in crate::websocket::wire) struct Inflating {
    agreed: Direction,
    /// The longest message; `None`: messages are returned in parts, and none is too long.
    limit: Option<u64>,
    /// Makes or lends one for the next message.
    lend: fn(u8) -> Box<Decompressor>,
    decompressor: Option<Box<Decompressor>>,
    /// What has come out of this message.
    made: u64,
    /// What is left of a payload behind a part, and how much of that is inflated.
    left: Vec<u8>,
    at: usize,
}

impl Inflating {
    pub(in crate::websocket::wire) fn new(
        agreed: Direction,
        limit: Option<u64>,
        lend: fn(u8) -> Box<Decompressor>,
    ) -> Inflating {
        Inflating {
            agreed,
            limit,
            lend,
            decompressor: None,
            made: 0,
            left: Vec::new(),
            at: 0,
        }
    }

    /// From now on messages are returned in parts.
    pub(in crate::websocket::wire) fn in_parts(&mut self) {
        self.limit = None;
    }

    /// Between two messages: the decompressor, unless it knows what the next message refers to.
    pub(in crate::websocket::wire) fn give_back(&mut self) -> Option<Box<Decompressor>> {
        match self.agreed.takeover {
            true => None,
            false => self.decompressor.take(),
        }
    }

    /// Between two messages: gives memory back.
    pub(in crate::websocket::wire) fn shrink(&mut self) {
        self.left = Vec::new();
        if let Some(decompressor) = &mut self.decompressor {
            decompressor.text = Vec::new();
        }
    }

    /// A message begins.
    // RFC 7692 §7.2.2: "If the "agreed parameters" contain the "server_no_context_takeover" extension
    // parameter, the client MAY decompress each message with an empty LZ77 sliding window."
    pub(in crate::websocket::wire) fn start(&mut self) {
        self.made = 0;
        // Where 2^8 was agreed on, some senders use 2^9.
        let bits = self.agreed.window_bits.clamp(MIN_BITS, MAX_BITS);
        let (lend, is_new) = (self.lend, self.decompressor.is_none());
        let decompressor = self.decompressor.get_or_insert_with(|| lend(bits));
        if is_new || !self.agreed.takeover {
            decompressor.inflate.reset();
        }
    }

    /// Inflates a piece of the payload into the message; `last`: nothing follows it. True: a part has come out, and
    /// [more](Self::go_on) will.
    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
    #[inline(never)]
    pub(in crate::websocket::wire) fn inflate(
        &mut self,
        payload: &[u8],
        last: bool,
        message: &mut Collected,
    ) -> Result<bool, Error> {
        let tail = if last { TAIL } else { &[] };
        if let Some(done) = self.run(payload, message)? {
            return Ok(self.keep(&payload[done..], tail));
        }
        if let Some(done) = self.run(tail, message)? {
            return Ok(self.keep(&[], &tail[done..]));
        }
        self.piece_ends(last, message)
    }

    fn keep(&mut self, payload: &[u8], tail: &[u8]) -> bool {
        self.at = 0;
        self.left.clear();
        self.left.extend_from_slice(payload);
        self.left.extend_from_slice(tail);
        true
    }

    /// Inflates what a part has left over.
    pub(in crate::websocket::wire) fn go_on(
        &mut self,
        last: bool,
        message: &mut Collected,
    ) -> Result<bool, Error> {
        let left = std::mem::take(&mut self.left);
        let stopped = self.run(&left[self.at..], message);
        self.left = left;
        match stopped? {
            Some(done) => {
                self.at += done;
                Ok(true)
            }
            None => self.piece_ends(last, message),
        }
    }

    fn piece_ends(&mut self, last: bool, message: &mut Collected) -> Result<bool, Error> {
        if last {
            let decompressor = self.decompressor.as_ref();
            let ends = decompressor.is_some_and(|it| it.inflate.is_between_blocks());
            if !ends {
                return Err(Error::whole(Rule::CompressedCut));
            }
            message.finish()?;
        }
        Ok(false)
    }

    /// Inflates the input. If a part has come out before its end, returns how much of it is done.
    fn run(&mut self, input: &[u8], message: &mut Collected) -> Result<Option<usize>, Error> {
        let Some(decompressor) = &mut self.decompressor else {
            return Ok(None); // a message has begun
        };
        let Decompressor { inflate, text, .. } = &mut **decompressor;
        let mut done = 0;
        loop {
            inflate.resume();
            // One byte more than the limit shows that the message is longer.
            let limit = self.limit.unwrap_or(u64::MAX);
            let room = limit.saturating_sub(self.made).saturating_add(1);
            let most = usize::try_from(room).map_or(PART_BYTES, |room| room.min(PART_BYTES));
            let (progress, n) = match message.binary() {
                Some(bytes) => {
                    let before = bytes.len();
                    let progress = inflate.inflate(&input[done..], bytes, most);
                    (progress, bytes.len() - before)
                }
                None => {
                    text.clear();
                    let progress = inflate.inflate(&input[done..], text, most);
                    message.push(text)?;
                    (progress, text.len())
                }
            };
            self.made += n as u64;
            // RFC 6455 §10.4: "Such an implementation SHOULD impose a limit on frame sizes and the total
            // message size after reassembly from multiple frames."
            if self.limit.is_some_and(|limit| self.made > limit) {
                return Err(Error::whole(Rule::MessageTooBig));
            }
            let progress = progress.map_err(|_| Error::whole(Rule::CompressedInvalid))?;
            done += progress.consumed;
            if !progress.more && done == input.len() {
                return Ok(None);
            }
            if self.limit.is_none() && message.data().bytes().len() >= PART_BYTES {
                return Ok(Some(done));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::wire::message::{Data, Kind};

    #[test]
    fn memory_is_given_back_and_the_context_is_not() {
        let agreed = Direction {
            takeover: true,
            window_bits: 15,
        };
        let mut inflating = Inflating::new(agreed, Some(1000), Decompressor::new);
        let mut message = Collected::new();
        // The examples of RFC 7692 §7.2.3.2: the second one refers to the first.
        let payloads: [&[u8]; 2] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            &[0xf2, 0x00, 0x11, 0x00, 0x00],
        ];
        for payload in payloads {
            message.start(Kind::Text);
            inflating.start();
            assert_eq!(inflating.inflate(payload, true, &mut message), Ok(false));
            assert_eq!(message.data(), Data::Text("Hello"));
            inflating.shrink();
            let kept = inflating.decompressor.as_ref();
            assert_eq!(kept.map(|kept| kept.text.capacity()), Some(0));
        }
    }
}
