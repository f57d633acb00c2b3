//! The notes' cluster: each worker answers with the number of its process.
//!
//! ```text
//! $ cluster --workers 2             $ curl http://127.0.0.1:1337/
//! setup: 127.0.0.1:1337             7002
//! worker 1 (process 7001): fork     $ curl http://127.0.0.1:1337/
//! worker 1 (process 7001): online   7001
//! ```
#![forbid(unsafe_code)]

#[path = "../demo/mod.rs"]
mod demo;
mod life;
mod pages;
mod spread;

use barewire::cluster::{self, Cluster, Worker};
use barewire::http;
use demo::{err, log, out};
use life::Life;
use pages::Pages;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const HELP: &str = include_str!("help.txt");
const DEADLINE: Duration = Duration::from_secs(10);

demo::options! { |args|
    listen: String = args.value_or("--listen", "127.0.0.1:1337");
    workers: Option<usize> = args.number("--workers")?;
    turn: bool = args.has("--turn");
    count: Option<String> = args.value("--count");
    spread: Option<usize> = args.at_least_one("--spread")?;
    die: Option<Duration> = args.seconds("--die")?;
}

fn main() -> ExitCode {
    demo::run(HELP, Options::read, |options| match cluster::worker() {
        Some(worker) => work(&worker, options),
        None => lead(&options),
    })
}

fn work(worker: &Worker, options: Options) -> io::Result<()> {
    let pages = Arc::new(Pages::new(worker.clone(), options.count));
    let visits = Arc::clone(&pages);
    worker.on_message(move |text| visits.heard(text));
    let server = http::create_server(move |req, res| pages.serve(req, res));
    let handle = server.listen_on(worker.listener()?)?;
    if let Some(life) = options.die {
        demo::spawn(move || {
            std::thread::sleep(life);
            std::process::exit(1)
        })?;
    }
    worker.serve(&handle);
    Ok(())
}

fn lead(options: &Options) -> io::Result<()> {
    let mut master = cluster::setup_master_with(Life {
        is_quiet: options.spread.is_some(),
    });
    if let Some(workers) = options.workers {
        master = master.workers(workers);
    }
    let cluster = master
        .round_robin(options.turn)
        .deadline(DEADLINE)
        .listen(&options.listen)?;
    if let Some(connections) = options.spread {
        let workers = options.workers.unwrap_or(1).max(1);
        cluster.wait_listening_within(workers, DEADLINE);
        out!("{}", spread::spread(&cluster.local_addr(), connections)?);
        cluster.shutdown(DEADLINE);
        return Ok(());
    }
    let ordered = cluster.clone();
    demo::spawn(move || {
        let lines = io::stdin().lock().lines().map_while(Result::ok);
        lines.for_each(|line| follow(&ordered, line.trim()));
    })?;
    cluster.wait()
}

/// A line of the input.
fn follow(cluster: &Cluster, line: &str) {
    match line {
        "" => {}
        "restart" => match cluster.restart(DEADLINE) {
            Ok(()) => log!("restarted"),
            Err(e) => err!("{e}"),
        },
        "stats" => {
            for (child, figures) in cluster.stats() {
                log!("worker {} (process {}): {figures}", child.id(), child.pid());
            }
        }
        "fork" => cluster.fork(),
        "stop" => log!("{} workers had to be killed", cluster.shutdown(DEADLINE)),
        text => cluster.send(text),
    }
}
