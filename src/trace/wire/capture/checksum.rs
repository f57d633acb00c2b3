//! The checksum of IPv4, TCP and UDP.

/// A ones' complement sum that is not finished. Its parts are added in any order; each but the last has an even
/// length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checksum(u64);

impl Checksum {
    /// The sum does not depend on the byte order in which it is made, so it is made of little-endian words, two
    /// 16-bit words at once. Adding needs no carry: there is room for 2³² of them.
    pub(super) fn add(mut self, bytes: &[u8]) -> Checksum {
        let (words, rest) = bytes.as_chunks::<4>();
        let sum: u64 = words
            .iter()
            .map(|&word| u64::from(u32::from_le_bytes(word)))
            .sum();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        self.0 += sum + u64::from(u32::from_le_bytes(last));
        self
    }

    // RFC 9293 §3.1: "The checksum field is the 16-bit ones' complement of the ones' complement sum of all 16-bit
    // words in the header and text."
    pub(super) fn finish(self) -> [u8; 2] {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (!(sum as u16)).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the RFC says it: a 16-bit word after the other.
    fn plain(bytes: &[u8]) -> [u8; 2] {
        let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        let mut sum: u32 = bytes.chunks(2).map(word).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (!(sum as u16)).to_be_bytes()
    }

    #[test]
    fn words_are_summed_as_the_rfc_says() {
        let bytes: Vec<u8> = (0..5000_u32).map(|n| (n * 7 + n / 255) as u8).collect();
        for length in (0..70).chain([4999, 5000]) {
            let whole = Checksum::default().add(&bytes[..length]);
            assert_eq!(whole.finish(), plain(&bytes[..length]), "{length}");
            let in_parts = Checksum::default().add(&bytes[..length / 4 * 2]);
            let in_parts = in_parts.add(&bytes[length / 4 * 2..length]);
            assert_eq!(in_parts.finish(), plain(&bytes[..length]), "{length}");
        }
        assert_eq!(Checksum::default().add(&[0xff; 64 * 1024]).finish(), [0, 0]);
    }
}
