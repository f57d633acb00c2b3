//! The mask of a client's frames (RFC 6455 §5.3).
//!
//! ```text
//!   key       37 fa 21 3d  37 fa 21 3d
//!   payload   48 65 6c 6c  6f              Hello
//!   XOR       7f 9f 4d 51  58              on the wire; once more, and it is Hello again
//! ```
//!
//! The notes say that the mask encrypts (their erratum E03). It does not: the key stands in front of the
//! bytes. The mask takes away the *sender's choice* of the bytes on the wire. Without it, a page could make a
//! browser send bytes that a proxy takes for a request, and so poison the proxy's cache (§10.3). That is why
//! a key must be unpredictable, and why every frame has a new one.

/// How many bytes are masked at a time: the compiler makes vector instructions for them.
const BLOCK: usize = 16;

/// How many bytes are copied before they are masked: they are still in the first-level cache then.
const NEAR: usize = 4096;

/// A masking key, and its offset in the payload: a payload may come in pieces.
///
/// ```
/// use barewire::websocket::wire::Mask;
///
/// let mut payload = *b"\x7f\x9f\x4d\x51\x58";
/// let mut mask = Mask::new([0x37, 0xfa, 0x21, 0x3d]);
/// mask.apply(&mut payload[..2]);
/// mask.apply(&mut payload[2..]);
/// assert_eq!(&payload, b"Hello");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// The key as one number, its first byte the highest; rotated, so that it begins with the byte for the
    /// first byte of the next piece.
    key: u32,
}

impl Mask {
    /// At the start of a payload.
    #[inline]
    pub fn new(key: [u8; 4]) -> Mask {
        Mask {
            key: u32::from_be_bytes(key),
        }
    }

    /// Masks the next piece in place; or unmasks it, which is the same.
    // RFC 6455 §5.3: "The same algorithm applies regardless of the direction of the translation,
    // e.g., the same steps are applied to mask the data as to unmask the data."
    #[inline]
    pub fn apply(&mut self, piece: &mut [u8]) {
        xor(piece, self.key);
        self.key = self.key.rotate_left(8 * (piece.len() % 4) as u32);
    }

    /// Appends the next piece, masked.
    #[inline]
    pub fn append(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some((near, behind)) = rest.split_at_checked(NEAR) {
            self.append_near(near, out);
            rest = behind;
        }
        self.append_near(rest, out);
    }

    #[inline(always)]
    fn append_near(&mut self, near: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(near);
        self.apply(&mut out[at..]);
    }
}

// RFC 6455 §5.3: "Octet i of the transformed data ("transformed-octet-i") is the XOR of octet i of
// the original data ("original-octet-i") with octet at index i modulo 4 of the masking key
// ("masking-key-octet-j")"
#[inline]
fn xor(bytes: &mut [u8], key: u32) {
    let word = u64::from(key) << 32 | u64::from(key);
    let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
    for block in blocks {
        xor_words(block, word);
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    for eight in words {
        xor_words(eight, word);
    }
    for (byte, key) in rest.iter_mut().zip(word.to_be_bytes()) {
        *byte ^= key;
    }
}

#[inline(always)]
fn xor_words<const N: usize>(block: &mut [u8; N], word: u64) {
    let (words, _) = block.as_chunks_mut::<8>();
    for eight in words {
        *eight = (u64::from_be_bytes(*eight) ^ word).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// The formula of the RFC.
    fn plain(payload: &[u8]) -> Vec<u8> {
        let masked = payload.iter().zip(KEY.iter().cycle());
        masked.map(|(byte, key)| byte ^ key).collect()
    }

    fn payload(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    #[test]
    fn every_length_is_masked_by_the_formula_of_the_rfc() {
        for length in 0..300 {
            let payload = payload(length);
            let mut masked = payload.clone();
            Mask::new(KEY).apply(&mut masked);
            assert_eq!(masked, plain(&payload), "{length} bytes");
        }
    }

    #[test]
    fn a_piece_goes_on_with_the_key_where_the_one_before_ended() {
        let payload = payload(77);
        for first in 0..=payload.len() {
            for second in first..=payload.len() {
                let mut masked = payload.clone();
                let mut mask = Mask::new(KEY);
                mask.apply(&mut masked[..first]);
                mask.apply(&mut masked[first..second]);
                mask.apply(&mut masked[second..]);
                assert_eq!(masked, plain(&payload), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn appending_masks_the_copy_only() {
        for length in [0, 1, 31, 32, 33, NEAR - 1, NEAR, NEAR + 1, 3 * NEAR + 5] {
            let payload = payload(length);
            let mut out = b"before".to_vec();
            let mut mask = Mask::new(KEY);
            mask.append(&payload[..length / 3], &mut out);
            mask.append(&payload[length / 3..], &mut out);
            assert_eq!(out, [b"before", &plain(&payload)[..]].concat(), "{length}");
        }
    }

    /// The notes' "encryption": a program that sees the frame sees the key (RFC 6455 §10.3).
    #[test]
    fn erratum_e03_masking_hides_nothing() {
        let frame = b"\x81\x8c\x37\xfa\x21\x3d_\x9fMQX\xdaVRE\x96E\x1c";
        let (key, payload) = frame[2..].split_first_chunk::<4>().expect("a key");
        let mut seen = payload.to_vec();
        Mask::new(*key).apply(&mut seen);
        assert_eq!(seen, b"hello world!");
    }
}
