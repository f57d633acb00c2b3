//! News for a client that waits, in the three ways of the time before WebSocket.

use super::http::{Client, expect, wait_until};
use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::http_server::Routes;
use crate::log::Side;
use barewire::http::{self, ClientResponse, Phase};
use std::io::BufRead;
use std::thread::{self, Builder};

exchanges! { "7.3", "http";
    "news.poll", false, poll, [
        "(sleep 1; curl -d 你好 http://{http}/publish) & curl -i http://{http}/poll"
    ];
    "news.events", false, events, [
        "(sleep 1; curl -d 你好 http://{http}/publish) & timeout 3 curl -N http://{http}/events"
    ];
    "news.iframe", false, iframe, [
        "timeout 2 curl -N http://{http}/iframe"
    ];
}

/// First as a client that does not wait: so it learns the number behind which there is no news.
fn poll(stage: &Stage) -> Result<(), Stop> {
    let (reader, publisher) = clients(stage)?;
    let mut empty = http::request(reader.at("/poll?timeout=0")?)?.end("")?;
    reader.report(&mut empty, 204)?;
    let last = empty.header("Last-Event-ID").unwrap_or("0");
    let mut request = http::request(reader.at(&format!("/poll?after={last}"))?)?;
    let handle = request.handle();
    let mut news = thread::scope(|scope| {
        let waiting = Builder::new().spawn_scoped(scope, || request.end(""))?;
        wait_until(stage, || {
            handle.phase() == Some(Phase::Head) || waiting.is_finished()
        })?;
        stage.event(Side::Server, "news.waits", &[]);
        let published = publish(stage, &publisher, "你好");
        let news = waiting.join().map_err(|_| Stop("a panic".into()))?;
        published.and(Ok::<_, Stop>(news?))
    })?;
    let text = reader.report(&mut news, 200)?;
    let is_it = text.starts_with("你好".as_bytes());
    expect(is_it, "the notice was to come")
}

fn events(stage: &Stage) -> Result<(), Stop> {
    let (reader, publisher) = clients(stage)?;
    let mut response = http::request(reader.at("/events")?)?.end("")?;
    for text in ["one", "two", "three"] {
        publish(stage, &publisher, text)?;
        read_until(&mut response, &format!("data: {text}\n\n"))?;
        stage.saw(Side::Client, "news.read", values!(text));
    }
    stage.event(Side::Client, "news.left", &[]);
    Ok(())
}

fn iframe(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let mut response = http::request(client.at("/iframe")?)?.end("")?;
    for count in 1..=3 {
        let script = format!("parent.tick({count})");
        read_until(&mut response, &script)?;
        stage.saw(Side::Client, "news.read", values!(text = script));
    }
    stage.event(Side::Client, "news.left", &[]);
    Ok(())
}

/// One that waits for news, and one that has some. The server is this exchange's: nobody else publishes there.
fn clients(stage: &Stage) -> Result<(Client, Client), Stop> {
    let routes = Routes::new(None)?;
    let server = http::create_server(move |req, res| routes.serve(req, res));
    let address = stage.keep(server.listen("127.0.0.1:0")?);
    Ok((Client::of(stage, &address)?, Client::of(stage, &address)?))
}

fn publish(stage: &Stage, client: &Client, text: &str) -> Result<(), Stop> {
    stage.saw(Side::Server, "news.published", values!(text));
    client.ask(client.at("/publish")?.method("POST"), text, 204)?;
    Ok(())
}

/// Reads lines up to the one that ends with this text.
fn read_until(response: &mut ClientResponse, text: &str) -> Result<(), Stop> {
    let mut seen = String::new();
    while !seen.contains(text) {
        let n = response.read_line(&mut seen)?;
        expect(n > 0, "the response has ended")?;
    }
    Ok(())
}
