//! Which thread runs next: decided anew at each lock, wait and atomic, by a seed.
//!
//! Each execution of a test has a seed of its own, and the seed decides everything: the strategy, the
//! threads, how time passes. So the seed of a failure is all that is needed to see it again.

use crate::shim::time;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::Cell;
use std::collections::HashMap;
use std::env;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// An execution that makes more decisions than this does not end.
const STEPS: usize = 300_000;
/// The tests run without optimization: their stacks are deep.
const STACK_BYTES: usize = 512 * 1024;

std::thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
    static STANDS_STILL: Cell<bool> = const { Cell::new(false) };
}

/// Whether, in this execution, time passes only when no thread can run. What has taken time then
/// has waited for a deadline.
pub(crate) fn time_stands_still() -> bool {
    STANDS_STILL.get()
}

/// Runs `body` under as many schedules, each on fresh threads.
///
/// | variable | |
/// |---|---|
/// | `SEED=…` | this execution alone |
/// | `TIMES=…` | as many times more executions |
pub(crate) fn explore(executions: usize, body: impl Fn() + Send + Sync + 'static) {
    let fixed = number("SEED");
    let executions = match fixed {
        Some(_) => 1,
        None => executions * number("TIMES").unwrap_or(1) as usize,
    };
    let scheduler = Explorer {
        left: executions,
        seeds: Random(fixed.unwrap_or_else(|| RandomState::new().hash_one(0))),
        fixed,
        random: Random(0),
        data: Random(0),
        strategy: Strategy::Uniform,
        time_passes: 0,
    };
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true; // of atomics, which are sequentially consistent here
    config.failure_persistence = FailurePersistence::None;
    config
        .ungraceful_shutdown_config
        .immediately_return_on_panic = true;
    let runner = Runner::new(scheduler, config);
    let done = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            time::reset();
            body();
        })
    }));
    if let Err(panic) = done {
        let name = std::thread::current().name().unwrap_or("").to_owned();
        eprintln!(
            "\nthe same again: make schedules SEED={} ARGS={name}\n",
            SEED.get()
        );
        resume_unwind(panic);
    }
}

fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

/// How the next thread is chosen among those that can run.
#[derive(Debug)]
enum Strategy {
    /// Any.
    Uniform,
    /// The one that runs; another one time in so many.
    Sticky(u64),
    /// Each thread has a priority. One time in so many, and when it yields, the running thread gets the
    /// lowest ("probabilistic concurrency testing": few changes at the right places find most faults).
    Priorities {
        change: u64,
        ranks: HashMap<TaskId, u64>,
        lowest: u64,
    },
}

#[derive(Debug)]
struct Explorer {
    left: usize,
    seeds: Random,
    fixed: Option<u64>,
    random: Random,
    data: Random,
    strategy: Strategy,
    /// One time in so many, time passes although threads can run; 0: never.
    time_passes: u64,
}

impl Scheduler for Explorer {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.left = self.left.checked_sub(1)?;
        let seed = self.fixed.unwrap_or_else(|| self.seeds.next());
        SEED.set(seed);
        self.random = Random(seed);
        self.data = Random(!seed);
        self.strategy = match self.random.below(3) {
            0 => Strategy::Uniform,
            1 => Strategy::Sticky(2 << self.random.below(6)),
            _ => Strategy::Priorities {
                change: 4 << self.random.below(8),
                ranks: HashMap::new(),
                lowest: u64::MAX / 2,
            },
        };
        self.time_passes = [0, 16, 256][self.random.below(3) as usize];
        STANDS_STILL.set(self.time_passes == 0);
        Some(Schedule::new(seed))
    }

    fn next_task(
        &mut self,
        tasks: &[&Task],
        current: Option<TaskId>,
        yields: bool,
    ) -> Option<TaskId> {
        let is_time = |task: &&&Task| task.name().as_deref() == Some(time::THREAD);
        let clock = tasks
            .iter()
            .find(|task| is_time(task))
            .map(|task| task.id());
        // A parked thread may wake for no reason, but need not.
        let wakes_all = self.random.one_in(64);
        let others = tasks
            .iter()
            .filter(|task| !is_time(task) && (wakes_all || task.runnable()));
        let others: Vec<TaskId> = others.map(|task| task.id()).collect();
        if let Some(clock) = clock {
            let passes = self.time_passes > 0 && self.random.one_in(self.time_passes);
            if others.is_empty() || passes && time::may_pass() {
                return Some(clock);
            }
        }
        let runs = current.filter(|current| others.contains(current));
        Some(
            self.strategy
                .choose(&others, runs, yields, &mut self.random),
        )
    }

    fn next_u64(&mut self) -> u64 {
        self.data.next()
    }
}

impl Strategy {
    /// `runs`: the running thread, if it can go on; `yields`: it lets others go first.
    fn choose(
        &mut self,
        all: &[TaskId],
        runs: Option<TaskId>,
        yields: bool,
        random: &mut Random,
    ) -> TaskId {
        match self {
            Strategy::Uniform => random.among(all),
            Strategy::Sticky(one_in) => match runs {
                Some(runs) if !yields && !random.one_in(*one_in) => runs,
                _ => random.among(all),
            },
            Strategy::Priorities {
                change,
                ranks,
                lowest,
            } => {
                for task in all {
                    ranks
                        .entry(*task)
                        .or_insert_with(|| random.next() / 2 + u64::MAX / 2);
                }
                if let Some(runs) = runs.filter(|_| yields || random.one_in(*change)) {
                    *lowest -= 1;
                    ranks.insert(runs, *lowest);
                }
                let first = all.iter().max_by_key(|task| ranks[*task]);
                *first.expect("a thread can run")
            }
        }
    }
}

/// SplitMix64.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn among(&mut self, all: &[TaskId]) -> TaskId {
        all[self.below(all.len() as u64) as usize]
    }
}
