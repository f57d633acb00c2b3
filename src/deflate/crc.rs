//! The CRC-32 of gzip (RFC 1952 §8): eight bytes at a time.
//!
//! A CRC is the remainder of a division, bit by bit without carries. One table has what is left of each byte, which makes
//! eight steps of one. Eight tables have what is left of each byte when up to seven others follow it, and the eight
//! looks into them do not wait for each other.

/// The CRC of the bytes so far, and how many they are, modulo 2³².
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crc {
    pub(super) value: u32,
    pub(super) length: u32,
}

impl Crc {
    /// These bytes follow.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u32);
        let mut crc = !self.value;
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            let both = u64::from_le_bytes(*eight) ^ u64::from(crc);
            let left = |at: usize| TABLES[7 - at][(both >> (8 * at)) as usize & 0xff];
            crc = left(0) ^ left(1) ^ left(2) ^ left(3) ^ left(4) ^ left(5) ^ left(6) ^ left(7);
        }
        for &byte in rest {
            crc = TABLES[0][(crc as u8 ^ byte) as usize] ^ (crc >> 8);
        }
        self.value = !crc;
    }
}

/// `TABLES[n][byte]` is what is left of a byte that `n` others follow.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut steps) = (byte as u32, 0);
        while steps < 64 {
            // The divisor, with its bits in reverse.
            crc = if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            steps += 1;
            if steps % 8 == 0 {
                tables[steps / 8 - 1][byte] = crc;
            }
        }
        byte += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::Crc;

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = Crc::default();
        crc.update(bytes);
        crc.value
    }

    /// Bit by bit, as RFC 1952 §8 has it.
    fn slow(bytes: &[u8]) -> u32 {
        let shift = |crc: u32, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        };
        !bytes
            .iter()
            .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), shift))
    }

    #[test]
    fn it_is_that_of_the_rfc_at_every_length_and_cut() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        let bytes: Vec<u8> = (0..100_u32).map(|at| (at * at + 7) as u8).collect();
        for length in 0..bytes.len() {
            let whole = slow(&bytes[..length]);
            for cut in 0..=length {
                let mut crc = Crc::default();
                crc.update(&bytes[..cut]);
                crc.update(&bytes[cut..length]);
                assert_eq!(crc.value, whole, "{length} bytes, cut at {cut}");
            }
        }
    }
}
