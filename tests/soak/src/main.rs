//! A soak: mixed traffic at all servers at once, with faults among it, for a while.
//!
//! ```text
//! cargo run --release -- [SECONDS] [--seed N]
//! cargo run --release -- restarts [N]
//!
//!   main ──── good clients, which measure         ┌──────────────┐
//!     │  ────────────────────────────────────────►│              │
//!     ├──── crowd: honest and rude clients ──────►│  server      │
//!     │     (is stopped and continued)            │  (is short of descriptors
//!     └──── vanish: peers in the middle of ──────►│   and of threads at times)
//!           something, stopped, killed            └──────────────┘
//! ```
//!
//! Each box is a process. At the end the run says what good clients saw, and what the server still holds when
//! all clients have gone: descriptors, threads, connections and memory. Both decide the exit status. Then a cluster is
//! restarted under load, ten times or the N that are asked for, and one of its workers is killed.
//!
//! An error counts unless the test has caused it: while it takes descriptors or threads away, a *new*
//! connection may wait or fail. One that is open may not.
//!
//! All traffic is on the loopback interface. A seed (printed) decides what the clients do; what the machine makes of it
//! differs from run to run.

mod addresses;
mod client;
mod cluster;
mod crowd;
#[path = "../../../src/bin/demo/mod.rs"]
mod demo;
mod faults;
mod good;
mod http;
mod process;
mod random;
mod report;
mod restarts;
mod server;
mod websocket;
mod windows;

use addresses::{Addresses, CONNECTED};
use client::Client;
use faults::Faults;
use process::{Process, Usage};
use random::Random;
use report::Report;
use rustix::process::{Signal, geteuid, getpid, set_parent_process_death_signal};
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use windows::Windows;

const USAGE: &str = "usage: soak [SECONDS] [--seed N], soak restarts [N]";
/// The longest that a good client may wait for anything.
const WORST: Duration = Duration::from_secs(2);
/// How long the server has to let go of everything: a peer that stands still costs 30 s.
const REST: Duration = Duration::from_secs(45);
/// Longer than a closed connection lingers.
const STEADY: Duration = Duration::from_secs(3);
/// Beyond the length of the run, all of it ends.
const WATCHDOG: Duration = Duration::from_secs(180);
/// Of a cluster, in a run of everything.
const RESTARTS: u64 = 10;
/// More at each server at once than threads are kept.
const WARM_UP: usize = 40;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["server", ref user @ ..] => server::serve(user.first().and_then(|user| user.parse().ok())),
        ["crowd", at, seed] => child(at).and_then(|at| crowd::work(&at, seed.parse().unwrap_or(0))),
        ["vanish", at] => child(at).and_then(|at| vanish(&at)),
        ["cluster"] => cluster::serve(),
        ["restarts", ref number @ ..] => {
            let number = number.first().and_then(|number| number.parse().ok());
            restart(number.unwrap_or(RESTARTS), seed())
        }
        [] => soak(600, seed()),
        [length] if length.parse::<u64>().is_ok() => soak(length.parse().unwrap_or(600), seed()),
        [length, "--seed", number] => match (length.parse(), number.parse()) {
            (Ok(length), Ok(number)) => soak(length, number),
            _ => Err(io::Error::other(USAGE)),
        },
        _ => Err(io::Error::other(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64 % 1_000_000)
}

fn child(at: &str) -> io::Result<Addresses> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    addresses::from_text(at).ok_or_else(|| io::Error::other("no addresses"))
}

/// Is in the middle of something at every server, two times, and does no more.
fn vanish(at: &Addresses) -> io::Result<()> {
    let mut clients = Vec::new();
    for (to, bytes) in [crowd::beginnings(at), crowd::beginnings(at)].concat() {
        let mut client = Client::plain(to)?;
        client.send(&bytes)?;
        clients.push(client);
    }
    println!("ready");
    loop {
        thread::park();
    }
}

fn watch(length: Duration) {
    thread::spawn(move || {
        thread::sleep(length + WATCHDOG);
        eprintln!("soak: does not come to an end");
        std::process::exit(1);
    });
}

/// The restarts alone.
fn restart(number: u64, seed: u64) -> io::Result<()> {
    println!("soak: {number} restarts, seed {seed}");
    watch(Duration::from_secs(number));
    let mut report = Report::default();
    restarts::run(number, seed, &mut report)?;
    decide(report)
}

fn decide(report: Report) -> io::Result<()> {
    match report.verdict() {
        true => Ok(()),
        false => Err(io::Error::other("something was found")),
    }
}

fn soak(length: u64, seed: u64) -> io::Result<()> {
    println!("soak: {length} s, seed {seed}");
    let length = Duration::from_secs(length);
    watch(length);
    let user = geteuid().is_root().then(|| {
        // One that nobody has: limits on threads count all of a user.
        (60_000 + getpid().as_raw_nonzero().get() % 5000).to_string()
    });
    let mut server = Process::start("server", user.as_slice())?;
    let text = server.line()?;
    let at = addresses::from_text(&text).ok_or_else(|| io::Error::other(text))?;
    let failed = crowd::warm_up(&at, seed);
    warm_up(&at)?;
    let start = rest(&mut server, None)?;

    let mut report = Report::default();
    report.check_none("honest clients, one after the other, saw no error", &failed);
    let (most, early_kib) = traffic(&mut server, &at, length, seed, &mut report)?;
    crowd::last_words(&at, seed);
    let begin = Instant::now();
    let rested = rest(&mut server, Some(&start))?;
    println!("\nthe server had {:.1?} of rest", begin.elapsed());
    report.left_over(&start, &most, &rested, early_kib);
    let connections = server.ask("connections")?;
    report.check(
        "no connection is left",
        connections == "0",
        connections.clone(),
    );
    report.complaints(&server.complaints());
    report.check("the server lives", server.is_alive(), "it has ended".into());
    restarts::run(RESTARTS, seed, &mut report)?;
    decide(report)
}

/// All traffic and all faults. Returns the most that the server held.
fn traffic(
    server: &mut Process,
    at: &Addresses,
    length: Duration,
    seed: u64,
    report: &mut Report,
) -> io::Result<(Usage, u64)> {
    let mut crowd = Process::start("crowd", &[addresses::to_text(at), seed.to_string()])?;
    let (windows, stop) = (Windows::default(), AtomicBool::new(false));
    let mut faults = Faults {
        server,
        crowd: &mut crowd,
        at,
        windows: &windows,
        random: Random::part(seed, 1000),
        most: Usage::default(),
        early_kib: 0,
        begin: Instant::now(),
        length,
    };
    let (mut seen, ran) = thread::scope(|scope| {
        let run = good::Run {
            at,
            windows: &windows,
            stop: &stop,
        };
        let good = scope.spawn(move || run.all());
        let ran = faults.run(report);
        stop.store(true, Ordering::Relaxed);
        (good.join().expect("no panic"), ran)
    });
    let most = (faults.most.clone(), faults.early_kib);
    report.good(&mut seen, WORST);
    report.crowd(crowd.finish()?);
    report.faults();
    ran?;
    Ok(most)
}

/// Each server has had more connections than it keeps threads for.
fn warm_up(at: &Addresses) -> io::Result<()> {
    let to = at[..CONNECTED].iter().cycle().take(CONNECTED * WARM_UP);
    let clients = to.map(|&to| Client::plain(to));
    let _clients: Vec<Client> = clients.collect::<io::Result<_>>()?;
    for (name, answered) in good::probe(at) {
        answered.map_err(|error| io::Error::other(format!("{name}: {error}")))?;
    }
    Ok(())
}

/// Waits until the server holds no more than at the start; without one, until it holds the same for a while.
fn rest(server: &mut Process, start: Option<&Usage>) -> io::Result<Usage> {
    let begin = Instant::now();
    let (mut last, mut since) = (server.usage()?, Instant::now());
    loop {
        thread::sleep(Duration::from_millis(100));
        let usage = server.usage()?;
        if (usage.descriptors, usage.threads()) != (last.descriptors, last.threads()) {
            since = Instant::now();
        }
        let rested = start.is_none_or(|start| {
            usage.descriptors <= start.descriptors && usage.threads() <= start.threads()
        });
        if rested && since.elapsed() > STEADY || begin.elapsed() > REST {
            return Ok(usage);
        }
        last = usage;
    }
}
