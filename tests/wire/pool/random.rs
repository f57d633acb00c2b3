//! Random requests, responses, failures and cancellations, under random limits.

use super::model::ORIGINS;
use super::world::World;
use barewire::http::pool::{KeepAlive, Limits};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// Marsaglia's xorshift64*.
struct Random(u64);

impl Random {
    /// Below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }

    fn limits(&mut self) -> Limits {
        const NO: usize = usize::MAX;
        Limits {
            max_sockets: [1, 2, 3, 5, NO][self.below(5)],
            max_total_sockets: [1, 2, 3, 4, 6, NO, NO][self.below(7)],
            max_free_sockets: [0, 1, 2, 256][self.below(4)],
            max_total_free_sockets: [0, 1, 3, 256, 256][self.below(5)],
            max_queued: [0, 1, 4, 1_000][self.below(4)],
            ..Limits::default()
        }
    }
}

const EPISODES: u64 = 4_000;
const STEPS: usize = 250;

#[test]
fn a_hundred_thousand_random_steps_agree_with_the_model() {
    episodes(1..=EPISODES / 10);
}

#[test]
#[ignore = "takes 8 s unoptimized; .ci/run runs it"]
fn a_million_random_steps_agree_with_the_model() {
    episodes(1..=EPISODES);
}

fn episodes(seeds: RangeInclusive<u64>) {
    for seed in seeds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut world = World::new(random.limits());
        let episode = AssertUnwindSafe(|| episode(&mut world, &mut random));
        if let Err(panic) = catch_unwind(episode) {
            println!("seed {seed}, and these moves:\n{}", world.log());
            resume_unwind(panic);
        }
    }
}

fn episode(world: &mut World, random: &mut Random) {
    let closes = (random.below(8) == 0).then(|| random.below(STEPS));
    for at in 0..STEPS {
        if closes == Some(at) {
            world.close();
        }
        step(world, random);
    }
    wind_up(world, random);
}

fn step(world: &mut World, random: &mut Random) {
    let slot = random.pick(&world.with_slot());
    let position = random.pick(&world.queued());
    match (random.below(20), slot, position) {
        (0..8, ..) => {
            world.request(random.below(ORIGINS));
        }
        (8..12, Some(slot), _) => free(world, random, slot),
        (12..14, Some(slot), _) => world.end(slot),
        (14, Some(slot), _) => world.retry(slot),
        (15..18, _, Some(position)) => world.take(position),
        (18, _, Some(position)) => world.cancel(position),
        (19, ..) => world.expire(),
        _ => world.pass_time(Duration::from_millis(random.below(1_500) as u64)),
    }
}

fn free(world: &mut World, random: &mut Random, slot: usize) {
    let keep_alive = KeepAlive {
        timeout: [None, None, Some(1), Some(2), Some(4), Some(60)][random.below(6)]
            .map(Duration::from_secs),
        max: None,
    };
    world.free(slot, keep_alive);
}

/// No more requests come and none gives up: as slots are given back, all waiting requests must be granted
/// one.
fn wind_up(world: &mut World, random: &mut Random) {
    loop {
        for position in world.queued() {
            if world.is_granted(position) {
                world.take(position);
            }
        }
        match random.pick(&world.with_slot()) {
            None => break,
            Some(slot) if random.below(2) == 0 => world.end(slot),
            Some(slot) => free(world, random, slot),
        }
    }
    for refused in world.queued() {
        world.take(refused); // if the pool was closed, these still have positions
    }
    world.check_end();
}
