//! What can become of a datagram, decided beforehand.
//!
//! A network drops, repeats and reorders when it likes. Here it does so on purpose: by a script, or
//! by a generator that for the same seed always does the same. There is no clock in it. "Late"
//! is counted in datagrams that come first, so a test that uses it neither waits nor hopes.
//!
//! ```text
//!   script     .   x   2   ~   .
//!   in         a   b   c   d   e
//!   out        a       cc      e d
//! ```

use std::collections::VecDeque;
use std::fmt;

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives. `.` in a script, and everything after the script's end.
    Pass,
    /// It is lost: `x`.
    Drop,
    /// It arrives two times: `2`.
    Twice,
    /// It arrives after the next one, or after a later one if that is late too: `~`.
    Late,
}

/// The fates of the datagrams to come, in order.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    script: VecDeque<Fate>,
    afterwards: Option<Dice>,
}

impl Fates {
    /// One fate for each character (`.` `x` `2` `~`), and then all pass.
    ///
    /// # Errors
    /// A character that means nothing.
    pub fn script(script: &str) -> Result<Fates, UnknownFate> {
        Ok(Fates {
            script: script
                .chars()
                .map(Fate::from_char)
                .collect::<Result<_, _>>()?,
            afterwards: None,
        })
    }

    /// Without end: of a hundred datagrams about so many dropped, repeated and late ones, which is
    /// decided by the seed.
    pub fn seeded(seed: u64, odds: Odds) -> Fates {
        Fates {
            script: VecDeque::new(),
            afterwards: Some(Dice { state: seed, odds }),
        }
    }

    fn draw(&mut self) -> Fate {
        let scripted = self.script.pop_front();
        scripted.unwrap_or_else(|| self.afterwards.as_mut().map_or(Fate::Pass, Dice::throw))
    }
}

impl Fate {
    fn from_char(c: char) -> Result<Fate, UnknownFate> {
        match c {
            '.' => Ok(Fate::Pass),
            'x' => Ok(Fate::Drop),
            '2' => Ok(Fate::Twice),
            '~' => Ok(Fate::Late),
            _ => Err(UnknownFate(c)),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fate::Pass => "passes",
            Fate::Drop => "dropped",
            Fate::Twice => "passes twice",
            Fate::Late => "held back",
        })
    }
}

/// A character of a script that stands for no [`Fate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFate(pub char);

impl fmt::Display for UnknownFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownFate(c) = self;
        write!(
            f,
            "{c:?} is no fate; they are . (pass) x (drop) 2 (twice) ~ (late)"
        )
    }
}

impl std::error::Error for UnknownFate {}

/// How many in a hundred meet each fate; the others pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    /// Lost.
    pub dropped: u8,
    /// Two times there.
    pub twice: u8,
    /// After the next one.
    pub late: u8,
}

#[derive(Clone, Debug)]
struct Dice {
    state: u64,
    odds: Odds,
}

impl Dice {
    fn throw(&mut self) -> Fate {
        let percent = self.next() % 100;
        let dropped = u64::from(self.odds.dropped);
        let twice = dropped + u64::from(self.odds.twice);
        let late = twice + u64::from(self.odds.late);
        match percent {
            n if n < dropped => Fate::Drop,
            n if n < twice => Fate::Twice,
            n if n < late => Fate::Late,
            _ => Fate::Pass,
        }
    }

    /// SplitMix64: for tests and shows, of no use where somebody must not guess.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// One direction of a network: what goes in, and what comes out of it then.
#[derive(Debug)]
pub(super) struct Lane<D> {
    fates: Fates,
    late: Vec<D>,
}

impl<D: Clone> Lane<D> {
    pub(super) fn new(fates: Fates) -> Lane<D> {
        Lane {
            fates,
            late: Vec::new(),
        }
    }

    /// The datagram's fate, and what arrives now because of it, in order.
    pub(super) fn go(&mut self, datagram: D) -> (Fate, Vec<D>) {
        let fate = self.fates.draw();
        let mut out = match fate {
            Fate::Pass => vec![datagram],
            Fate::Twice => vec![datagram.clone(), datagram],
            Fate::Drop => vec![],
            Fate::Late => {
                self.late.push(datagram);
                vec![]
            }
        };
        if !out.is_empty() {
            out.append(&mut self.late);
        }
        (fate, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(script: &str, datagrams: &str) -> String {
        let mut lane = Lane::new(Fates::script(script).unwrap());
        datagrams.chars().flat_map(|c| lane.go(c).1).collect()
    }

    #[test]
    fn each_fate_does_what_it_says() {
        assert_eq!(carried("", "abc"), "abc");
        assert_eq!(carried("...x", "abcde"), "abce");
        assert_eq!(carried(".x2~.", "abcde"), "acced");
        assert_eq!(carried("~~.", "abcd"), "cabd"); // the next that arrives
        assert_eq!(carried("~x2", "abc"), "cca"); // the next that arrives
        assert_eq!(carried("~", "a"), ""); // nothing came after it
    }

    #[test]
    fn a_script_has_four_characters() {
        let e = Fates::script(".x!").unwrap_err();
        assert_eq!(e, UnknownFate('!'));
        assert!(e.to_string().starts_with("'!' is no fate;"));
    }

    #[test]
    fn the_same_seed_does_the_same() {
        let odds = Odds {
            dropped: 20,
            twice: 10,
            late: 5,
        };
        let throw = |seed| {
            let mut fates = Fates::seeded(seed, odds);
            (0..10_000).map(|_| fates.draw()).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        for (fate, percent) in [(Fate::Drop, 20), (Fate::Twice, 10), (Fate::Late, 5)] {
            let met = throw(7).iter().filter(|&&met| met == fate).count();
            assert!(met.abs_diff(percent * 100) < 200, "{fate}: {met} of 10000");
        }
        assert_eq!(Fates::seeded(7, Odds::default()).draw(), Fate::Pass);
    }
}
