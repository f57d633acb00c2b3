//! What a recorder writes of connections of every kind, and what it does with outputs that fail.

use super::seen::Seen;
use super::taps::KINDS;
use crate::support::{PATIENCE, SOON, captured, watched};
use barewire::net::{self, ConnectOptions, Observer, TapEvent, Tapped};
use barewire::trace::Recorder;
use barewire::trace::wire::Explained;
use barewire::trace::wire::render::{Json, Rendering, Text};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An output that the test can read. Clones are the same one.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }
}

/// An observer and a recorder on the same connections.
struct Both(Seen, Recorder);

impl Observer for Both {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        self.1.passed(connection, event);
        self.0.passed(connection, event);
    }
}

/// A recorder that server and client share: two conversations, each with all bytes, in the capture and explained.
#[test]
fn a_capture_has_the_bytes_of_both_sides() {
    for (kind, _, run) in KINDS {
        watched(move || {
            let (file, lines) = (Kept::default(), Kept::default());
            let recorder = Recorder::new()
                .save(file.clone())
                .explain(Json::new(), lines.clone());
            let seen = [Seen::default(), Seen::default()];
            let [server, client] = seen.each_ref().map(|seen| {
                let both = Both(seen.clone(), recorder.clone());
                Arc::new(both) as Arc<dyn Observer>
            });
            run(server, client);
            let [server, client] = seen.map(|seen| seen.closed(1).0.remove(0));
            recorder.finish().unwrap();
            let all: Vec<_> = captured(&file.bytes()).into_values().collect();
            assert_eq!(all.len(), 2, "{kind}");
            for side in [
                [&client.sent, &client.received],
                [&server.received, &server.sent],
            ] {
                let is_there = all.iter().any(|one| [&one[0], &one[1]] == side);
                assert!(is_there, "{kind}: not in the capture");
            }
            assert_tiled(kind, &lines.text());
        });
    }
}

/// Each line begins where the one before it of its conversation, layer and direction has ended.
fn assert_tiled(kind: &str, lines: &str) {
    let mut at = BTreeMap::<String, u64>::new();
    for line in lines.lines().filter(|line| line.contains("\"at\":")) {
        let (of, rest) = line.split_once(",\"at\":").unwrap();
        let (start, rest) = rest.split_once(",\"length\":").unwrap();
        let length = rest.split(',').next().unwrap().parse::<u64>().unwrap();
        let at = at.entry(of.to_owned()).or_default();
        assert_eq!(start.parse::<u64>().unwrap(), *at, "{kind}: {line}");
        *at += length;
    }
    assert!(at.len() >= 4, "{kind}: {at:?}");
}

/// One byte each way.
fn talk(recorder: &Recorder) {
    let echo = |socket: net::Socket| socket.pipe(&socket).map(drop);
    let server = net::create_server(echo).listen("127.0.0.1:0").unwrap();
    let options = ConnectOptions::default().tap(recorder.clone());
    let socket = net::connect_with(&server.local_addr().to_string(), &options).unwrap();
    socket.write_all("x").unwrap();
    (&socket).read_exact(&mut [0; 1]).unwrap();
    drop(socket);
    server.shutdown(PATIENCE);
}

/// An output that takes nothing before the other end is dropped.
struct Stopped(Receiver<()>);

impl Write for Stopped {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An output, or a rendering, that fails.
struct Fails;

impl Write for Fails {
    fn write(&mut self, _buf: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Rendering for Fails {
    fn event(&mut self, _: u64, _: Duration, _: &str, _: &mut String) {
        panic!("on purpose");
    }

    fn explained(&mut self, _: u64, _: &Explained, _: &mut String) {}
}

#[test]
fn an_output_that_fails_is_reported_once_and_the_others_go_on() {
    watched(|| {
        let (errors, file) = (Arc::new(Mutex::new(Vec::new())), Kept::default());
        let log = Arc::clone(&errors);
        let recorder = Recorder::new()
            .save(Fails)
            .explain(Text::new(), Fails)
            .explain(Fails, Kept::default())
            .on_error(move |error| log.lock().unwrap().push(error.to_string()))
            .save(file.clone());
        talk(&recorder);
        talk(&recorder);
        let error = recorder.finish().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        let errors = errors.lock().unwrap().clone();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(
            errors[2].contains("panicked") || errors[1].contains("panicked"),
            "{errors:?}"
        );
        let x = || [b"x".to_vec(), b"x".to_vec()];
        assert_eq!(
            captured(&file.bytes()),
            BTreeMap::from([(0, x()), (1, x())])
        );
    });
}

/// [`Recorder::finish`] promises it. Two hooks may call it at the same time.
#[test]
fn a_hook_that_finishes_the_recording_waits_for_nothing() {
    watched(|| {
        let (finished, seen) = channel();
        let (shared, file) = (Arc::new(Mutex::new(None::<Recorder>)), Kept::default());
        let inside = Arc::clone(&shared);
        let recorder = Recorder::new()
            .save(Fails)
            .explain(Text::new(), Fails)
            .save(file.clone())
            .on_error(move |_| {
                let recorder = inside.lock().unwrap().clone();
                // It would end with `TimedOut` after 5 s.
                let _ = finished.send(recorder.unwrap().finish().is_ok());
            });
        *shared.lock().unwrap() = Some(recorder.clone());
        talk(&recorder);
        assert_eq!(
            recorder.finish().unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        shared.lock().unwrap().take(); // the hook has a clone no longer
        let all: Vec<bool> = seen.try_iter().collect();
        assert!(!all.is_empty() && all.iter().all(|&is_ok| is_ok), "{all:?}");
        assert!(file.bytes().len() >= 24, "the others are written");
    });
}

#[test]
fn a_program_that_was_killed_has_written_what_had_passed_however_slow_the_rendering_is() {
    watched(|| {
        let file = Kept::default();
        let (let_go, stopped) = channel();
        let recorder = Recorder::new()
            .explain(Text::new(), Stopped(stopped))
            .save(file.clone());
        talk(&recorder);
        let until = std::time::Instant::now() + SOON;
        let both = [b"x".to_vec(), b"x".to_vec()];
        while file.bytes().is_empty() || captured(&file.bytes()).get(&0) != Some(&both) {
            assert!(std::time::Instant::now() < until, "without `finish`");
            std::thread::yield_now();
        }
        drop(let_go);
        drop(recorder);
    });
}

#[test]
fn the_end_of_the_last_clone_is_the_end_of_the_recording() {
    watched(|| {
        let (file, never_used) = (Kept::default(), Kept::default());
        let recorder = Recorder::new().save(file.clone());
        recorder.finish().unwrap();
        talk(&recorder); // it is not recorded, and goes on
        assert_eq!(file.bytes().len(), 24, "a capture without a packet");
        drop(Recorder::new().save(never_used.clone()));
        assert_eq!(never_used.bytes().len(), 24);
        recorder.finish().unwrap();
    });
}

/// Secrets are hidden unless asked for; a capture has them.
#[test]
fn secrets_are_hidden_in_what_is_explained() {
    watched(|| {
        let outs = [Kept::default(), Kept::default()];
        let recorder = Recorder::new()
            .explain(Text::new(), outs[0].clone())
            .show_secrets()
            .explain(Text::new(), outs[1].clone());
        let server = barewire::http::create_server(|_req, res| res.end("")).tap(recorder.clone());
        server.answer_to(
            b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic c2VjcmV0OnNlc2FtZQ==\r\n\r\n",
        );
        recorder.finish().unwrap();
        let shown = outs.map(|out| out.text().contains("c2VjcmV0OnNlc2FtZQ=="));
        assert_eq!(shown, [false, true]);
    });
}
