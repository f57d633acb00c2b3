//! The cluster process: a parent that does what it reads, and two workers that answer with the path they were asked for.

use crate::client::PATIENCE;
use barewire::cluster::{self, Child, Cluster, Events, Worker};
use barewire::http;
use rustix::process::{Signal, set_parent_process_death_signal};
use std::io;
use std::thread;
use std::time::Duration;

pub(crate) const WORKERS: usize = 2;
/// The answer to a path that begins like this takes a while, so that a worker that is drained or killed has requests.
pub(crate) const SLOW: &str = "/slow";
const WHILE: Duration = Duration::from_millis(20);

pub(crate) fn serve() -> io::Result<()> {
    match cluster::worker() {
        Some(worker) => work(&worker),
        None => lead(),
    }
}

fn work(worker: &Worker) -> io::Result<()> {
    let server = http::create_server(|req, res| {
        let path = req.path().to_owned();
        if path.starts_with(SLOW) {
            thread::sleep(WHILE);
        }
        res.end(path)
    });
    worker.serve(&server.listen_on(worker.listener()?)?);
    Ok(())
}

/// Prints its address, and then a line for each line that comes, until stdin ends:
///
/// - `restart`: how it ended.
/// - anything else: the processes of the workers, once there are two that accept connections.
fn lead() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let master = cluster::setup_master_with(Reported).workers(WORKERS);
    let cluster = master.listen("127.0.0.1:0")?;
    workers(&cluster)?;
    println!("{}", cluster.local_addr());
    for line in io::stdin().lines() {
        println!(
            "{}",
            match line?.as_str() {
                "restart" => cluster.restart(PATIENCE).map(|()| "restarted".to_owned()),
                _ => workers(&cluster),
            }
            .unwrap_or_else(|error| error.to_string())
        );
    }
    cluster.shutdown(PATIENCE);
    Ok(())
}

fn workers(cluster: &Cluster) -> io::Result<String> {
    match cluster.wait_listening_within(WORKERS, PATIENCE) {
        true => Ok(cluster
            .children()
            .iter()
            .map(|child| format!("{} ", child.pid()))
            .collect()),
        false => Err(io::Error::other("fewer than two workers")),
    }
}

struct Reported;

impl Events for Reported {
    fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
        if code != Some(0) {
            eprintln!("worker {}: code {code:?}, signal {signal:?}", child.id());
        }
    }

    fn error(&self, _child: Option<&Child>, error: &io::Error) {
        eprintln!("{error}");
    }
}
