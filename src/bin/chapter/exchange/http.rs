//! What a request is, and what answers it.

use super::stage::{Exchange, Stage, Stop};

pub(crate) const EXCHANGES: &[Exchange] = &[Exchange {
    id: "http.hello",
    section: "7.3",
    door: "http",
    has_cuts: true,
    commands: &["curl -v http://{http}/", "http_get -v http://{http}/"],
    play: hello,
}];

/// The book's Hello World, over a bare connection.
fn hello(stage: &Stage) -> Result<(), Stop> {
    let stream = stage.connect("http")?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        stage.door("http")?
    );
    stage.send_in_cuts(&stream, request.as_bytes(), &stage.cuts())?;
    stage.read_to_end(&stream)?;
    Ok(())
}
