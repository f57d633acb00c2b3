//! The page's WebSocket: runs, and what a page may not do.

use super::Chapter;
use crate::support::watched;
use barewire::websocket::{self, ConnectOptions, Data, WebSocket};

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
                "\"hex\":\"474554\"",
                "\"label\":\"http.request.method\",\"value\":\"GET\"",
                "\"how\":\"end\"",
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
