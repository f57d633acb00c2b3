//! P04: the turn that goes round, and the kernel's choice.

use super::stage::Up;
use crate::support::{Client, request, watched};
use std::collections::BTreeMap;

/// How many of these connections each worker served.
fn spread(up: &Up, connections: usize) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..connections {
        *counts.entry(up.get("/")).or_insert(0) += 1;
    }
    assert!(counts.len() <= 3, "three workers: {counts:?}");
    counts.into_values().collect()
}

/// `i = (i + 1) mod n` among those who want the turn. A worker that has just passed it on may want it again too
/// late for a round, above all on a busy machine.
#[test]
fn row_p04_round_robin_spreads_evenly() {
    watched(|| {
        let up = Up::new(|master| master.workers(3).round_robin(true)).listening(3);
        let counts = spread(&up, 60);
        assert_eq!(counts.iter().sum::<usize>(), 60);
        assert_eq!(counts.len(), 3, "{counts:?}");
        let even = counts.iter().all(|count| (8..=32).contains(count));
        assert!(even, "{counts:?}");
    });
}

#[test]
fn row_p04_the_kernel_chooses() {
    watched(|| {
        let up = Up::new(|master| master.workers(3)).listening(3);
        assert_eq!(spread(&up, 60).iter().sum::<usize>(), 60);
    });
}

/// The worker with the turn is killed: the turn goes to another.
#[test]
fn row_p04_a_killed_worker_does_not_keep_the_turn() {
    watched(|| {
        let up = Up::new(|master| master.round_robin(true)).listening(2);
        for id in 1..=4 {
            up.log.wait_for(&format!("{id} listening"));
            up.get("/");
            up.child(id).kill().expect("it is ours");
            up.log.wait_for(&format!("{id} exit signal 9"));
            up.get("/");
        }
    });
}

/// Connections that stay open do not hold up the turn.
#[test]
fn row_p04_many_connections_at_a_time() {
    watched(|| {
        let up = Up::new(|master| master.round_robin(true)).listening(2);
        let address = up.local_addr();
        let mut clients: Vec<Client> = (0..30).map(|_| Client::connect(&address)).collect();
        for client in &mut clients {
            client.send(request("GET", "/"));
        }
        let mut counts = BTreeMap::new();
        for client in &mut clients {
            *counts.entry(client.answer().text().to_owned()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 2, "{counts:?}");
    });
}
