//! P01: one port, many processes; the dead are replaced, until the cluster gives up.

use super::stage::{Up, get, temporary, unix, wait_gone};
use crate::support::{PATIENCE, watched};
use std::collections::BTreeSet;
use std::time::Duration;

/// Asks until each worker has answered.
fn all_answer(up: &Up) {
    let workers: BTreeSet<String> = up
        .children()
        .iter()
        .map(|it| it.pid().to_string())
        .collect();
    let mut answered = BTreeSet::new();
    while answered != workers {
        let one = up.get("/");
        assert!(workers.contains(&one), "{one} among {workers:?}");
        answered.insert(one);
    }
}

#[test]
fn row_p01_each_worker_answers_with_its_process() {
    watched(|| all_answer(&Up::new(|master| master.workers(3)).listening(3)));
}

#[test]
fn row_p01_on_a_unix_socket_whose_file_is_gone_at_the_end() {
    watched(|| {
        let path = temporary("p01.sock");
        let up = Up::at(&unix(&path), |master| master).listening(2);
        all_answer(&up);
        assert!(path.exists());
        assert_eq!(up.shutdown(PATIENCE), 0);
        assert!(!path.exists());
    });
}

/// The one that lives answers meanwhile; nobody is left as a zombie.
#[test]
fn row_p01_a_killed_worker_is_replaced() {
    watched(|| {
        let up = Up::new(|master| master).listening(2);
        let dead = up.child(1);
        dead.kill().expect("it is ours");
        up.log.wait_for("1 exit signal 9");
        up.get("/");
        up.log.wait_for("3 listening");
        wait_gone(&[dead.pid()]);
        all_answer(&up);
    });
}

#[test]
fn row_p01_a_worker_that_dies_at_once_again_and_again_ends_the_cluster_with_a_reason() {
    watched(|| {
        let up = Up::new(|master| {
            let master = master.workers(1).max_failures(3);
            master.exec("sh", ["-c", "exit 3"])
        });
        let reason = up.wait().expect_err("it gives up").to_string();
        let expected = "3 workers in a row ended before they had served for a second; \
                        the last: exit status: 3";
        assert_eq!(reason, expected);
        assert_eq!(up.log.count(&format!("error {expected}")), 1);
        assert!(up.children().is_empty());
    });
}

#[test]
fn row_p01_a_worker_that_is_never_ready_has_failed() {
    watched(|| {
        let up = Up::new(|master| {
            let master = master.workers(1).max_failures(1);
            let master = master.start_timeout(Duration::from_millis(100));
            master.exec("sleep", ["60"])
        });
        let reason = up.wait().expect_err("it gives up").to_string();
        assert!(reason.ends_with("signal: 9 (SIGKILL)"), "{reason}");
    });
}

#[test]
fn row_p01_the_figures_of_each_worker() {
    watched(|| {
        let up = Up::new(|master| master).listening(2);
        let stats = up.stats();
        let ids: Vec<u64> = stats.iter().map(|(child, _)| child.id()).collect();
        assert_eq!(ids, [1, 2]);
        for (_, figures) in stats {
            assert!(
                figures.split(' ').all(|pair| pair.contains('=')),
                "{figures}"
            );
            assert!(figures.contains("connections=0"), "{figures}");
        }
    });
}

#[test]
fn row_p01_one_worker_is_enough() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        let address = up.local_addr();
        assert_eq!(get(&address, "/"), up.child(1).pid().to_string());
    });
}
