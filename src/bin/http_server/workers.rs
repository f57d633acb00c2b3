//! `--workers N`: the same server in several processes, which are started again.

use crate::demo::{Args, DEADLINE, err, read_to_eof};
use barewire::cluster::{self, Child, Cluster, Events};
use barewire::net::Listener;
use std::io::{self, ErrorKind};

/// A file of a recording has one writer.
pub(crate) fn number(args: &mut Args<'_>) -> Result<Option<usize>, String> {
    let workers = args.at_least_one("--workers")?;
    let is_saved = args.typed("--save").is_some_and(|file| !file.is_empty());
    match workers.is_some() && is_saved {
        true => Err("--workers or --save, not both: one file has one writer".into()),
        false => Ok(workers),
    }
}

pub(crate) fn start(workers: usize, listen: &str) -> io::Result<Cluster> {
    let master = cluster::setup_master_with(Reported).workers(workers);
    match listen {
        "stdin" => master.listen_on(Listener::from_stdin()?),
        _ => master.listen(listen),
    }
}

/// Waits until the workers have ended.
pub(crate) fn wait(cluster: &Cluster, stop_at_eof: bool) -> io::Result<()> {
    if stop_at_eof {
        read_to_eof()?;
        cluster.shutdown(DEADLINE);
    }
    cluster.wait()
}

struct Reported;

impl Events for Reported {
    fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
        if code != Some(0) {
            let how = match signal {
                Some(signal) => format!("signal {signal}"),
                None => format!("code {}", code.unwrap_or_default()),
            };
            err!(
                "worker {} (process {}) has ended: {how}",
                child.id(),
                child.pid()
            );
        }
    }

    /// The end of the cluster is the demo's own error, and printed as that.
    fn error(&self, child: Option<&Child>, error: &io::Error) {
        if child.is_some() || error.kind() != ErrorKind::Other {
            err!("{error}");
        }
    }
}
