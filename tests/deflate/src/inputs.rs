//! What is compressed, and the random numbers that decide it.

/// Numbers that a seed decides.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Seeds that follow each other lead to numbers that do not.
        let mut random = Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for _ in 0..4 {
            random.number();
        }
        random
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    /// Small more often than large: each power of two up to `2^bits` is as frequent as the others.
    pub fn size(&mut self, bits: usize) -> usize {
        let bits = self.below(bits + 1);
        self.below(1 << bits) + (1 << bits >> 1)
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// One kind, or several one after the other; one in sixteen may be larger than all windows.
pub fn input(random: &mut Random, window_bits: u8) -> Vec<u8> {
    let mut all = Vec::new();
    let bits = if random.chance(16) { 17 } else { 12 };
    loop {
        let size = random.size(bits);
        part(random, window_bits, size, &mut all);
        if random.chance(2) {
            return all;
        }
    }
}

fn part(random: &mut Random, window_bits: u8, size: usize, out: &mut Vec<u8>) {
    let end = out.len() + size;
    match random.below(7) {
        0 => out.extend((0..size).map(|_| random.number() as u8)),
        1 => {
            let symbols = 1 + random.below(6);
            out.extend((0..size).map(|_| b'a' + random.below(symbols) as u8));
        }
        2 => {
            let words: Vec<Vec<u8>> = (0..200)
                .map(|_| {
                    (0..2 + random.below(8))
                        .map(|_| b'a' + random.below(26) as u8)
                        .collect()
                })
                .collect();
            while out.len() < end {
                let rank = random.below(200) * random.below(200) / 200;
                out.extend_from_slice(&words[rank]);
                out.push(b' ');
            }
        }
        3 => {
            while out.len() < end {
                let (id, price, open) = (random.below(10_000), random.below(500), random.chance(2));
                let line = format!("{{\"id\":{id},\"price\":{price}.50,\"open\":{open}}},\n");
                out.extend_from_slice(line.as_bytes());
            }
        }
        4 => {
            while out.len() < end {
                let (byte, run) = (random.number() as u8, random.size(10));
                out.extend(std::iter::repeat_n(byte, run));
            }
        }
        5 => {
            // Each byte is 1.6 times as frequent as the next one.
            out.extend((0..size).map(|_| {
                let golden = (0..).take_while(|_| random.below(1000) < 618);
                golden.count().min(255) as u8
            }));
        }
        _ => {
            // From about as far back as the window reaches.
            while out.len() < end {
                let window = 1 << window_bits;
                let distance =
                    (window + random.below(9)).saturating_sub(random.size(window_bits.into()));
                let length = random.size(9);
                if distance == 0 || distance > out.len() || random.chance(4) {
                    out.extend((0..length).map(|_| random.number() as u8));
                    continue;
                }
                for _ in 0..length {
                    out.push(out[out.len() - distance]);
                }
            }
        }
    }
    out.truncate(end);
}
