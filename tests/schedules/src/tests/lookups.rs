//! Look-ups: a few slots, callers that wait for one, and a deadline for each.

use super::at_once;
use crate::explore::{explore, time_stands_still};
use crate::net::reach::blocking_calls::BlockingCalls;
use crate::net::reach::call_queue::Limits;
use crate::shim::thread;
use crate::shim::time::{self, Instant};
use std::io;
use std::time::Duration;

type LookUps = BlockingCalls<&'static str>;

/// So many slots, fresh for each execution.
fn slots(total: usize, per_key: usize) -> &'static LookUps {
    let limits = Limits { total, per_key };
    Box::leak(Box::new(BlockingCalls::new("look-up", limits)))
}

/// Looks something up that takes so long.
fn look_up(
    slots: &'static LookUps,
    name: &'static str,
    took: Duration,
    deadline: Duration,
) -> io::Result<u8> {
    slots.make(name, Instant::now() + deadline, move || {
        if !took.is_zero() {
            thread::sleep(took);
        }
        Ok(7)
    })
}

#[test]
fn every_caller_gets_a_slot_and_its_answer() {
    explore(4000, || {
        let slots = slots(2, 1);
        let callers = ["a", "b", "a", "c", "a"].map(|name| {
            let deadline = Duration::from_secs(1);
            thread::spawn(move || look_up(slots, name, Duration::ZERO, deadline))
        });
        for caller in callers {
            let answer = caller.join().expect("a caller");
            assert_eq!(answer.expect("there is time"), 7);
        }
        at_once();
    });
}

/// The slot comes back at the very moment at which the first that waits for it gives up: another, which
/// has time, gets it then, and not at its own deadline.
#[test]
fn fault_a25_who_gives_up_passes_the_slot_on() {
    explore(4000, || {
        let slots = slots(1, 1);
        let (moment, later) = (Duration::from_millis(500), Duration::from_secs(9));
        let first = thread::spawn(move || look_up(slots, "a", moment, later));
        let [gives_up, waits] = [moment, later]
            .map(|deadline| thread::spawn(move || look_up(slots, "a", Duration::ZERO, deadline)));
        assert_eq!(first.join().expect("a caller").expect("there is time"), 7);
        let answer = waits.join().expect("a caller");
        let _answer_or_late = gives_up.join().expect("a caller");
        assert_eq!(answer.expect("there is time"), 7);
        assert!(time::elapsed() <= Duration::from_secs(2));
    });
}

/// Calls that never end keep their slots; those of another name find one.
#[test]
fn fault_a24_a_name_that_nobody_answers_holds_up_no_other() {
    explore(4000, || {
        let slots = slots(2, 1);
        let (hour, second) = (Duration::from_secs(3600), Duration::from_secs(1));
        let stuck = [0, 1].map(|_| thread::spawn(move || look_up(slots, "a", hour, second)));
        let well = look_up(slots, "b", Duration::ZERO, second);
        assert_eq!(well.expect("there is a slot"), 7);
        at_once();
        for stuck in stuck {
            assert!(stuck.join().expect("a caller").is_err());
        }
        if time_stands_still() {
            assert_eq!(time::elapsed(), second);
        }
    });
}
