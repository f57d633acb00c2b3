//! How evenly connections spread over the workers.

use barewire::http::{self, RequestOptions};
use barewire::net::Addr;
use std::collections::BTreeMap;
use std::io;
use std::thread::{self, Builder};
use std::time::Instant;

/// Threads that connect at the same time.
const CLIENTS: usize = 8;

/// Makes this number of connections, one request on each, and counts who answers.
pub(crate) fn spread(address: &Addr, connections: usize) -> io::Result<String> {
    let start = Instant::now();
    let counts = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let share = (connections + client) / CLIENTS;
                Builder::new().spawn_scoped(scope, move || ask(address, share))
            })
            .collect();
        let mut all = BTreeMap::new();
        for client in clients {
            let counts = client?
                .join()
                .map_err(|_| io::Error::other("a client failed"))??;
            for (worker, count) in counts {
                *all.entry(worker).or_insert(0) += count;
            }
        }
        Ok::<BTreeMap<String, usize>, io::Error>(all)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let rate = connections as f64 / seconds;
    let mut text = format!("{connections} connections in {seconds:.1} s, {rate:.0} a second\n");
    for (worker, count) in counts {
        let share = 100.0 * count as f64 / connections as f64;
        text += &format!("  process {worker}: {count} ({share:.1} %)\n");
    }
    Ok(text.trim_end().to_owned())
}

fn ask(address: &Addr, connections: usize) -> io::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for _ in 0..connections {
        let options = match address {
            Addr::Unix(Some(path)) => RequestOptions::new().socket_path(path),
            address => RequestOptions::new().url(&format!("http://{address}/"))?,
        };
        let mut answer = http::request(options.no_agent())?.end("")?;
        let worker = answer.collect_text()?.trim().to_owned();
        *counts.entry(worker).or_insert(0) += 1;
    }
    Ok(counts)
}
