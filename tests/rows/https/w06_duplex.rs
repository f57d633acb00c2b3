//! W06: both directions at once over `wss:`, in threads that block.

use super::stage::{accepting, open};
use crate::support::{Gate, PATIENCE, watched};
use crate::websocket::stage::until;
use crate::websocket::w06_duplex::{ends_cleanly, flood};
use barewire::websocket::Acceptor;
use std::thread;

/// 8 MB each way at once: if either direction waited for the other, neither end would finish.
#[test]
fn row_w06_both_directions_at_once_over_tls() {
    watched(|| {
        let site = accepting(Acceptor::new(), |ws| flood(ws, false));
        flood(open(&site), true);
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

/// One of our threads is blocked in `send`, because the peer does not read: messages are still received.
#[test]
fn row_w06_a_stuck_writer_never_blocks_the_reader_over_tls() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let site = accepting(Acceptor::new(), move |ws| {
            let (mut reader, writer) = ws.split();
            for n in 0..100 {
                writer.send(&*n.to_string()).expect("open");
            }
            gate.pass(); // until then nothing is read
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.bytes().len(), 12 << 20);
            while let Ok(Some(_)) = reader.receive() {}
        });
        let (mut reader, writer) = open(&site).split();
        let sender = writer.clone();
        let stuck = thread::spawn(move || sender.send(vec![0; 12 << 20]));
        until("a writer is stuck", || writer.buffered_amount() > 1 << 20);
        for n in 0..100 {
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.text(), Some(&*n.to_string()));
        }
        opened.open();
        stuck.join().expect("a thread").expect("it left in the end");
        writer.close(1000, "").expect("a code");
        ends_cleanly(&mut reader);
    });
}

/// A server that stops sends 1001 over TLS, too.
#[test]
fn row_w06_stopping_sends_going_away_over_tls() {
    watched(|| {
        let site = accepting(Acceptor::new(), |ws| {
            let (mut reader, _writer) = ws.split();
            while let Ok(Some(_)) = reader.receive() {}
        });
        let (mut reader, _writer) = open(&site).split();
        site.handle.stop();
        while let Ok(Some(_)) = reader.receive() {}
        let outcome = reader.outcome().expect("over");
        assert_eq!((outcome.code, outcome.clean), (1001, true));
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}
