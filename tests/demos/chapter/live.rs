//! The page's WebSocket: runs, and what a page may not do.

use super::Chapter;
use crate::support::watched;
use barewire::websocket::{self, ConnectOptions, Data, WebSocket};
use std::fs;

pub(crate) fn page(chapter: &Chapter) -> WebSocket {
    let door = chapter.address("HTTP");
    let options = ConnectOptions::new()
        .protocols(["barewire-chapter"])
        .origin(&format!("http://{door}"));
    let page = websocket::connect_with(&format!("ws://{door}/chapter/live"), &options);
    page.expect("the page's connection")
}

fn text(page: &mut WebSocket) -> String {
    match page.receive().expect("a message") {
        Some(Data::Text(text)) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

pub(crate) fn play(page: &mut WebSocket, run: u64, exchange: &str, settings: &str) -> Vec<String> {
    let command = format!(
        "{{\"do\":\"play\",\"run\":{run},\"exchange\":\"{exchange}\",\"settings\":{settings}}}"
    );
    page.send(command).expect("sent");
    let mut messages = Vec::new();
    loop {
        messages.push(text(page));
        if messages
            .last()
            .is_some_and(|last| last.starts_with("{\"kind\":\"done\""))
        {
            return messages;
        }
    }
}

/// The descriptors of the chapter's process, and its threads that play exchanges.
fn held(chapter: &Chapter) -> (usize, usize) {
    let process = format!("/proc/{}", chapter.running.id());
    let of = |what: &str| fs::read_dir(format!("{process}/{what}")).expect("a process");
    let name =
        |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let names = of("task").flatten().map(name);
    let plays = |name: &String| ["player\n", "guard\n"].contains(&name.as_str());
    (of("fd").count(), names.filter(plays).count())
}

#[test]
fn a_hundred_tabs_opened_and_closed_leave_nothing() {
    watched(|| {
        let chapter = Chapter::open("chapter-tabs");
        let before = held(&chapter);
        for _ in 0..4 {
            let tabs: Vec<WebSocket> = (0..25).map(|_| page(&chapter)).collect();
            for tab in &tabs {
                tab.send(PLAY_HELLO).expect("sent");
            }
            for tab in &tabs {
                tab.terminate(); // somewhere in its run
            }
        }
        while held(&chapter) != before {
            std::thread::yield_now(); // the watchdog says if it never ends
        }
    });
}

const PLAY_HELLO: &str = "{\"do\":\"play\",\"run\":1,\"exchange\":\"http.hello\",\"settings\":{}}";

#[test]
fn a_run_shows_each_byte_and_is_done_once() {
    watched(|| {
        let chapter = Chapter::open("chapter-run");
        let mut page = page(&chapter);
        for run in [1, 2] {
            let messages = play(&mut page, run, "http.hello", "{\"cuts\":[3,20]}");
            assert!(messages[0].starts_with(&format!(
                "{{\"kind\":\"begins\",\"run\":{run},\"conversation\":0,"
            )));
            for block in [
                "\"hex\":\"474554",
                "\"label\":\"http.request.method\",\"value\":\"GET\"",
                "\"kind\":\"ends\"",
            ] {
                assert!(
                    messages.iter().any(|message| message.contains(block)),
                    "{block} in {messages:#?}"
                );
            }
            assert!(
                messages.last().unwrap().contains("\"outcome\":\"ok\""),
                "{messages:#?}"
            );
        }
    });
}
