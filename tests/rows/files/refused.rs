//! What must not be served, however it is asked for; and directories.

use super::site::{Answer, Site, request, watched};
use barewire::http::{self, Files, Handled, Request, Response, ServerEvents};
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::Arc;

/// Every way out of the root that a path can spell, and some that it cannot.
const WAYS_OUT: &str = "\
/../secret
/../../../../../../etc/passwd
/sub/../../secret
/sub/..
/./../secret
/%2e%2e/secret
/%2E%2E/secret
/.%2e/secret
/%2e./secret
/..%2fsecret
/..%2Fsecret
/%2e%2e%2fsecret
/sub%2f..%2f..%2fsecret
/..%5csecret
/%2e%2e%5csecret
/..\\secret
/sub/..%5c..%5csecret
/%252e%252e/secret
/%252e%252e%252fsecret
/..%00/secret
/inside.txt%00.html
/..%0d%0a/secret
/%c0%ae%c0%ae/secret
/%e0%80%ae%e0%80%ae/secret
/..%c0%afsecret
/%u002e%u002e/secret
/%%32e%%32e/secret
/..;/secret
/.../secret
/....//secret
/%ef%bc%8e%ef%bc%8e/secret
//secret
/%2fetc/passwd
//etc/passwd
/sub//../secret
/inside.txt/../../secret
http://h/../secret
/file:///etc/passwd
/~root
/inside.txt.
/inside.txt/";

#[test]
fn row_h12_no_way_out() {
    let site = Site::new("ways-out");
    site.write("inside.txt", "inside");
    site.write("sub/inside.txt", "inside");
    for path in WAYS_OUT.lines() {
        let answer = site.get(path);
        assert!(
            matches!(answer.status, 400 | 404),
            "{path} is {}",
            answer.status
        );
        let text = answer.text();
        assert!(
            text.contains("(RFC ") && !text.contains("SECRET"),
            "{path}: {text}"
        );
        assert!(
            !text.contains("root:") && !text.contains("inside\n"),
            "{path}"
        );
    }
    assert_eq!(site.get("/inside.txt").text(), "inside");
}

#[test]
fn row_h12_the_answer_says_which_rule_was_broken() {
    let site = Site::new("rules");
    site.write(".env", "SECRET");
    for (path, status, rule) in [
        ("/%2e%2e/secret", 400, "RFC 9110 §17.3"),
        ("/a%2fb", 400, "RFC 3986 §7.3"),
        ("/a%00", 400, "RFC 3986 §7.3"),
        ("/%ff", 400, "RFC 3986 §2.5"),
        ("//", 400, "RFC 3986 §3.3"),
        ("/.env", 404, "RFC 9110 §17.3"),
        ("/missing", 404, "RFC 9110 §15.5.5"),
    ] {
        let answer = site.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(rule), "{path}: {}", answer.text());
    }
}

/// A refusal for a name is the same whether or not there is a file.
#[test]
fn row_h12_dot_files_look_like_missing_ones() {
    let site = Site::new("dots");
    site.write(".git/config", "SECRET");
    site.link(".git/config", "link-to-a-dot-file");
    site.link(".git", "git");
    assert_eq!(
        site.get("/.git/config").body,
        site.get("/.git/missing").body
    );
    for path in ["/link-to-a-dot-file", "/git/config", "/git/missing"] {
        let answer = site.get(path);
        assert_eq!(
            (answer.status, answer.text()),
            (404, site.get("/missing").text())
        );
    }
}

#[test]
fn row_h12_links_must_not_leave_the_root() {
    let site = Site::new("links");
    site.write("real/file.txt", "inside");
    site.link("real/file.txt", "relative");
    site.link("real", "directory");
    site.link(
        site.path("real/file.txt").to_str().expect("a path"),
        "absolute",
    );
    site.link("real/../relative", "twice");
    for path in ["/relative", "/directory/file.txt", "/absolute", "/twice"] {
        assert_eq!(site.get(path).text(), "inside", "{path}");
    }
    site.link("../secret", "escape");
    site.link("/etc", "etc");
    site.link("..", "up");
    site.link("escape", "indirect");
    site.link("loop", "loop");
    site.link("nowhere", "dangling");
    let missing = site.get("/missing").body;
    for path in [
        "/escape",
        "/etc/passwd",
        "/up/secret",
        "/indirect",
        "/loop",
        "/dangling",
        "/up/",
    ] {
        let answer = site.get(path);
        assert_eq!((answer.status, &answer.body), (404, &missing), "{path}");
    }
}

/// A directory beside the root whose name begins with the root's.
#[test]
fn row_h12_a_longer_name_is_not_below() {
    let site = Site::new("longer");
    std::fs::create_dir(site.path("../root-of-another")).expect("a directory");
    std::fs::write(site.path("../root-of-another/file"), "SECRET").expect("a file");
    site.link("../root-of-another/file", "file");
    assert_eq!(site.get("/file").status, 404);
}

/// Opening a FIFO waits for a writer; a socket cannot be opened; /dev/zero never ends.
#[test]
fn row_h12_only_regular_files_are_opened() {
    watched(|| {
        let site = Site::new("fifo");
        let made = Command::new("mkfifo").arg(site.path("fifo")).status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "mkfifo is needed"
        );
        let _socket = UnixListener::bind(site.path("socket")).expect("a socket");
        std::fs::create_dir(site.path("as-index")).expect("a directory");
        let made = Command::new("mkfifo")
            .arg(site.path("as-index/index.html"))
            .status();
        assert!(made.is_ok_and(|status| status.success()));
        for path in ["/fifo", "/socket", "/as-index/", "/as-index"] {
            for method in ["GET", "HEAD"] {
                assert_eq!(site.ask(method, path, &[]).status, 404, "{path}");
            }
        }
        let devices = barewire::http::Files::new("/dev").expect("the devices");
        let server = barewire::http::create_server(move |req, res| devices.serve(&req, res));
        let answer = server.answer_to(request("GET", "/zero", &[]).as_bytes());
        assert!(answer.starts_with(b"HTTP/1.1 404 "));
    });
}

#[test]
fn row_h12_directories() {
    let site = Site::new("directories");
    site.write("index.html", "top");
    site.write("sub/index.html", "sub");
    site.write("a:b/index.html", "colon");
    site.write("bare/file.txt", "x");
    site.write("odd/index.html/file.txt", "x");
    for (path, text) in [("/", "top"), ("/sub/", "sub"), ("/a:b/", "colon")] {
        let answer = site.get(path);
        assert_eq!((answer.status, answer.text()), (200, text));
        assert_eq!(
            answer.field("Content-Type"),
            Some("text/html; charset=utf-8")
        );
    }
    for path in [
        "/bare",
        "/bare/",
        "/odd/",
        "/odd",
        "/index.html/",
        "/sub/index.html/",
    ] {
        assert_eq!(site.get(path).status, 404, "{path}: nothing is listed");
    }
}

/// A path relative to itself: it cannot become `//evil.example`, nor `javascript:`.
#[test]
fn row_h12_a_missing_slash_is_added() {
    let site = Site::new("slash");
    site.write("index.html", "top");
    site.write("sub/deep/index.html", "deep");
    site.write("a:b/index.html", "colon");
    site.write("evil.example/index.html", "evil");
    site.link("../root", "self");
    let below = site.with(|files| files.strip_prefix("/files"));
    for (site, path, location) in [
        (&site, "/sub/deep", "./deep/"),
        (
            &site,
            "/sub/d%65ep?q=//evil.example",
            "./d%65ep/?q=//evil.example",
        ),
        (&site, "/a:b", "./a:b/"),
        (&site, "/self/evil.example", "./evil.example/"),
        (&site, "http://h/evil.example", "./evil.example/"),
        (&below, "/files", "./files/"),
        (&below, "/files/sub/deep", "./deep/"),
    ] {
        let answer = site.get(path);
        assert_eq!(
            (answer.status, answer.field("Location")),
            (308, Some(location)),
            "{path}"
        );
    }
    for path in [
        "//evil.example",
        "//evil.example/..",
        "/%2fevil.example",
        "/%5cevil.example",
    ] {
        assert_eq!(site.get(path).field("Location"), None, "{path}");
    }
}

/// One page for all that is refused, by the files and by a handler.
struct Pages(Arc<Files>);

impl ServerEvents for Pages {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.serve(&req, res)
    }

    fn client_error(&self, error: &http::Error, res: Response<'_>) -> Handled {
        res.end(format!("<p>{error}"))
    }
}

#[test]
fn row_h12_client_error_makes_the_page_of_a_file_that_is_refused() {
    let site = Site::new("pages");
    site.write("file.txt", "text");
    for (method, path, fields, status, name, value) in [
        (
            "GET",
            "/none",
            &[][..],
            404,
            "X-Content-Type-Options",
            "nosniff",
        ),
        ("GET", "/%00", &[], 400, "X-Content-Type-Options", "nosniff"),
        ("POST", "/file.txt", &[], 405, "Allow", "GET, HEAD"),
        ("OPTIONS", "*", &[], 405, "Allow", "GET, HEAD"),
        (
            "GET",
            "/file.txt",
            &["If-Match: \"other\""],
            412,
            "X-Content-Type-Options",
            "nosniff",
        ),
        (
            "GET",
            "/file.txt",
            &["Range: bytes=9-"],
            416,
            "Content-Range",
            "bytes */4",
        ),
    ] {
        let server = http::create_server_with(Pages(site.files.clone()));
        let bytes = server.answer_to(request(method, path, fields).as_bytes());
        let answer = Answer::of(&bytes, false);
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.field(name), Some(value), "{method} {path}");
        let text = answer.text();
        assert!(text.starts_with("<p>") && text.ends_with(')'), "{text}");
    }
}

#[test]
fn row_h12_an_asterisk_is_no_file() {
    let answer = Site::new("asterisk").ask("OPTIONS", "*", &[]);
    assert_eq!(
        (answer.status, answer.field("Allow")),
        (405, Some("GET, HEAD"))
    );
    assert!(
        answer.text().contains("* is the server as a whole"),
        "{}",
        answer.text()
    );
}

#[test]
fn row_h12_a_root_that_is_none_is_named() {
    let site = Site::new("none");
    site.write("file.txt", "");
    for (name, kind) in [
        ("nowhere", ErrorKind::NotFound),
        ("file.txt", ErrorKind::NotADirectory),
    ] {
        let path = site.path(name);
        let error = Files::new(&path).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(
            error.to_string().contains(&*path.to_string_lossy()),
            "{error}"
        );
    }
}

/// The words of a refusal have a § in them.
#[test]
fn fault_b06_every_refusal_names_its_encoding() {
    let site = Site::new("encoding");
    site.write("file.txt", "text");
    site.write("directory/index.html", "");
    for (status, method, path, fields) in [
        (308, "GET", "/directory", &[][..]),
        (400, "GET", "/%00", &[]),
        (404, "GET", "/none", &[]),
        (405, "DELETE", "/file.txt", &[]),
        (412, "GET", "/file.txt", &["If-Match: \"other\""]),
        (416, "GET", "/file.txt", &["Range: bytes=9-"]),
    ] {
        let answer = site.ask(method, path, fields);
        assert_eq!(answer.status, status, "{method} {path}");
        let of = answer.field("Content-Type");
        assert_eq!(of, Some("text/plain; charset=utf-8"), "{method} {path}");
    }
}
