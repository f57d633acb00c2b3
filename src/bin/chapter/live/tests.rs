//! What a page may send, and what is left when it has gone.

use super::*;
use crate::exchange::{Stage, Stop};
use crate::log::Side;
use barewire::http;
use barewire::net::{Handle, create_server};
use barewire::trace::wire::capture;
use barewire::trace::wire::{Protocol, What};
use barewire::websocket::{self, ConnectOptions, WebSocket};
use std::net::SocketAddr;
use std::sync::Mutex;

/// An exchange that waits for a server which never answers: only a stop ends it.
const WAITS: Exchange = Exchange {
    id: "test.waits",
    section: "7.1",
    door: "tcp",
    has_cuts: false,
    commands: &[],
    play: wait,
};
const SAYS: Exchange = Exchange {
    id: "test.says",
    play: say,
    ..WAITS
};
/// It sends until it is cut: the page need not read.
const FLOODS: Exchange = Exchange {
    id: "test.floods",
    play: flood,
    ..WAITS
};

static SERVERS: Mutex<Vec<Handle>> = Mutex::new(Vec::new());

fn silent(stage: &Stage) -> Result<Arc<dyn barewire::net::Stream>, Stop> {
    let server = create_server(|socket| {
        let mut room = [0; 1024];
        while socket.read(&mut room)? > 0 {}
        Ok::<(), std::io::Error>(())
    });
    let server = server.listen("127.0.0.1:0")?;
    SERVERS.lock().unwrap().push(server.clone());
    Ok(stage.connect_to(&stage.keep(server), Protocol::Bytes)?)
}

fn wait(stage: &Stage) -> Result<(), Stop> {
    let stream = silent(stage)?;
    stage.event(Side::Client, "test.waits", &[]);
    stage.read_to_end(&stream).map(drop)
}

fn say(stage: &Stage) -> Result<(), Stop> {
    let stream = silent(stage)?;
    stage.send(&stream, b"hello")
}

fn flood(stage: &Stage) -> Result<(), Stop> {
    while !stage.is_over() {
        stage.event(
            Side::Client,
            "test.floods",
            &[("text", &"x".repeat(10_000))],
        );
    }
    Ok(())
}

fn find(id: &str) -> Option<&'static Exchange> {
    [&WAITS, &SAYS, &FLOODS]
        .into_iter()
        .find(|exchange| exchange.id == id)
}

/// A server with nothing but the socket of the page.
fn server(most_idle: Duration) -> Handle {
    let live = Live::of(find, most_idle);
    let server = http::create_server(move |req, res| live.serve(req, res));
    server.listen("127.0.0.1:0").unwrap()
}

fn page(server: &Handle) -> WebSocket {
    let address = server.local_addr();
    let options = ConnectOptions::new().origin(&format!("http://{address}"));
    websocket::connect_with(&format!("ws://{address}/"), &options).unwrap()
}

fn text(page: &mut WebSocket) -> String {
    match page.receive().unwrap() {
        Some(Data::Text(text)) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

/// The messages to the first one that has this in it.
fn until(page: &mut WebSocket, part: &str) -> Vec<String> {
    let mut all = vec![text(page)];
    while !all.last().unwrap().contains(part) {
        all.push(text(page));
    }
    all
}

fn play(run: u64, exchange: &str) -> String {
    format!("{{\"do\":\"play\",\"run\":{run},\"exchange\":\"{exchange}\",\"settings\":{{}}}}")
}

#[test]
fn a_command_that_is_none_is_an_error_and_the_session_goes_on() {
    let server = server(MOST_IDLE);
    let mut page = page(&server);
    for (command, why) in [
        ("", "JSON: expected"),
        ("{", "JSON: expected"),
        ("[1]", "a command names its run"),
        ("{\"run\":1}", "a command says what to do"),
        ("{\"do\":\"play\",\"run\":-1}", "a command names its run"),
        (
            "{\"do\":\"fly\",\"run\":1}",
            "there is no command \\\"fly\\\"",
        ),
        ("{\"do\":\"play\",\"run\":1}", "an exchange is missing"),
        (&play(1, "http.nothing"), "there is no exchange"),
        ("{\"do\":\"pcap\",\"run\":1}", "run 1 is not kept"),
        ("{\"do\":\"export\",\"run\":1}", "run 1 is not kept"),
        ("{\"do\":\"stop\",\"run\":1,\"run\":2}", "a name once"),
        (
            &format!("{}1{}", "[".repeat(100), "]".repeat(100)),
            "fewer values inside one another",
        ),
    ] {
        page.send(command).unwrap();
        let error = text(&mut page);
        assert!(
            error.starts_with("{\"kind\":\"error\",") && error.contains(why),
            "{command}: {error}"
        );
    }
    page.send(&b"{}"[..]).unwrap();
    assert!(text(&mut page).contains("a command is a text"));
    page.send("{\"do\":\"stop\",\"run\":9}").unwrap(); // it has ended long ago: no error
    page.send(play(2, "test.says")).unwrap();
    assert!(
        until(&mut page, "\"done\"")
            .last()
            .unwrap()
            .contains("\"outcome\":\"ok\"")
    );
}

#[test]
fn a_command_of_more_than_64_kib_ends_the_session() {
    let server = server(MOST_IDLE);
    let mut page = page(&server);
    page.send(" ".repeat(MOST_COMMAND + 1)).unwrap();
    assert!(matches!(page.receive(), Ok(None)));
    assert_eq!(page.outcome().unwrap().code, 1009);
}

#[test]
fn a_second_play_stops_the_first_and_a_stop_stops_it() {
    let server = server(MOST_IDLE);
    let mut page = page(&server);
    page.send(play(1, "test.waits")).unwrap();
    until(&mut page, "\"key\":\"test.waits\"");
    page.send(play(2, "test.waits")).unwrap();
    let first = until(&mut page, "\"kind\":\"done\"");
    assert!(
        first.iter().all(|message| message.contains("\"run\":1,")),
        "{first:#?}"
    );
    assert!(
        first.last().unwrap().contains("\"outcome\":\"stopped\""),
        "{first:#?}"
    );
    until(&mut page, "\"key\":\"test.waits\"");
    page.send("{\"do\":\"stop\",\"run\":1}").unwrap(); // it has ended
    page.send("{\"do\":\"stop\",\"run\":2}").unwrap();
    let second = until(&mut page, "\"kind\":\"done\"");
    assert!(
        second.iter().all(|message| message.contains("\"run\":2,")),
        "{second:#?}"
    );
    assert!(
        second.last().unwrap().contains("\"outcome\":\"stopped\""),
        "{second:#?}"
    );
}

#[test]
fn what_was_played_is_a_capture_and_a_file() {
    let server = server(MOST_IDLE);
    let mut page = page(&server);
    page.send(play(5, "test.says")).unwrap();
    until(&mut page, "\"done\"");
    page.send("{\"do\":\"pcap\",\"run\":5}").unwrap();
    let pcap = match page.receive().unwrap() {
        Some(Data::Binary(pcap)) => pcap.to_vec(),
        other => panic!("{other:?}"),
    };
    let sent = capture::Reader::new(&pcap[..]).find_map(|event| match event.unwrap().what {
        What::Bytes(_, bytes) => Some(bytes.to_vec()),
        _ => None,
    });
    assert_eq!(sent.unwrap(), b"hello");
    page.send("{\"do\":\"export\",\"run\":5}").unwrap();
    let file = json::read(&text(&mut page)).unwrap();
    assert_eq!(
        file.get("name").and_then(Value::text),
        Some("test.says.html")
    );
    let html = file.get("text").and_then(Value::text).unwrap();
    assert!(html.ends_with("</html>\n"));
    let run = html.split("id=\"run\">").nth(1).unwrap();
    assert!(run[..run.find("</script>").unwrap()].contains("\"hex\":\"68656c6c6f\""));
}

/// However the page goes, and whatever its run does: its threads and connections end.
#[test]
fn a_closed_tab_frees_all_at_once() {
    for exchange in ["test.waits", "test.floods"] {
        for is_orderly in [true, false] {
            let server = server(MOST_IDLE);
            let mut page = page(&server);
            page.send(play(1, exchange)).unwrap();
            until(&mut page, &format!("\"key\":\"{exchange}\""));
            match is_orderly {
                true => drop(page.close(1001, "")),
                false => page.terminate(),
            }
            // The session serves until its threads are joined.
            while server.connections() > 0 {
                std::thread::yield_now();
            }
        }
    }
    for served in SERVERS.lock().unwrap().iter() {
        let address: SocketAddr = served.local_addr().ip().unwrap();
        assert!(
            served.wait_within(Duration::from_secs(30)),
            "{address} still serves"
        );
    }
}

#[test]
fn a_page_that_sends_nothing_for_long_is_closed() {
    let server = server(Duration::from_millis(20));
    let mut page = page(&server);
    assert!(matches!(page.receive(), Ok(None)));
    assert_eq!(page.outcome().unwrap().code, 1001);
}

#[test]
fn the_129th_session_is_refused_with_a_reason() {
    let server = server(MOST_IDLE);
    let mut pages: Vec<WebSocket> = (0..MOST_SESSIONS).map(|_| page(&server)).collect();
    for page in &mut pages {
        page.send("?").unwrap();
        assert!(text(page).contains("error")); // it has its place
    }
    let mut last = page(&server);
    assert!(matches!(last.receive(), Ok(None)));
    let outcome = last.outcome().unwrap();
    assert_eq!(
        (outcome.code, outcome.reason.as_str()),
        (1013, "128 pages are open already")
    );
    drop(pages);
    // A place is free again.
    loop {
        let mut page = page(&server);
        page.send(play(1, "test.says")).unwrap();
        match page.receive() {
            Ok(Some(_)) => return,
            _ => std::thread::yield_now(),
        }
    }
}
