//! What a worker serves: who it is, and what it knows of the others.

use barewire::cluster::Worker;
use barewire::http::{self, Handled, Request, Response};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a worker tells the others for each visit.
const VISIT: &str = "visit";

pub(crate) struct Pages {
    worker: Worker,
    /// Of all workers, as far as this one has heard.
    visits: AtomicU64,
    file: Option<String>,
}

impl Pages {
    pub(crate) fn new(worker: Worker, file: Option<String>) -> Pages {
        let visits = AtomicU64::new(0);
        Pages {
            worker,
            visits,
            file,
        }
    }

    /// Another worker says something.
    pub(crate) fn heard(&self, text: &str) {
        if text == VISIT {
            self.visits.fetch_add(1, Ordering::Relaxed);
        } else {
            crate::demo::err!("worker {} got {text:?}", self.worker.id());
        }
    }

    pub(crate) fn serve(&self, mut req: Request<'_>, mut res: Response<'_>) -> Handled {
        res.set_header("Content-Type", "text/plain; charset=utf-8")?;
        match (req.path(), &self.file) {
            ("/", _) => res.end(format!("{}\n", std::process::id())),
            ("/visits", _) => {
                let count = self.visits.fetch_add(1, Ordering::Relaxed) + 1;
                self.worker.notify(VISIT)?;
                res.end(format!("{count}\n"))
            }
            ("/echo", _) => res.end(format!("{}\n", req.collect_text()?)),
            ("/count", Some(file)) => res.end(format!("{}\n", count_in(file)?)),
            _ => Err(http::refuse(
                404,
                "there is nothing here (RFC 9110 §15.5.5)",
            )),
        }
    }
}

/// The count in the file goes up by one. One process at a time has its lock.
fn count_in(path: &str) -> io::Result<u64> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path)?;
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let count = text.trim().parse().unwrap_or(0) + 1;
    file.rewind()?;
    file.write_all(format!("{count}\n").as_bytes())?;
    Ok(count)
}
