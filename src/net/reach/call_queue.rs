//! Which blocking call may start now, which one waits, and which one is next. The queue knows no
//! clock, no thread and no lock.
//!
//! A call that is under way holds a slot, also when no caller waits for its result any more. Calls with
//! the same key go to the same place (a name, a server); one such place may never answer, so it gets [`Limits::per_key`] of the [`Limits::total`] slots at most, and the rest is for others.
//!
//! ```text
//!   request ──► Slot ────────── end() ──────────► the next in line gets a slot
//!      │          ▲
//!      │          └──── take() ───┐
//!      └──► QueuePosition ──► granted ── cancel() ──► the next in line gets the slot
//!              │  ▲      │  a call has ended
//!              │  └──────┘ take(): not yet
//!              └── cancel() ──► gone
//! ```
//!
//! Two sentences hold between any two calls:
//! 1. **No call waits that could start.** While a position waits, its key has `per_key` slots, or all keys
//!    together have `total`.
//! 2. **A grant belongs to its position.** The slot is set aside before the waiting thread is woken.
//!    If that thread has reached its deadline meanwhile, `cancel` passes the slot on: a wake-up is
//!    never lost.
//!
//! A slot that ends makes room for one call, so each call of `end` and `cancel` wakes one thread at
//! most.

use std::collections::VecDeque;

/// How many calls may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of all keys together.
    pub(super) total: usize,
    /// Of one key.
    pub(super) per_key: usize,
}

/// Calls with keys `K`, and threads that wait, each with a `W` that wakes it.
#[derive(Clone, Debug)]
pub(super) struct CallQueue<K, W> {
    limits: Limits,
    /// The key of each slot that is in use or granted.
    slots: Vec<K>,
    /// The oldest first.
    waiting: VecDeque<Waiter<K, W>>,
    /// The numbers of positions whose slot is set aside.
    granted: Vec<u64>,
    last_number: u64,
}

#[derive(Clone, Debug)]
struct Waiter<K, W> {
    number: u64,
    key: K,
    waker: W,
}

/// What a request is to do.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
#[must_use = "a slot that is dropped is lost"]
pub(super) enum Decision<K> {
    /// Start the call now.
    Start(Slot<K>),
    /// Sleep until woken, then [`CallQueue::take`]; at the deadline, [`CallQueue::cancel`].
    Wait(QueuePosition<K>),
}

/// The right to make one call. It goes back through [`CallQueue::end`].
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
#[must_use = "a slot that is dropped is lost"]
pub(super) struct Slot<K> {
    key: K,
}

/// A place in the queue. It ends by [`CallQueue::take`] or [`CallQueue::cancel`].
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
#[must_use = "a position that is dropped loses its slot once it is granted"]
pub(super) struct QueuePosition<K> {
    number: u64,
    key: K,
}

impl<K: Clone + PartialEq, W> CallQueue<K, W> {
    pub(super) const fn new(limits: Limits) -> CallQueue<K, W> {
        CallQueue {
            limits,
            slots: Vec::new(),
            waiting: VecDeque::new(),
            granted: Vec::new(),
            last_number: 0,
        }
    }

    /// A call wants to start. Only if it must wait is `waker` asked for what wakes its thread.
    pub(super) fn request(&mut self, key: K, waker: impl FnOnce() -> W) -> Decision<K> {
        if self.has_room(&key) {
            self.slots.push(key.clone());
            return Decision::Start(Slot { key });
        }
        self.last_number += 1;
        let number = self.last_number;
        self.waiting.push_back(Waiter {
            number,
            key: key.clone(),
            waker: waker(),
        });
        Decision::Wait(QueuePosition { number, key })
    }

    /// The slot, if the waiting thread was granted one. It may ask at any time.
    pub(super) fn take(&mut self, position: QueuePosition<K>) -> Decision<K> {
        match self.take_grant(position.number) {
            true => Decision::Start(Slot { key: position.key }),
            false => Decision::Wait(position),
        }
    }

    /// A waiting thread gives up. What is returned is to be woken.
    #[must_use = "it was granted a slot and sleeps"]
    pub(super) fn cancel(&mut self, position: QueuePosition<K>) -> Option<W> {
        if self.take_grant(position.number) {
            return self.end(Slot { key: position.key });
        }
        self.waiting.retain(|it| it.number != position.number);
        None
    }

    /// A call has ended. What is returned is to be woken.
    #[must_use = "it was granted a slot and sleeps"]
    pub(super) fn end(&mut self, slot: Slot<K>) -> Option<W> {
        let ended = self.slots.iter().position(|key| *key == slot.key)?;
        self.slots.swap_remove(ended);
        let next = self.waiting.iter().position(|it| self.has_room(&it.key))?;
        let next = self.waiting.remove(next)?;
        self.slots.push(next.key);
        self.granted.push(next.number);
        Some(next.waker)
    }

    /// The number of calls that are in the way of one more with this key; 0 if none is.
    pub(super) fn calls_in_the_way(&self, key: &K) -> usize {
        match self.slots_of(key) {
            _ if self.has_room(key) => 0,
            of_key if of_key >= self.limits.per_key => of_key,
            _ => self.slots.len(),
        }
    }

    fn has_room(&self, key: &K) -> bool {
        self.slots.len() < self.limits.total && self.slots_of(key) < self.limits.per_key
    }

    fn slots_of(&self, key: &K) -> usize {
        self.slots.iter().filter(|it| *it == key).count()
    }

    fn take_grant(&mut self, number: u64) -> bool {
        let granted = self.granted.iter().position(|it| *it == number);
        granted.map(|at| self.granted.swap_remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// A queue, and the threads that use it: the waker of each is its index.
    #[derive(Clone, Debug)]
    struct World {
        queue: CallQueue<char, usize>,
        threads: Vec<(char, State)>,
    }

    #[derive(Clone, Debug)]
    enum State {
        New,
        Waiting(QueuePosition<char>, Woken),
        Calling(Slot<char>),
        Gone,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Woken {
        Yes,
        No,
    }

    impl World {
        fn new(keys: &str, limits: Limits) -> World {
            World {
                queue: CallQueue::new(limits),
                threads: keys.chars().map(|key| (key, State::New)).collect(),
            }
        }

        /// Everything that thread `n` may do next, each in a world of its own.
        fn steps(&self, n: usize) -> Vec<World> {
            let step = |change: &dyn Fn(&mut World)| {
                let mut world = self.clone();
                change(&mut world);
                world
            };
            let (key, state) = self.threads[n].clone();
            match state {
                State::New => vec![step(&|world| {
                    let decision = world.queue.request(key, || n);
                    world.decided(n, decision, Woken::No);
                })],
                State::Waiting(position, woken) => vec![
                    step(&|world| {
                        let decision = world.queue.take(position.clone());
                        assert!(woken == Woken::No || matches!(decision, Decision::Start(_)));
                        world.decided(n, decision, woken);
                    }),
                    step(&|world| {
                        world.threads[n].1 = State::Gone;
                        let next = world.queue.cancel(position.clone());
                        world.wake(next);
                    }),
                ],
                State::Calling(slot) => vec![step(&|world| {
                    world.threads[n].1 = State::Gone;
                    let next = world.queue.end(slot.clone());
                    world.wake(next);
                })],
                State::Gone => vec![],
            }
        }

        fn decided(&mut self, n: usize, decision: Decision<char>, woken: Woken) {
            self.threads[n].1 = match decision {
                Decision::Start(slot) => State::Calling(slot),
                Decision::Wait(position) => State::Waiting(position, woken),
            };
        }

        fn wake(&mut self, n: Option<usize>) {
            let Some(n) = n else { return };
            match &mut self.threads[n].1 {
                State::Waiting(_, woken @ Woken::No) => *woken = Woken::Yes,
                other => panic!("woken for nothing: {other:?}"),
            }
        }

        fn check(&self) {
            let with_slot = |(key, state): &(char, State)| match state {
                State::Calling(_) | State::Waiting(_, Woken::Yes) => Some(*key),
                _ => None,
            };
            let slots: Vec<char> = self.threads.iter().filter_map(with_slot).collect();
            assert_eq!(self.queue.slots.len(), slots.len());
            let Limits { total, per_key } = self.queue.limits;
            for (key, state) in &self.threads {
                let of_key = slots.iter().filter(|it| *it == key).count();
                assert!(slots.len() <= total && of_key <= per_key);
                if matches!(state, State::Waiting(_, Woken::No)) {
                    assert!(slots.len() == total || of_key == per_key, "{self:?}");
                }
            }
        }

        fn is_over(&self) -> bool {
            let mut states = self.threads.iter().map(|(_, state)| state);
            states.all(|state| matches!(state, State::Gone))
        }
    }

    /// In every order of requests, ends, wake-ups and deadlines, also of a deadline that comes
    /// between the grant and the wake-up.
    #[test]
    fn fault_a25_no_wake_up_is_lost_in_any_interleaving() {
        for (total, per_key) in [(1, 1), (2, 1), (2, 2), (3, 2)] {
            let first = World::new("aaab", Limits { total, per_key });
            let (mut seen, mut open, mut ends) = (HashSet::new(), vec![first], 0);
            while let Some(world) = open.pop() {
                world.check();
                if world.is_over() {
                    let queue = &world.queue;
                    assert!(queue.waiting.is_empty() && queue.granted.is_empty());
                    ends += 1;
                }
                let steps = (0..world.threads.len()).flat_map(|n| world.steps(n));
                open.extend(steps.filter(|next| seen.insert(format!("{next:?}"))));
            }
            assert!(ends > 0 && seen.len() > 100);
        }
    }

    #[test]
    fn the_oldest_that_may_start_is_the_next() {
        let limits = Limits {
            total: 2,
            per_key: 1,
        };
        let mut queue = CallQueue::new(limits);
        let start = |decision| match decision {
            Decision::Start(slot) => slot,
            Decision::Wait(position) => panic!("{position:?}"),
        };
        let a = start(queue.request('a', || 0));
        let b = start(queue.request('b', || 0));
        let waits = "aac".chars().zip(1..);
        let mut positions: Vec<_> = waits.map(|(key, n)| queue.request(key, || n)).collect();
        assert_eq!(queue.calls_in_the_way(&'a'), 1);
        assert_eq!(queue.calls_in_the_way(&'c'), 2);
        assert_eq!(queue.end(b), Some(3)); // a has its one slot still
        assert_eq!(queue.end(a), Some(1));
        let Decision::Wait(third) = positions.remove(2) else {
            panic!("it had to wait");
        };
        let c = start(queue.take(third));
        assert_eq!(queue.end(c), None);
        assert_eq!(queue.calls_in_the_way(&'c'), 0);
    }
}
