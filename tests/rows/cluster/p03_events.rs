//! P03: the events of a worker's life, in their order.

use super::stage::Up;
use crate::support::{PATIENCE, watched};
use std::thread;

#[test]
fn row_p03_setup_fork_online_listening_disconnect_exit() {
    watched(|| {
        let up = Up::new(|master| master.workers(0));
        up.fork();
        let up = up.listening(1);
        up.log.wait_for("1 listening");
        up.send("send a message");
        up.log.wait_for("1 message a message");
        up.shutdown(PATIENCE);
        let life = [
            "setup",
            "1 fork",
            "1 online",
            "1 listening",
            "1 message a message",
            "1 disconnect",
            "1 exit code 0",
            "1 close code 0",
        ];
        assert_eq!(up.log.all(), life);
    });
}

#[test]
fn row_p03_one_worker_for_each_core_unless_more_are_forked() {
    watched(|| {
        let cores = thread::available_parallelism().expect("a number").get();
        let log = crate::support::Log::default();
        let master = barewire::cluster::setup_master_with(Forks(log.clone()));
        let cluster = master
            .exec("sleep", ["60"])
            .listen("127.0.0.1:0")
            .expect("an address");
        log.wait_for_several("fork", cores);
        cluster.fork();
        log.wait_for_several("fork", cores + 1);
        assert_eq!(cluster.children().len(), cores + 1);
        cluster
            .children()
            .iter()
            .for_each(|child| child.kill().expect("it is ours"));
        cluster.shutdown(PATIENCE);
    });
}

struct Forks(crate::support::Log);

impl barewire::cluster::Events for Forks {
    fn fork(&self, _child: &barewire::cluster::Child) {
        self.0.note("fork");
    }
}
