//! Whose turn it is to accept: round robin, as a table.
//!
//! ```text
//!   worker 1    want ──────────────────► turn ── accept ── pass, want …
//!   worker 2    want ─────────────────────────────────────► turn ── accept ── pass
//!   worker 3                    (all its places are taken: it wants nothing, and is passed over)
//! ```
//!
//! The notes' `i = (i + 1) mod n`, among those who want: in the order in which they ask, and a worker asks again when it
//! has had the turn. So a worker that has no place for a connection holds up nobody. One worker at a time has the turn,
//! and keeps it while no connection comes.

use std::collections::VecDeque;

/// The workers that want to accept, and the one whose turn it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turns {
    wanting: VecDeque<u64>,
    holder: Option<u64>,
}

impl Turns {
    pub(super) fn want(&mut self, worker: u64) {
        if !self.wanting.contains(&worker) {
            self.wanting.push_back(worker);
        }
    }

    /// The worker has accepted, or does not accept any more.
    pub(super) fn pass(&mut self, worker: u64) {
        self.holder.take_if(|holder| *holder == worker);
    }

    /// The worker has ended, or will accept no more.
    pub(super) fn gone(&mut self, worker: u64) {
        self.wanting.retain(|it| *it != worker);
        self.pass(worker);
    }

    /// The worker that gets the turn now.
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.holder.is_some() {
            return None;
        }
        self.holder = self.wanting.pop_front();
        self.holder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_turn_goes_round() {
        let mut turns = Turns::default();
        let mut took = Vec::new();
        for worker in [1, 2, 3] {
            turns.want(worker);
        }
        for _ in 0..7 {
            let worker = turns.next().expect("somebody wants");
            assert_eq!(turns.next(), None, "one at a time");
            took.push(worker);
            turns.pass(worker);
            turns.want(worker);
        }
        assert_eq!(took, [1, 2, 3, 1, 2, 3, 1]);
    }

    /// Every order of what three workers may do, each state once.
    #[test]
    fn in_no_order_is_the_turn_lost_or_given_twice() {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![(Turns::default(), BTreeSet::new())];
        while let Some((turns, alive)) = ahead.pop() {
            let idle = turns.holder.is_none() && turns.clone().next().is_none();
            assert!(!idle || turns.wanting.is_empty(), "{turns:?}");
            let has_turn = turns.holder.is_none_or(|holder| alive.contains(&holder));
            assert!(has_turn, "a dead worker has the turn: {turns:?}");
            if !seen.insert((turns.clone(), alive.clone())) {
                continue;
            }
            let mut go_on = |alive: &BTreeSet<u64>, step: &dyn Fn(&mut Turns)| {
                let mut next = turns.clone();
                step(&mut next);
                ahead.push((next, alive.clone()));
            };
            go_on(&alive, &|turns| {
                turns.next();
            });
            for worker in 1..=3 {
                let mut others = alive.clone();
                match others.remove(&worker) {
                    true => {
                        go_on(&alive, &|turns| turns.want(worker));
                        go_on(&alive, &|turns| turns.pass(worker));
                        go_on(&others, &|turns| turns.gone(worker));
                    }
                    false => {
                        others.insert(worker);
                        go_on(&others, &|_| {});
                    }
                }
            }
        }
        assert!(seen.len() > 100, "{} states", seen.len());
    }

    #[test]
    fn who_wants_nothing_is_passed_over() {
        let mut turns = Turns::default();
        turns.want(3);
        assert_eq!(turns.next(), Some(3));
        turns.want(3);
        turns.want(2);
        turns.pass(1); // it does not have it
        assert_eq!(turns.next(), None);
        turns.gone(3);
        assert_eq!(turns.next(), Some(2));
    }
}
