//! P01: the log of a worker that ends is whole.

use super::p01_tls::UPLOAD;
use super::stage::{Up, temporary};
use crate::support::{Client, PATIENCE, request, watched};
use std::fs;
use std::thread;

const SERVER: &str = env!("CARGO_BIN_EXE_http_server");

/// The last exchange of a worker ends while it drains: for a restart, then for a shutdown.
#[test]
fn row_p01_a_worker_that_drains_logs_its_last_exchanges() {
    watched(|| {
        let path = temporary("drained.log");
        let file = path.to_str().expect("text");
        let args = ["--log", "--log-file", file];
        let up = Up::new(|master| master.workers(1).exec(SERVER, args)).listening(1);
        let address = up.local_addr();
        for round in 1..=2 {
            let mut idle = Client::connect(&address);
            idle.send(request("GET", "/length"));
            idle.answer();
            let mut upload = Client::connect(&address);
            upload.send(UPLOAD);
            upload.interim(); // its handler waits for the body
            thread::scope(|scope| {
                let end = scope.spawn(|| match round {
                    1 => up.restart(PATIENCE).map(|()| 0),
                    _ => Ok(up.shutdown(PATIENCE)),
                });
                idle.ended(); // so the worker drains
                upload.send("late");
                assert_eq!(upload.answer().text(), "late");
                assert_eq!(end.join().expect("no panic").expect("it works"), 0);
            });
            let log = fs::read_to_string(&path).expect("a file");
            assert_eq!(log.lines().count(), 2 * round, "{log}");
            assert_eq!(
                log.matches("\"GET /length HTTP/1.1\" 200 12\n").count(),
                round
            );
            assert_eq!(
                log.matches("\"POST /echo HTTP/1.1\" 200 4\n").count(),
                round
            );
        }
        let _ = fs::remove_file(path);
    });
}
