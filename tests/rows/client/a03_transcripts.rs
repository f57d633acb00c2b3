//! The two transcripts of the reading notes, `STATUS:`, `HEADERS:` and the body: the notes' own client, in
//! Rust spelling, prints them against servers of this crate.

use crate::support::{Site, watched};
use barewire::http::{self, Error, RequestOptions};
use barewire::text::Encoding;

/// The client of the notes.
///
/// ```js
/// const req = http.request(options, function (res) {
///   console.log("STATUS: " + res.statusCode);
///   console.log("HEADERS: " + JSON.stringify(res.headers));
///   res.setEncoding("utf8");
///   res.on("data", function (chunk) { console.log(chunk); });
/// });
/// req.end();
/// ```
fn client(options: RequestOptions) -> Result<Vec<String>, Error> {
    let mut printed = Vec::new();
    let req = http::request(options)?;
    let mut res = req.end("")?;
    printed.push(format!("STATUS: {}", res.status()));
    let headers: Vec<String> = res
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value);
            format!("{:?}:{value:?}", name.to_ascii_lowercase())
        })
        .collect();
    printed.push(format!("HEADERS: {{{}}}", headers.join(",")));
    res.set_encoding(Encoding::Utf8);
    while let Some(chunk) = res.read_text()? {
        printed.push(chunk.to_owned());
    }
    Ok(printed)
}

/// Replaces the date, which is today's.
fn undated(mut printed: Vec<String>, date: &str) -> Vec<String> {
    let at = printed[1].find("GMT").expect("a Date field");
    let value = at - "Sat, 06 Apr 2013 11:08:01 ".len()..at + 3;
    printed[1].replace_range(value, date);
    printed
}

fn to(site: &Site) -> RequestOptions {
    let port = site.address().port().unwrap(); // the books' ports are 1334 and 1337
    RequestOptions::new()
        .hostname("127.0.0.1")
        .port(port)
        .path("/")
        .method("GET")
}

/// Of 2013: Node 0.10 sent `keep-alive` without a timeout.
#[test]
fn row_a03_kept_alive_and_chunked() {
    watched(|| {
        let server = http::create_server(|_req, res| res.write_head(200, ())?.end("Hello World\n"));
        let site = Site::new(server.keep_alive_timeout(None));
        let printed = client(to(&site)).unwrap();
        let expected = [
            "STATUS: 200",
            r#"HEADERS: {"date":"Sat, 06 Apr 2013 11:08:01 GMT","connection":"keep-alive","transfer-encoding":"chunked"}"#,
            "Hello World\n",
        ];
        assert_eq!(undated(printed, "Sat, 06 Apr 2013 11:08:01 GMT"), expected);
    });
}

/// Of 2022 (the notes say Monday, but the day was a Saturday): the request has no agent, and a body that is
/// sent at once has a Content-Length.
#[test]
fn row_a03_closed_and_twelve_bytes_long() {
    watched(|| {
        let server = http::create_server(|_req, res| res.end("Hello World\n"));
        let site = Site::new(server);
        let printed = client(to(&site).no_agent()).unwrap();
        let expected = [
            "STATUS: 200",
            r#"HEADERS: {"date":"Mon, 07 May 2022 07:46:01 GMT","connection":"close","content-length":"12"}"#,
            "Hello World\n",
        ];
        assert_eq!(undated(printed, "Mon, 07 May 2022 07:46:01 GMT"), expected);
    });
}
