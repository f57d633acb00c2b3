//! The turn in a worker, as a table: what the thread that accepts does, and what the thread that listens to the parent.
//!
//! ```text
//!                  serve()          look: asks the parent        give: the parent's turn
//!   NotServing ───────────► Passed ──────────────────────► Wanted ──────────────────────► Given
//!       ▲                   │  ▲                             │                              │
//!       │                   │  └──────────── pass ───────────│──────────────────────────────┘
//!       └───────────────────┴── look: the server stops ──────┘
//! ```
//!
//! A thread that has asked for the turn waits until it comes, or leaves because the server stops, and then nobody will
//! take it: a turn that comes later goes back at once. So no turn stays with a worker that does not accept.

/// Whose turn it is, as this worker knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnTurn {
    /// Nobody reads what the parent says, so the turn would not be heard of; or the server stops.
    #[default]
    NotServing,
    Passed,
    /// The parent has been asked for the turn, and a thread waits for it.
    Wanted,
    /// The thread that waits has it, or will see that it has.
    Given,
}

/// What the thread that would accept does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Accept,
    /// It asks the parent, and waits.
    Ask,
    Wait,
    /// It returns without the turn, and may come again.
    Leave,
}

impl OwnTurn {
    /// The parent is listened to.
    pub(super) fn serve(&mut self) {
        *self = OwnTurn::Passed;
    }

    pub(super) fn look(&mut self, server_stops: bool) -> Look {
        match self {
            OwnTurn::Given => Look::Accept,
            OwnTurn::NotServing => Look::Leave,
            OwnTurn::Passed | OwnTurn::Wanted if server_stops => {
                *self = OwnTurn::NotServing;
                Look::Leave
            }
            OwnTurn::Passed => {
                *self = OwnTurn::Wanted;
                Look::Ask
            }
            OwnTurn::Wanted => Look::Wait,
        }
    }

    /// The parent gives the turn. False: nobody takes it, so it is to be passed on.
    #[must_use]
    pub(super) fn give(&mut self) -> bool {
        let is_wanted = *self == OwnTurn::Wanted;
        if is_wanted {
            *self = OwnTurn::Given;
        }
        is_wanted
    }

    /// The thread that had the turn has accepted, or does not accept any more.
    pub(super) fn pass(&mut self) {
        *self = OwnTurn::Passed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Where the thread that accepts is: [`Turn`](crate::net::Turn) says in which order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum At {
        /// Behind its look whether the server has stopped: it has not.
        Looks,
        /// In `acquire`, until it is woken or a moment has passed.
        Waits,
        /// In `acquire`, about to look again.
        Acquires,
        Accepts,
        /// It has seen that the server has stopped.
        Left,
    }

    /// A worker, its own program, and a parent that has no other worker.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Model {
        turn: OwnTurn,
        at: At,
        /// What the worker sees before its accepting thread does.
        stops: bool,
        has_stopped: bool,
        /// Lines on their way to the parent: `want-turn` is true, `pass-turn` false.
        to_parent: Vec<bool>,
        /// The parent has given the turn, and has not got it back.
        is_given: bool,
        /// The line `turn` is on its way.
        to_worker: bool,
        wants: bool,
    }

    impl Model {
        fn with(&self, step: impl FnOnce(&mut Model)) -> Model {
            let mut model = self.clone();
            step(&mut model);
            model
        }

        fn successors(&self) -> Vec<Model> {
            let mut all = Vec::new();
            match self.at {
                At::Looks if self.has_stopped => all.push(self.with(|it| it.at = At::Left)),
                At::Looks => all.push(self.with(|it| it.at = At::Acquires)),
                At::Acquires => all.push(self.with(Model::look)),
                At::Waits => all.push(self.with(|it| it.at = At::Acquires)),
                At::Accepts => all.push(self.with(|it| {
                    it.turn.pass();
                    it.to_parent.push(false);
                    it.at = At::Looks;
                })),
                At::Left => {}
            }
            if self.turn == OwnTurn::NotServing && !self.stops {
                all.push(self.with(|it| it.turn.serve()));
            }
            match (self.stops, self.has_stopped) {
                (false, _) => all.push(self.with(|it| it.stops = true)),
                (true, false) => all.push(self.with(|it| it.has_stopped = true)),
                (true, true) => {}
            }
            if self.to_worker {
                all.push(self.with(|it| {
                    it.to_worker = false;
                    if !it.turn.give() {
                        it.to_parent.push(false);
                    }
                }));
            }
            if !self.to_parent.is_empty() {
                all.push(self.with(Model::parent_hears));
            }
            all
        }

        fn look(&mut self) {
            self.at = match self.turn.look(self.stops) {
                Look::Accept => At::Accepts,
                Look::Wait => At::Waits,
                Look::Ask => {
                    self.to_parent.push(true);
                    At::Waits
                }
                Look::Leave => At::Looks,
            };
        }

        fn parent_hears(&mut self) {
            match self.to_parent.remove(0) {
                true => self.wants = true,
                false => {
                    assert!(self.is_given, "passed on twice: {self:?}");
                    self.is_given = false;
                }
            }
            if self.wants && !self.is_given {
                (self.wants, self.is_given, self.to_worker) = (false, true, true);
            }
        }

        fn check(&self) {
            let is_here = self.is_given && !self.to_worker && !self.to_parent.contains(&false);
            assert_eq!(self.turn == OwnTurn::Given, is_here, "{self:?}");
            if self.at == At::Accepts {
                assert!(is_here, "it accepts without its turn: {self:?}");
            }
            let is_lost = is_here && self.at == At::Left;
            assert!(!is_lost, "the turn stays with who has stopped: {self:?}");
        }
    }

    #[test]
    fn in_no_order_does_the_turn_stay_with_a_worker_that_has_stopped() {
        let first = Model {
            turn: OwnTurn::default(),
            at: At::Looks,
            stops: false,
            has_stopped: false,
            to_parent: Vec::new(),
            is_given: false,
            to_worker: false,
            wants: false,
        };
        let (mut seen, mut ahead) = (BTreeSet::new(), vec![first]);
        while let Some(model) = ahead.pop() {
            model.check();
            let next = model.successors();
            // When nothing more happens, the thread has left and the parent has the turn.
            let is_at_rest = model.at == At::Left && !model.is_given;
            assert!(!next.is_empty() || is_at_rest, "{model:?}");
            if seen.insert(model) {
                ahead.extend(next);
            }
        }
        assert!(seen.len() > 30, "{} states", seen.len());
        for at in [At::Accepts, At::Left] {
            assert!(seen.iter().any(|model| model.at == at), "{at:?}");
        }
    }
}
