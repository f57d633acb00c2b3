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
    for (what, try_it) in [
        ("the book's hello, chunked", "-v {url}/"),
        ("the same with a Content-Length", "-v {url}/length"),
        ("who you are, and what you asked", "{url}/client"),
        ("send a body and get it back", "-d hello {url}/echo"),
        (
            "ask before sending it (100)",
            "-v -T FILE -H 'Expect: 100-continue' {url}/upload",
        ),
        ("a body of unknown length", "-v {url}/stream"),
        (
            "a long text, in gzip",
            "-v --compressed -o /dev/null {url}/text",
        ),
        ("1 GiB, in bounded memory", "-o /dev/null {url}/big"),
        ("the server in figures", "{url}/stats"),
        ("wait for news (long polling) …", "-i {url}/poll"),
        ("… behind those you have seen", "-i {url}/poll?after=0"),
        ("… or have them streamed (SSE)", "-N {url}/events"),
        ("… and make some", "-d 你好 {url}/publish"),
        ("a part of a file", "-r 0-99 {url}/files/NAME"),
        (
            "NAME.gz in the place of NAME",
            "--compressed {url}/files/NAME",
        ),
    ] {
        if files || !try_it.contains("/files/") {
            let try_it = try_it.replace("{url}", &url);
            text.push_str(&format!("  {what:<34}{curl}{try_it}\n"));
        }
    }
    text.push_str(&format!("\nIn a browser: {url}/try\n"));
    text
}
