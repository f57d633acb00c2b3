//! W07: the `/updates` loop. The client sends every so often, but only while nothing is buffered.

use super::stage::{open, serving, until};
use crate::support::{Log, watched};

#[test]
fn row_w07_updates() {
    watched(|| {
        let log = Log::default();
        let noted = log.clone();
        let site = serving(move |ws| {
            ws.on_message(|_, data| noted.note(data.text().unwrap_or("bytes")));
        });
        let ws = open(&site);
        let writer = ws.writer();
        for n in 0..10 {
            until("all has left", || writer.buffered_amount() == 0);
            assert!(writer.try_send(format!("update {n}")).expect("open"));
        }
        log.wait_for("update 9");
        assert!(ws.close(1000, "").expect("a code").clean);
        assert_eq!(log.all().len(), 10);
    });
}
