//! The crowd: a process of many clients, honest ones (whose failures are errors of the server) and rude
//! ones. It is a process of its own so that it can be stopped as a whole.

mod honest;
mod rude;

pub(crate) use rude::beginnings;

use crate::addresses::Addresses;
use crate::random::Random;
use crate::windows::Windows;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const HONEST: u64 = 12;
const RUDE: u64 = 24;

/// A name, and what is done.
type Job = (&'static str, fn(&Addresses, &mut Random) -> io::Result<()>);

/// What became of a job.
#[derive(Clone, Default)]
struct Count {
    done: usize,
    excused: usize,
    errors: Vec<String>,
}

/// Works until stdin ends. `begin` and `end` there are those of a fault; see [`Windows`]. Then prints a
/// line for each job and each error.
pub(crate) fn work(at: &Addresses, seed: u64) -> io::Result<()> {
    let (windows, stop) = (Windows::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        let worker = |jobs, number| {
            let (windows, stop) = (&windows, &stop);
            scope.spawn(move || work_at(jobs, at, Random::part(seed, number), windows, stop))
        };
        let honest: Vec<_> = (0..HONEST).map(|n| worker(&honest::JOBS[..], n)).collect();
        let rude: Vec<_> = (0..RUDE)
            .map(|n| worker(&rude::JOBS[..], HONEST + n))
            .collect();
        let heard = listen(&windows);
        stop.store(true, Ordering::Relaxed);
        for (sort, jobs, workers) in [
            ("honest", &honest::JOBS[..], honest),
            ("rude", &rude::JOBS, rude),
        ] {
            let counts = workers
                .into_iter()
                .map(|worker| worker.join().expect("no panic"));
            report(sort, jobs, &counts.collect::<Vec<_>>());
        }
        heard
    })
}

fn work_at(
    jobs: &[Job],
    at: &Addresses,
    mut random: Random,
    windows: &Windows,
    stop: &AtomicBool,
) -> Vec<Count> {
    let mut counts = vec![Count::default(); jobs.len()];
    while !stop.load(Ordering::Relaxed) {
        let which = random.between(0, jobs.len() as u64 - 1) as usize;
        let (start, count) = (Instant::now(), &mut counts[which]);
        match (jobs[which].1)(at, &mut random) {
            Ok(()) => count.done += 1,
            Err(_) if windows.meet(start) => count.excused += 1,
            Err(error) => count.errors.push(error.to_string()),
        }
        thread::sleep(Duration::from_millis(random.between(5, 50)));
    }
    counts
}

fn listen(windows: &Windows) -> io::Result<()> {
    for line in io::stdin().lines() {
        match line?.as_str() {
            "begin" => windows.begin(),
            _ => windows.end(),
        }
    }
    Ok(())
}

/// What comes of a rude job is the server's choice: its errors are counted, not printed.
fn report(sort: &str, jobs: &[Job], workers: &[Vec<Count>]) {
    for (number, (name, _)) in jobs.iter().enumerate() {
        let counts = || workers.iter().map(|counts| &counts[number]);
        let done: usize = counts().map(|count| count.done).sum();
        let excused: usize = counts().map(|count| count.excused).sum();
        let errors: Vec<&String> = counts().flat_map(|count| &count.errors).collect();
        println!(
            "{name:<26}{sort:<8}{done:>8}{:>8}{excused:>9}",
            errors.len()
        );
        if sort == "honest" {
            errors
                .iter()
                .for_each(|error| println!("error {name}: {error}"));
        }
    }
}

/// Every honest job once: what a server makes when it is first needed, it has then. Returns the errors.
pub(crate) fn warm_up(at: &Addresses, seed: u64) -> Vec<String> {
    let mut random = Random::part(seed, 2000);
    let mut one = |(name, run): &Job| {
        let failed = run(at, &mut random).err();
        failed.map(|error| format!("{name}: {error}"))
    };
    honest::JOBS.iter().filter_map(&mut one).collect()
}

/// Every rude job some times, when nobody else is there: nothing that others do frees what these hold.
pub(crate) fn last_words(at: &Addresses, seed: u64) {
    let run = |number| {
        let mut random = Random::part(seed, number);
        rude::JOBS
            .iter()
            .for_each(|(_, run)| drop(run(at, &mut random)));
    };
    thread::scope(|scope| (3000..3008).for_each(|number| drop(scope.spawn(move || run(number)))));
}
