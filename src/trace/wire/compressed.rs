//! Compressed content: its blocks and its codes, and what comes out.
//!
//! ```text
//!   on the wire         > 4␍␊ 1f8b0808 ␍␊ 23␍␊ …   chunks, or frames with masks: as always
//!   compressed          1f 8b 08 08 …              the content of them, in a layer of its own: `items.rs`
//!   message             hello hello …              what comes out, as one span at the end
//! ```
//!
//! [`Inflate`] and [`Gunzip`] decode, and are watched. A stream may stand for any number of bytes: it is not followed beyond
//! [`MOST_OUT`], and only the first bytes of what comes out are kept.

mod items;

use self::items::Items;
use super::content::Content;
use super::labels::Label;
use super::span::{Derived, Note, hex};
use crate::deflate::{Gunzip, Inflate};
use crate::text::{self, Encoding};
use crate::websocket::wire::Rule;

/// The most bytes that a stream may stand for.
const MOST_OUT: u64 = 16 * 1024 * 1024;
/// At a time.
const ROOM: u64 = 16 * 1024;
const LOST: &str = "they refer back to a message that was not decoded";
/// RFC 7692 §7.2.2: what the receiver of a message appends.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The compressed bytes of a body or a message, and what comes out of them.
#[derive(Debug)]
pub(super) struct Compressed {
    decoder: Decoder,
    items: Items,
    room: Vec<u8>,
}

#[derive(Debug)]
enum Decoder {
    /// Of a WebSocket's messages.
    Inflate(Inflate),
    /// Of a body.
    Gunzip(Box<Gunzip>),
}

impl Compressed {
    /// The first message in a direction whose distances reach back `2^window_bits` bytes.
    pub(super) fn message(window_bits: u8) -> Compressed {
        // Some senders use 2^9 where 2^8 was agreed on.
        Compressed::new(Decoder::Inflate(Inflate::new(window_bits.max(9))))
    }

    /// A body.
    pub(super) fn gzip() -> Compressed {
        Compressed::new(Decoder::Gunzip(Box::default()))
    }

    fn new(decoder: Decoder) -> Compressed {
        Compressed {
            decoder,
            items: Items::default(),
            room: Vec::new(),
        }
    }

    /// A message begins.
    pub(super) fn begin_message(&mut self, is_text: bool) {
        self.items.text = is_text.then(|| text::Decoder::strict(Encoding::Utf8));
    }

    /// The next compressed bytes.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.items.bytes.extend_from_slice(bytes);
        self.decode(bytes);
        self.items.pass_on_run();
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        while !self.items.has_ended {
            // One more than is followed, and then it stops: wherever the reads have cut the bytes.
            let most = (MOST_OUT + 1 - self.items.content.length).min(ROOM) as usize;
            let (room, items) = (&mut self.room, &mut self.items);
            let decoded = match &mut self.decoder {
                Decoder::Inflate(inflate) => inflate.inflate_watched(bytes, room, most, items),
                Decoder::Gunzip(gunzip) => gunzip.gunzip_watched(bytes, room, most, items),
            };
            self.room.clear();
            if self.items.has_ended {
                return; // what came out is refused
            }
            let progress = match decoded {
                Ok(progress) => progress,
                Err(error) => return self.items.refuse(&error),
            };
            bytes = &bytes[progress.consumed..];
            if self.items.content.length > MOST_OUT {
                let says = format!("more than {MOST_OUT} bytes come out: not followed");
                self.items.ends(Label::Unexplained, Some(says), "");
            } else if !progress.more && (!self.resumes() || bytes.is_empty()) {
                return;
            }
        }
    }

    /// RFC 7692 §7.2.3.4: in a message, another block may follow the last one. Whether one may now.
    fn resumes(&mut self) -> bool {
        match &mut self.decoder {
            Decoder::Inflate(inflate) if inflate.is_done() => {
                inflate.resume();
                self.items.bit = self.items.bit.next_multiple_of(8);
                true
            }
            _ => false,
        }
    }

    /// Bytes have passed that nobody has kept.
    pub(super) fn miss(&mut self) {
        let says = "bytes are missing before these".to_owned();
        self.items.ends(Label::Unexplained, Some(says), "");
    }

    /// The message has ended. Another one may follow, which refers back to this one if `takeover` holds.
    pub(super) fn end_message(&mut self, takeover: bool) -> Content {
        self.items.end = Some(self.items.here());
        self.decode(&TAIL);
        if !self.items.has_ended {
            self.items.note(Note::new(Label::DeflateTail, hex(&TAIL)));
            self.judge_end();
        }
        let is_whole = !self.items.has_ended;
        let content = self.finish();
        match &mut self.decoder {
            Decoder::Inflate(inflate) if !takeover => inflate.reset(),
            _ if !is_whole => self.items.ends(Label::Unexplained, Some(LOST.into()), ""),
            _ => {}
        }
        content
    }

    /// The message has ended: perhaps where none may.
    fn judge_end(&mut self) {
        if let Decoder::Inflate(inflate) = &self.decoder
            && !inflate.is_between_blocks()
        {
            return self.items.refuse_message(Rule::CompressedCut);
        }
        self.items.judge_end_of_text();
    }

    /// The body has ended.
    pub(super) fn end_body(&mut self) -> Content {
        if let Decoder::Gunzip(gunzip) = &self.decoder
            && let Err(error) = gunzip.end()
            && !self.items.has_ended
        {
            self.items.refuse(&error);
        }
        self.finish()
    }

    /// All bytes have come.
    fn finish(&mut self) -> Content {
        let all = self.items.here();
        self.items.finish();
        let before = std::mem::take(&mut self.items);
        self.items.found = before.found;
        Content {
            compressed: Some(all),
            cut: before.why,
            ..before.content
        }
    }

    /// The spans that are finished.
    pub(super) fn take(&mut self) -> Vec<Derived> {
        std::mem::take(&mut self.items.found)
    }
}
