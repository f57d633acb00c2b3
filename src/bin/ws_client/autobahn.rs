//! A client under test, as the fuzzing server of the Autobahn|Testsuite wants it:
//!
//! ```text
//! /getCaseCount                       the server sends how many there are
//! /runCase?case=1&agent=NAME          every message is sent back, whatever else happens
//! /runCase?case=2&agent=NAME          …
//! /updateReports?agent=NAME           the server writes what it has seen
//! ```

use crate::demo::out;
use crate::dial::Dial;
use crate::talk::send_back;
use barewire::websocket::Error;

pub(crate) fn run(dial: &Dial) -> Result<(), Error> {
    let name = &dial.agent;
    let base = dial.url.trim_end_matches('/');
    let count = count(dial, base)?;
    for case in 1..=count {
        let ws = dial.connect_to(&format!("{base}/runCase?case={case}&agent={name}"))?;
        // In many cases the server breaks a rule, and the connection has to fail.
        let _ = send_back(ws);
    }
    out!("{count} cases");
    let ws = dial.connect_to(&format!("{base}/updateReports?agent={name}"))?;
    send_back(ws)
}

fn count(dial: &Dial, base: &str) -> Result<u32, Error> {
    let mut ws = dial.connect_to(&format!("{base}/getCaseCount"))?;
    let count = match ws.receive()? {
        Some(message) => message.text().and_then(|text| text.parse().ok()),
        None => None,
    };
    count.ok_or_else(|| std::io::Error::other("the server sent no number of cases").into())
}
