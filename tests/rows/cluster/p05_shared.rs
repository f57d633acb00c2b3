//! P05: what one worker tells the others, and a count in a file.

use super::stage::{Demo, Up, get, temporary};
use crate::support::watched;
use barewire::net::Addr;
use std::thread;

#[test]
fn row_p05_what_one_worker_notifies_reaches_all_others() {
    watched(|| {
        let up = Up::new(|master| master.workers(3)).listening(3);
        up.child(2).send("notify news").expect("it reads");
        up.log.wait_for("2 message news");
        up.log.wait_for("1 message heard news");
        up.log.wait_for("3 message heard news");
        assert_eq!(up.log.count("2 message heard news"), 0, "it knows");
    });
}

/// The demo: many visits at a time, counted by all workers together.
#[test]
fn row_p05_visits_counted_by_notification_and_in_a_file() {
    watched(|| {
        let path = temporary("count");
        let file = path.to_str().expect("text");
        let demo = Demo::start(&["--listen", "127.0.0.1:0", "--workers", "2", "--count", file]);
        let address = demo.line("").replace("setup: ", "");
        let address = Addr::Ip(address.parse().expect("an address"));
        demo.workers(2);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        get(&address, "/visits");
                        get(&address, "/count");
                    }
                });
            }
        });
        assert_eq!(get(&address, "/count"), "41", "no visit is lost");
        // The last notifications may be on their way.
        let mut visits: u32 = 0;
        let mut asked = 0;
        while visits != 40 + asked {
            visits = get(&address, "/visits").parse().expect("a number");
            asked += 1;
            assert!(visits <= 40 + asked, "{visits} after {asked}");
        }
        let _ = std::fs::remove_file(path);
    });
}
