//! What the server prints at its start: its address, and what to try.

use barewire::net::Addr;

pub(crate) fn invitation(address: &Addr, tls: bool, files: bool) -> String {
    let (scheme, ca) = match tls {
        true => ("https", "--cacert CA "),
        false => ("http", ""),
    };
    let (url, curl) = match address {
        Addr::Unix(Some(path)) => (
            format!("{scheme}://localhost"),
            format!("curl {ca}--unix-socket {} ", path.display()),
        ),
        address => (format!("{scheme}://{address}"), format!("curl {ca}")),
    };
    let mut text = format!(
        "Server running at {}/\n\n",
        match address {
            Addr::Unix(_) => address.to_string(),
            _ => url.clone(),
        }
    );
    let mut line =
        |what: &str, try_it: &str| text.push_str(&format!("  {what:<34}{curl}{try_it}\n"));
    line("the book's hello, chunked", &format!("-v {url}/"));
    line(
        "the same with a Content-Length",
        &format!("-v {url}/length"),
    );
    line(
        "send a body and get it back",
        &format!("-d hello {url}/echo"),
    );
    line(
        "ask before sending it (100)",
        &format!("-v -T FILE -H 'Expect: 100-continue' {url}/upload"),
    );
    line("a body of unknown length", &format!("-v {url}/stream"));
    line(
        "1 GiB, in bounded memory",
        &format!("-o /dev/null {url}/big"),
    );
    line("wait for news (long polling) …", &format!("{url}/poll"));
    line("… or have them streamed (SSE)", &format!("-N {url}/events"));
    line("… and make some", &format!("-d 你好 {url}/publish"));
    if files {
        line("a part of a file", &format!("-r 0-99 {url}/files/NAME"));
    }
    text.push_str(&format!("\nIn a browser: {url}/try\n"));
    text
}
