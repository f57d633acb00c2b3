//! What happens to each datagram of a faulty network, decided beforehand.
//!
//! A network drops, duplicates and reorders at any time. A [`FaultPlan`] does it on purpose: by a
//! script, or by a generator that decides the same for the same seed. It has no clock: a delay is
//! counted in datagrams that arrive first, so a test that uses it need not sleep.
//!
//! ```text
//!   script     .   x   2   ~   .
//!   sent       a   b   c   d   e
//!   arrives    a       cc      e d
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// What happens to one datagram.
///
/// [`Faulty::watch`](super::Faulty::watch) shows the fault of each datagram.
///
/// ```
/// use barewire::udp::Fault;
///
/// assert_eq!(Fault::Drop.to_string(), "dropped");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It arrives: `.` in a script, and every datagram after the script's end.
    None,
    /// It is lost: `x`.
    Drop,
    /// It arrives twice: `2`.
    Duplicate,
    /// It arrives after the next datagram that arrives: `~`.
    Delay,
}

const SIGNS: [(char, Fault, &str); 4] = [
    ('.', Fault::None, "passes"),
    ('x', Fault::Drop, "dropped"),
    ('2', Fault::Duplicate, "duplicated"),
    ('~', Fault::Delay, "delayed"),
];

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (.., word) = SIGNS
            .iter()
            .find(|(_, fault, _)| fault == self)
            .expect("all have one");
        f.pad(word)
    }
}

/// The faults of the datagrams to come, in order. The default has none; a script is parsed:
///
/// ```
/// use barewire::udp::FaultPlan;
///
/// let plan: FaultPlan = "x.2~".parse()?; // then all datagrams pass
/// # Ok::<(), barewire::udp::UnknownFault>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    script: VecDeque<Fault>,
    /// For what follows the script.
    rates: FaultRates,
    random: u64,
}

/// How many of a hundred datagrams have each fault; the others pass.
///
/// ```
/// use barewire::udp::{FaultPlan, FaultRates};
///
/// let rates = FaultRates { drop: 10, ..FaultRates::default() };
/// let plan = FaultPlan::seeded(7, rates); // one in ten is lost, the same ones in each run
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// For [`Fault::Drop`].
    pub drop: u8,
    /// For [`Fault::Duplicate`].
    pub duplicate: u8,
    /// For [`Fault::Delay`].
    pub delay: u8,
}

impl FaultPlan {
    /// Endless faults at these rates. The same seed makes the same faults.
    pub fn seeded(seed: u64, rates: FaultRates) -> FaultPlan {
        FaultPlan {
            script: VecDeque::new(),
            rates,
            random: seed,
        }
    }

    pub(super) fn next(&mut self) -> Fault {
        self.script
            .pop_front()
            .unwrap_or_else(|| self.next_random())
    }

    fn next_random(&mut self) -> Fault {
        let mut percent = self.random_number() % 100;
        let FaultRates {
            drop,
            duplicate,
            delay,
        } = self.rates;
        for (rate, fault) in [
            (drop, Fault::Drop),
            (duplicate, Fault::Duplicate),
            (delay, Fault::Delay),
        ] {
            match percent.checked_sub(u64::from(rate)) {
                Some(rest) => percent = rest,
                None => return fault,
            }
        }
        Fault::None
    }

    /// SplitMix64: for tests and demos. A peer could predict it.
    fn random_number(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A fault for each character: `.` `x` `2` `~`.
impl FromStr for FaultPlan {
    type Err = UnknownFault;

    fn from_str(script: &str) -> Result<FaultPlan, UnknownFault> {
        let fault = |c| {
            SIGNS
                .iter()
                .find(|(sign, ..)| *sign == c)
                .ok_or(UnknownFault(c))
        };
        let script = script.chars().map(|c| fault(c).map(|(_, fault, _)| *fault));
        Ok(FaultPlan {
            script: script.collect::<Result<_, _>>()?,
            ..FaultPlan::default()
        })
    }
}

/// A character of a script that stands for no [`Fault`].
///
/// ```
/// use barewire::udp::{FaultPlan, UnknownFault};
///
/// let error = ".x!".parse::<FaultPlan>().unwrap_err();
/// assert_eq!(error, UnknownFault('!'));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFault(pub char);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = ". (pass) x (drop) 2 (duplicate) ~ (delay)";
        write!(f, "{:?} is no fault; the faults are {all}", self.0)
    }
}

impl std::error::Error for UnknownFault {}

/// One direction of a faulty network.
#[derive(Debug)]
pub(super) struct FaultyPath<D> {
    plan: FaultPlan,
    delayed: Vec<D>,
}

impl<D: Clone> FaultyPath<D> {
    pub(super) fn new(plan: FaultPlan) -> FaultyPath<D> {
        let delayed = Vec::new();
        FaultyPath { plan, delayed }
    }

    /// The datagram's fault, and the datagrams that arrive now, in order.
    pub(super) fn carry(&mut self, datagram: D) -> (Fault, Vec<D>) {
        let fault = self.plan.next();
        let mut arriving = match fault {
            Fault::None => vec![datagram],
            Fault::Duplicate => vec![datagram.clone(), datagram],
            Fault::Drop => vec![],
            Fault::Delay => {
                self.delayed.push(datagram);
                vec![]
            }
        };
        if !arriving.is_empty() {
            arriving.append(&mut self.delayed);
        }
        (fault, arriving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(script: &str, datagrams: &str) -> String {
        let mut path = FaultyPath::new(script.parse().unwrap());
        datagrams.chars().flat_map(|c| path.carry(c).1).collect()
    }

    #[test]
    fn each_fault_does_what_it_says() {
        assert_eq!(carried("", "abc"), "abc");
        assert_eq!(carried("...x", "abcde"), "abce");
        assert_eq!(carried(".x2~.", "abcde"), "acced");
        assert_eq!(carried("~~.", "abcd"), "cabd"); // the next that arrives
        assert_eq!(carried("~x2", "abc"), "cca"); // the next that arrives
        assert_eq!(carried("~", "a"), ""); // nothing arrived after it
    }

    #[test]
    fn a_script_has_four_characters() {
        let e = ".x!".parse::<FaultPlan>().unwrap_err();
        assert_eq!(e, UnknownFault('!'));
        assert!(e.to_string().starts_with("'!' is no fault;"));
        let words = SIGNS.map(|(_, fault, _)| fault.to_string());
        assert_eq!(words, ["passes", "dropped", "duplicated", "delayed"]);
    }

    #[test]
    fn the_same_seed_makes_the_same_faults() {
        let rates = FaultRates {
            drop: 20,
            duplicate: 10,
            delay: 5,
        };
        let faults = |seed| {
            let mut plan = FaultPlan::seeded(seed, rates);
            (0..10_000).map(|_| plan.next()).collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
        for (fault, percent) in [(Fault::Drop, 20), (Fault::Duplicate, 10), (Fault::Delay, 5)] {
            let met = faults(7).iter().filter(|&&met| met == fault).count();
            assert!(met.abs_diff(percent * 100) < 200, "{fault}: {met} of 10000");
        }
        let without = FaultPlan::seeded(7, FaultRates::default()).next();
        assert_eq!(without, Fault::None);
    }
}
