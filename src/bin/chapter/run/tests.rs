//! How a run ends, whatever its exchange does; and what passes over TLS.

use super::*;
use crate::certificates::{CERT, KEY};
use crate::exchange::{self, Exchange, Stage, Stop};
use crate::json::Value;
use crate::log::MOST_PASSED;
use barewire::net::{ConnectOptions, Stream, Tap, create_server, pipe_with_capacity};
use barewire::tls::{self, ClientContext, ClientOptions, ServerOptions};
use std::io::Read;
use std::sync::mpsc;

const CA: &[u8] = include_bytes!("../../../../fixtures/tls/ca.crt");

fn exchange(play: fn(&Stage) -> Result<(), Stop>) -> Exchange {
    Exchange {
        id: "test",
        section: "",
        door: "",
        has_cuts: false,
        commands: &[],
        play,
    }
}

/// Plays it; `then` gets the run. All messages that were sent.
fn played(play: fn(&Stage) -> Result<(), Stop>, then: impl FnOnce(&Run)) -> Vec<String> {
    played_for(Duration::from_secs(60), play, then)
}

fn played_for(
    time: Duration,
    play: fn(&Stage) -> Result<(), Stop>,
    then: impl FnOnce(&Run),
) -> Vec<String> {
    let (to_us, messages) = mpsc::channel();
    let exchange = exchange(play);
    let settings = Value::Object(Vec::new());
    let begun = begin(
        7,
        time,
        move |run| exchange::play(&exchange, run, settings),
        move |message| to_us.send(message.to_owned()).expect("the test waits"),
    );
    let (run, threads) = begun.expect("threads");
    then(&run);
    threads.join();
    let messages: Vec<String> = messages.iter().collect();
    let done = messages
        .iter()
        .filter(|message| message.contains("\"kind\":\"done\""))
        .count();
    assert_eq!(done, 1, "{messages:#?}");
    messages
}

fn outcome(messages: &[String]) -> String {
    let last = crate::json::read(messages.last().expect("a message")).expect("JSON");
    let text = |name| {
        last.get(name)
            .and_then(Value::text)
            .expect("a text")
            .to_owned()
    };
    format!("{} {} {}", text("kind"), text("outcome"), text("why"))
}

/// A server that reads and never answers.
fn silent(stage: &Stage) -> Result<Arc<dyn Stream>, Stop> {
    let server = create_server(|socket| {
        let mut room = [0; 1024];
        while socket.read(&mut room)? > 0 {}
        Ok::<(), std::io::Error>(())
    });
    let server = server
        .tap(stage.observer(Side::Server, Protocol::Bytes))
        .listen("127.0.0.1:0")?;
    Ok(stage.connect_to(&stage.keep(server), Protocol::Bytes)?)
}

#[test]
fn an_exchange_that_returns_ends_its_run_and_its_connections() {
    let messages = played(
        |stage| {
            let stream = silent(stage)?;
            stage.send_in_cuts(&stream, b"hello", &[2])?;
            stage.event(Side::Client, "test.sent", &[("bytes", "5")]);
            Ok(())
        },
        |_| {},
    );
    assert_eq!(outcome(&messages), "done ok ");
    let all = messages.concat();
    assert_eq!(
        all.matches("\"kind\":\"begins\"").count(),
        1,
        "both ends are one conversation: {all}"
    );
    for hex in ["6865", "6c6c6f"] {
        assert!(
            all.contains(&format!("\"seen\":\"client\",\"hex\":\"{hex}\"")),
            "{all}"
        );
    }
    assert!(all.contains("\"values\":{\"bytes\":\"5\"}"), "{all}");
}

/// Both ends of a pipe. What the client writes is reported when `reported` has a word for it.
fn late_writer(stage: &Stage, reported: mpsc::Receiver<()>) -> (Tap, Tap) {
    let observe = |side| stage.observer(side, Protocol::Bytes);
    let (client, server) = (observe(Side::Client), observe(Side::Server));
    let reported = Mutex::new(reported);
    let late = move |tapped: &Tapped, event: TapEvent<'_>| {
        if let TapEvent::Sent(_) = event {
            let _ = reported.lock().unwrap().recv();
        }
        client.passed(tapped, event);
    };
    let (here, there) = pipe_with_capacity(4096);
    (
        Tap::opened(Arc::new(here), Arc::new(late)),
        Tap::accepted(Arc::new(there), server),
    )
}

/// A write that returns late: the peer has read its bytes before the tap reports it.
#[test]
fn a_read_is_logged_behind_the_write_of_its_bytes() {
    let messages = played(
        |stage| {
            let (to_writer, reported) = mpsc::channel::<()>();
            let (client, server) = late_writer(stage, reported);
            let writing = std::thread::spawn(move || client.write(b"ask").map(|_| client));
            let mut room = [0; 16];
            assert_eq!(server.read(&mut room)?, 3);
            stage.event(Side::Server, "test.read", &[]);
            server.write(b"tell")?;
            stage.event(Side::Client, "test.other", &[]); // nothing holds the client's side up
            to_writer.send(())?;
            let client = writing.join().expect("it writes")?;
            assert_eq!(client.read(&mut room)?, 4);
            Ok(())
        },
        |_| {},
    );
    assert_eq!(outcome(&messages), "done ok ");
    let is_seen = |message: &&String| {
        ["block", "event"]
            .iter()
            .any(|kind| message.contains(&format!("\"kind\":\"{kind}\"")))
    };
    let seen: Vec<String> = messages
        .iter()
        .filter(is_seen)
        .map(|message| {
            let message = crate::json::read(message).expect("JSON");
            let text = |name| {
                message
                    .get(name)
                    .and_then(Value::text)
                    .unwrap_or_default()
                    .to_owned()
            };
            match &text("kind")[..] {
                "event" => text("key"),
                _ => format!("{} {}", text("seen"), text("hex")),
            }
        })
        .collect();
    let [ask, tell] = ["61736b", "74656c6c"];
    let at = |what: &str| seen.iter().position(|other| other == what).expect(what);
    let order = [
        &format!("client {ask}"),
        &format!("server {ask}"),
        "test.read",
        &format!("server {tell}"),
        &format!("client {tell}"),
    ];
    assert!(order.is_sorted_by_key(|what| at(what)), "{seen:?}");
    assert_eq!(seen[0], "test.other");
}

/// A program returns before a write of its peer is reported whose bytes it has read: the run waits for the report.
#[test]
fn a_run_ends_behind_the_report_of_a_write() {
    let (held, is_held) = mpsc::channel();
    let (to_writer, reported) = mpsc::channel::<()>();
    static LATE: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>> = Mutex::new(None);
    *LATE.lock().unwrap() = Some((held, reported));
    let messages = played(
        |stage| {
            let (held, reported) = LATE.lock().unwrap().take().unwrap();
            let (client, server) = late_writer(stage, reported);
            std::thread::spawn(move || client.write(b"ask"));
            assert_eq!(server.read(&mut [0; 16])?, 3);
            held.send(())?;
            Ok(())
        },
        |run| {
            is_held.recv().unwrap();
            while !run.lock().has_returned {
                std::thread::yield_now();
            }
            assert!(run.lock().log.holds_something());
            assert!(!run.is_done_within(Duration::from_millis(50)));
            to_writer.send(()).unwrap();
        },
    );
    assert_eq!(outcome(&messages), "done ok ");
    let all = messages.concat();
    let [written, read] = ["client", "server"].map(|side| {
        let seen = format!("\"seen\":\"{side}\",\"hex\":\"61736b\"");
        all.find(&seen).expect("both ends are logged")
    });
    assert!(written < read, "{all}");
}

#[test]
fn a_stop_cuts_a_wait() {
    let (to_us, waits) = mpsc::channel::<()>();
    static WAITS: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);
    *WAITS.lock().unwrap() = Some(to_us);
    let messages = played(
        |stage| {
            let stream = silent(stage)?;
            WAITS.lock().unwrap().take().unwrap().send(()).unwrap();
            stage.read_to_end(&stream).map(drop)
        },
        |run| {
            waits.recv().unwrap();
            let begun = Instant::now();
            run.end(Ending::Stopped);
            run.end(Ending::Played); // the first reason counts
            assert!(
                run.is_over() && run.left().is_zero() && begun.elapsed() < Duration::from_secs(5)
            );
        },
    );
    assert_eq!(outcome(&messages), "done stopped ");
}

/// The guard, which cuts otherwise, is inside a `send`.
#[test]
fn a_stop_and_a_deadline_cut_while_the_page_reads_nothing() {
    for (time, stops) in [(60, true), (0, false)] {
        let (in_send, is_in_send) = mpsc::channel();
        let (let_go, held) = mpsc::channel::<()>();
        let (has_ended, ended) = mpsc::channel();
        let play = move |run: &Arc<Run>| {
            run.log(|log| log.event(Side::Client, "test", &[]));
            while !run.is_over() {
                std::thread::yield_now();
            }
            has_ended.send(()).expect("the test waits");
            Ending::Played
        };
        let send = move |_: &str| {
            let _ = in_send.send(());
            let _ = held.recv(); // the page has taken it
        };
        let time = Duration::from_secs(time) + Duration::from_millis(200);
        let (run, threads) = begin(7, time, play, send).expect("threads");
        let (cut, was_cut) = mpsc::channel();
        if stops {
            is_in_send.recv().expect("a message");
            run.on_end(move || cut.send(()).expect("the test waits"));
            run.stop();
            was_cut.try_recv().expect("cut, although the guard waits");
        }
        ended.recv_timeout(Duration::from_secs(30)).expect("over");
        assert!(!run.is_done_within(Duration::ZERO));
        drop(let_go);
        assert!(run.is_done_within(Duration::from_secs(30)));
        threads.join();
    }
}

#[test]
fn the_deadline_cuts_a_wait() {
    let wait: fn(&Stage) -> Result<(), Stop> = |stage| stage.read_to_end(&silent(stage)?).map(drop);
    let messages = played_for(Duration::from_millis(50), wait, |_| {});
    assert_eq!(outcome(&messages), "done timeout ");
}

#[test]
fn an_error_and_a_panic_are_the_reason() {
    let failed = played(|_| Err(Stop("no way".into())), |_| {});
    assert_eq!(outcome(&failed), "done failed no way");
    let refused = played(
        |stage| {
            stage.connect_to("192.0.2.1:80", Protocol::Http)?;
            Ok(())
        },
        |_| {},
    );
    assert_eq!(
        outcome(&refused),
        "done failed not a server of this machine"
    );
    let panicked = played(|_| unreachable!("for the test"), |_| {});
    assert_eq!(outcome(&panicked), "done failed the exchange has panicked");
}

#[test]
fn a_run_has_512_kib_and_a_note_says_so() {
    let messages = played(
        |stage| {
            let stream = silent(stage)?;
            loop {
                stage.send(&stream, &[b'x'; 60_000])?;
            }
        },
        |_| {},
    );
    assert!(
        outcome(&messages).starts_with("done failed more bytes"),
        "{}",
        outcome(&messages)
    );
    assert_eq!(messages.concat().matches("run.full").count(), 1);
    let hex: usize = messages
        .iter()
        .filter(|message| message.contains("\"kind\":\"block\""))
        .map(|block| block.split("\"hex\":\"").nth(1).unwrap())
        .map(|hex| hex.trim_end_matches("\"}").len() / 2)
        .sum();
    assert!(
        (MOST_PASSED - 64 * 1024..=MOST_PASSED).contains(&hex),
        "{hex}"
    );
    let longest = messages.iter().map(String::len).max().unwrap();
    assert!(longest <= crate::spans::MOST_BYTES, "{longest}");
}

/// What an exchange opens behind the end is cut at once.
#[test]
fn what_is_opened_too_late_is_cut_at_once() {
    let messages = played(
        |stage| {
            while !stage.is_over() {
                std::thread::yield_now();
            }
            let stream = silent(stage)?;
            let read = stage.read_to_end(&stream);
            assert!(read.is_err() || read.is_ok_and(|read| read.is_empty()));
            Ok(())
        },
        |run| run.end(Ending::Stopped),
    );
    assert_eq!(outcome(&messages), "done stopped ");
}

fn over_tls(stage: &Stage) -> Result<(), Stop> {
    let options = ServerOptions::new().cert(CERT).key(KEY);
    let server = tls::create_server(&options, |socket| socket.write_all("welcome!"))?;
    let server = server
        .tap(stage.observer(Side::Server, Protocol::Tls))
        .listen("127.0.0.1:0")?;
    let to = stage.keep(server).replace("127.0.0.1", "localhost");
    let below = ConnectOptions::default().tap(stage.observer(Side::Client, Protocol::Tls));
    let context = ClientContext::new(&ClientOptions::new().ca(CA))?;
    let mut socket = tls::connect_with(&to, &context, &below)?;
    stage.cut_at_end(socket.stream());
    let mut welcome = String::new();
    socket.read_to_string(&mut welcome)?;
    Ok(())
}

#[test]
fn tls_has_two_layers_and_two_states() {
    let messages = played(over_tls, |_| {});
    assert_eq!(outcome(&messages), "done ok ");
    let all = messages.concat();
    let welcome = "\"layer\":\"tls\",\"from\":\"server\",\"at\":0,";
    assert_eq!(all.matches(welcome).count(), 2, "seen at both ends: {all}");
    for states in [
        "\"client\":\"WAIT_SH\",\"server\":\"RECVD_CH\"",
        "\"client\":\"WAIT_EE\",\"server\":\"NEGOTIATED\"",
        "\"client\":\"CONNECTED\",\"server\":\"CONNECTED\"",
    ] {
        assert!(all.contains(states), "{states} in {all}");
    }
}
