//! Rolling restarts of a cluster, and a worker that is killed, under the load of 64 clients.
//!
//! Half of the clients keep their connections, half make one for each request. A client has one request in flight, a
//! GET. It sends the request again, once and on a new connection, if the connection has ended before the first byte of
//! the response: more a client does not do by itself (RFC 9112 §9.3.1).

use crate::client::{Client, get, wrong};
use crate::cluster::SLOW;
use crate::process::{Process, connections, is_stopped};
use crate::random::Random;
use crate::report::Report;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 64;
/// How long the load lasts before a worker is killed, and after it was replaced.
const AROUND: Duration = Duration::from_millis(500);
/// A worker that was killed is replaced by then.
const REPLACED_WITHIN: Duration = Duration::from_secs(10);

/// What clients have seen.
#[derive(Default)]
struct Seen {
    requests: u64,
    /// Sent again: the connection had been used before.
    repeats_kept: u64,
    /// Sent again: the connection was new.
    repeats_fresh: u64,
    /// Cut in a way that allows no second attempt.
    cut: Vec<String>,
    /// The second attempt failed, too.
    lost: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.requests += other.requests;
        self.repeats_kept += other.repeats_kept;
        self.repeats_fresh += other.repeats_fresh;
        self.cut.extend(other.cut);
        self.lost.extend(other.lost);
    }

    fn row(&self, name: &str) {
        let Seen {
            requests,
            repeats_kept,
            repeats_fresh,
            ..
        } = self;
        let (cut, lost) = (self.cut.len(), self.lost.len());
        println!("{name:<28}{requests:>10}{repeats_kept:>8}{repeats_fresh:>8}{cut:>8}{lost:>8}");
    }
}

/// `restarts` of them, and then a SIGKILL. To be called by the main thread.
pub(crate) fn run(restarts: u64, seed: u64, report: &mut Report) -> io::Result<()> {
    let mut cluster = Process::start("cluster", &[])?;
    let to = cluster.line()?.parse().map_err(io::Error::other)?;
    println!("\nclients of a cluster          requests  again:kept  fresh     cut    lost");

    let begin = Instant::now();
    let (seen, ended) = under_load(to, seed, || {
        (0..restarts)
            .map(|_| cluster.ask("restart"))
            .collect::<io::Result<Vec<String>>>()
    });
    seen.row(&format!("{restarts} restarts, {:.1?}", begin.elapsed()));
    let mut failed = ended?;
    failed.retain(|how| how != "restarted");
    report.check_none("each restart succeeds", &failed);
    report.check_none("a restart loses no request", &seen.lost);
    report.check_none("a restart cuts no response", &seen.cut);
    report.check_none(
        "each worker that was replaced ends well",
        &cluster.complaints(),
    );

    let (seen, held) = under_load(to, seed + 1, || kill_one(&mut cluster));
    let held = held?;
    seen.row(&format!("a worker with {held} is killed"));
    let failed = seen.repeats_kept + seen.repeats_fresh + seen.cut.len() as u64;
    report.check(
        "a killed worker takes with it what it held, and no more",
        failed <= held as u64,
        format!("{failed} requests failed, {held} connections"),
    );
    report.check_none("no second attempt fails", &seen.lost);
    cluster.finish().map(drop)
}

/// What the clients see while `act` runs.
fn under_load<T>(to: SocketAddr, seed: u64, act: impl FnOnce() -> T) -> (Seen, T) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &is_over;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || load(to, number, Random::part(seed, number), over)))
            .collect();
        let done = act();
        is_over.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for client in clients {
            all.add(client.join().expect("no panic"));
        }
        (all, done)
    })
}

/// What one client sees until the end.
fn load(to: SocketAddr, number: u64, mut random: Random, is_over: &AtomicBool) -> Seen {
    let mut asker = Asker {
        to,
        number,
        client: None,
        seen: Seen::default(),
    };
    while !is_over.load(Ordering::Relaxed) {
        asker.ask(random.one_in(10));
        // A connection that is used again soon learns of a restart in a response. Some are idle for longer, and are
        // closed meanwhile.
        let most = if random.one_in(20) { 200_000 } else { 10_000 };
        thread::sleep(Duration::from_micros(random.between(0, most)));
    }
    asker.seen
}

/// Kills a worker, and returns how many connections it had. It is stopped before: so it accepts no more meanwhile.
fn kill_one(cluster: &mut Process) -> io::Result<usize> {
    thread::sleep(AROUND);
    let workers = cluster.ask("workers")?;
    let worker = workers.split(' ').next().and_then(|pid| pid.parse().ok());
    let Some(worker) = worker.and_then(Pid::from_raw) else {
        return wrong(workers);
    };
    let number = worker.as_raw_nonzero().get() as u32;
    kill_process(worker, Signal::STOP)?;
    while !is_stopped(number)? {
        thread::sleep(Duration::from_millis(1));
    }
    let held = connections(number)?.len();
    kill_process(worker, Signal::KILL)?;
    let killed = Instant::now();
    let is_there = |pids: String| pids.split(' ').any(|pid| pid == number.to_string());
    while is_there(cluster.ask("workers")?) {
        if killed.elapsed() > REPLACED_WITHIN {
            return wrong("the worker that was killed is not replaced");
        }
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(AROUND);
    Ok(held)
}

/// One client. Those with an even number keep their connections.
struct Asker {
    to: SocketAddr,
    number: u64,
    client: Option<Client>,
    seen: Seen,
}

enum Failure {
    /// The connection has ended before the first byte of the response.
    MayRepeat(io::Error),
    MayNot(io::Error),
}

impl Failure {
    /// Of a step before the first byte.
    fn early(error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                Failure::MayRepeat(error)
            }
            _ => Failure::MayNot(error),
        }
    }
}

impl Asker {
    fn ask(&mut self, is_slow: bool) {
        let start = if is_slow { SLOW } else { "" };
        let path = format!("{start}/{}/{}", self.number, self.seen.requests);
        self.seen.requests += 1;
        let is_kept = self.client.is_some();
        let named = |error: io::Error| format!("{path}: {error}");
        match self.attempt(&path) {
            Ok(()) => {}
            Err(Failure::MayNot(error)) => self.seen.cut.push(named(error)),
            Err(Failure::MayRepeat(_)) => {
                match is_kept {
                    true => self.seen.repeats_kept += 1,
                    false => self.seen.repeats_fresh += 1,
                }
                if let Err(Failure::MayRepeat(error) | Failure::MayNot(error)) = self.attempt(&path)
                {
                    self.seen.lost.push(named(error));
                }
            }
        }
    }

    fn attempt(&mut self, path: &str) -> Result<(), Failure> {
        let keeps = self.number.is_multiple_of(2);
        let mut client = match self.client.take() {
            Some(client) => client,
            // All workers share one socket, which is open throughout: nobody is refused.
            None => Client::plain(self.to).map_err(Failure::MayNot)?,
        };
        let request = match keeps {
            true => get(path),
            false => get(path).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
        };
        client.send(request.as_bytes()).map_err(Failure::early)?;
        client.wait().map_err(Failure::early)?;
        let answered = client.expect(200, path.as_bytes());
        answered.map_err(Failure::MayNot)?;
        if !client.is_last {
            self.client = Some(client);
            return Ok(());
        }
        // The end comes after the response, and is no reset.
        match client.take_all().map_err(Failure::MayNot)?.as_slice() {
            [] => Ok(()),
            more => Err(Failure::MayNot(io::Error::other(format!(
                "{} bytes behind the response",
                more.len()
            )))),
        }
    }
}
