//! N06: a write that does not wait says when to stop, and one that does not stop is stopped.

use crate::stage::{Told, Up, order_at_close};
use crate::support::{Log, watched};
use barewire::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: usize = 1024 * 1024;

/// A peer that does not read at all cannot fill our memory, even if nobody looks at the `false`.
#[test]
fn row_n06_who_does_not_stop_is_stopped() {
    watched(|| {
        let (log, most) = (Log::default(), Arc::new(AtomicUsize::new(0)));
        let (told, largest) = (log.clone(), most.clone());
        let server = net::create_server(move |socket| {
            for _ in 0..256 {
                socket.write([7; 64 * 1024]); // 16 MiB, more than the kernel takes
                largest.fetch_max(socket.buffered(), Ordering::Relaxed);
            }
            socket.run(Told::new(&told))
        });
        let up = Up::new(server.max_buffered(MIB));
        let _never_reads = up.peer();
        assert_eq!(order_at_close(&log), ["error ConnectionAborted", "close!"]);
        let most = most.load(Ordering::Relaxed);
        assert!(most <= MIB + 64 * 1024, "{most} bytes were queued");
    });
}
