//! H12: static files, each rule shown on a real disk.
//!
//! | module | what a reader sees there |
//! |---|---|
//! | this file | a file and its fields, conditional requests, settings |
//! | `ranges` | every example of RFC 9110 §14.1.2, several parts, 416, If-Range |
//! | `refused` | paths that try to leave the root; links, FIFOs, directories |
//! | `streaming` | large files in bounded memory; files that shrink and grow meanwhile |
//! | `disk` | ranges beyond 4 GiB; files that are removed, closed, cut or longer while they are sent |
//! | `precompressed` | `name.gz` in the place of `name` |
//! | `memory` | what is kept, for how long, and that it is never stale |

mod disk;
mod memory;
mod precompressed;
mod ranges;
mod refused;
mod site;
mod streaming;

use barewire::http::wire::HttpDate;
use site::{Site, past};
use std::time::{Duration, SystemTime};

const STAMPED: &str = "\"c-34ad9801.0\"";
const MODIFIED: &str = "Sat, 03 Jan 1998 01:44:33 GMT";

/// A site with one file of twelve bytes, last modified when [`MODIFIED`] says.
fn hello() -> Site {
    let site = Site::new("fields");
    site.write("hello.txt", "Hello World\n");
    site.set_modified("hello.txt", past(883_791_873));
    site
}

#[test]
fn row_h12_a_file_and_its_fields() {
    let answer = hello().get("/hello.txt");
    assert_eq!((answer.status, answer.text()), (200, "Hello World\n"));
    for (name, value) in [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Length", "12"),
        ("ETag", STAMPED),
        ("Last-Modified", MODIFIED),
        ("Accept-Ranges", "bytes"),
    ] {
        assert_eq!(answer.field(name), Some(value), "{name}");
    }
    assert_eq!(answer.field("Cache-Control"), None);
}

/// RFC 9110 §9.3.2: the same fields, and no content.
#[test]
fn row_h12_head() {
    let site = hello();
    let (get, head) = (site.get("/hello.txt"), site.ask("HEAD", "/hello.txt", &[]));
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["Content-Type", "Content-Length", "ETag", "Last-Modified"] {
        assert_eq!(head.field(name), get.field(name), "{name}");
    }
    let missing = site.ask("HEAD", "/missing", &[]);
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[test]
fn row_h12_other_methods() {
    for method in [
        "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "BREW",
    ] {
        let answer = hello().ask(method, "/hello.txt", &[]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.field("Allow"), Some("GET, HEAD"));
        assert!(answer.text().contains("RFC 9110 §15.5.6"));
    }
}

#[test]
fn row_h12_types_by_the_name_that_was_asked_for() {
    let site = Site::new("types");
    for (name, media_type) in [
        ("a.HTML", "text/html; charset=utf-8"),
        ("a.svg", "image/svg+xml"),
        ("深入浅出.md", "text/markdown; charset=utf-8"),
        ("no-ending", "application/octet-stream"),
    ] {
        site.write(name, "x");
        let path: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = site.get(&format!("/{path}"));
        assert_eq!(answer.field("Content-Type"), Some(media_type), "{name}");
    }
    site.link("no-ending", "style.css");
    let linked = site.get("/style.css");
    assert_eq!(
        linked.field("Content-Type"),
        Some("text/css; charset=utf-8")
    );
}

#[test]
fn row_h12_an_empty_file() {
    let site = Site::new("empty");
    site.write("empty", "");
    for fields in [&[][..], &["Range: bytes=0-"]] {
        let answer = site.ask("GET", "/empty", fields);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert_eq!(answer.field("Content-Length"), Some("0"));
    }
}

/// The fields of a request, and the status of the answer.
const CONDITIONS: &str = r#"If-None-Match: TAG => 304
If-None-Match: W/TAG => 304
If-None-Match: "x", TAG => 304
If-None-Match: "x" & If-None-Match: TAG => 304
If-None-Match: * => 304
If-None-Match: "x" => 200
If-None-Match: "x" & If-Modified-Since: MODIFIED => 200
If-Modified-Since: MODIFIED => 304
If-Modified-Since: Saturday, 03-Jan-98 01:44:33 GMT => 304
If-Modified-Since: Sat Jan  3 01:44:33 1998 => 304
If-Modified-Since: Sat, 03 Jan 1998 01:44:32 GMT => 200
If-Modified-Since: yesterday => 200
If-Match: TAG => 200
If-Match: * => 200
If-Match: W/TAG => 412
If-Match: "x" => 412
If-Unmodified-Since: MODIFIED => 200
If-Unmodified-Since: Sat, 03 Jan 1998 01:44:32 GMT => 412
If-Match: TAG & If-None-Match: TAG => 304
If-Match: "x" & If-None-Match: TAG => 412
If-None-Match: TAG & Range: bytes=0-1 => 304
If-Match: TAG & Range: bytes=0-1 => 206
If-Match: "x" & Range: bytes=99- => 412"#;

#[test]
fn row_h12_conditional_requests() {
    let site = hello();
    let table = CONDITIONS
        .replace("TAG", STAMPED)
        .replace("MODIFIED", MODIFIED);
    for line in table.lines() {
        let (fields, status) = line.split_once(" => ").expect("a row");
        let fields: Vec<&str> = fields.split(" & ").collect();
        let answer = site.ask("GET", "/hello.txt", &fields);
        assert_eq!(answer.status.to_string(), status, "{line}");
    }
}

/// RFC 9110 §15.4.5: the fields that a cache needs, and none of what it has.
#[test]
fn row_h12_the_fields_of_a_304() {
    let site = hello().with(|files| files.cache_control("max-age=60"));
    let fields = [format!("If-None-Match: {STAMPED}")];
    for method in ["GET", "HEAD"] {
        let answer = site.ask(method, "/hello.txt", &[&fields[0]]);
        assert_eq!((answer.status, answer.body.len()), (304, 0));
        assert_eq!(answer.field("ETag"), Some(STAMPED));
        assert_eq!(answer.field("Last-Modified"), Some(MODIFIED));
        assert_eq!(answer.field("Cache-Control"), Some("max-age=60"));
        assert!(answer.field("Date").is_some());
        for absent in ["Content-Type", "Content-Length", "Transfer-Encoding"] {
            assert_eq!(answer.field(absent), None);
        }
    }
}

/// RFC 9110 §13.2.1: what would be no 2xx is not made one, nor a 412, by a precondition.
#[test]
fn row_h12_other_answers_come_before_the_conditions() {
    let site = hello();
    site.write("sub/index.html", "x");
    for (path, status) in [("/missing", 404), ("/sub", 308), ("/..", 400)] {
        for condition in ["If-Match: *", "If-Match: \"x\"", "If-None-Match: *"] {
            assert_eq!(site.ask("GET", path, &[condition]).status, status, "{path}");
        }
    }
}

/// RFC 9110 §8.8.2.1: a file from the future is as old as its answer.
#[test]
fn row_h12_last_modified_is_never_later_than_the_date() {
    let site = Site::new("future");
    site.write("tomorrow.txt", "x");
    site.set_modified(
        "tomorrow.txt",
        SystemTime::now() + Duration::from_secs(86_400),
    );
    let answer = site.get("/tomorrow.txt");
    let now = HttpDate::from_system_time(SystemTime::now()).expect("a date");
    let [modified, date] = ["Last-Modified", "Date"].map(|name| {
        let value = answer.field(name).expect("a date");
        HttpDate::decode(value.as_bytes(), now).expect("an IMF-fixdate")
    });
    assert!(modified <= date && date.unix_seconds() - modified.unix_seconds() < 60);
}

#[test]
fn row_h12_where_the_files_begin() {
    let site = hello().with(|files| files.strip_prefix("/files/"));
    for (path, status) in [
        ("/files/hello.txt", 200),
        ("http://h/files/hello.txt?query", 200),
        ("/hello.txt", 404),
        ("/filesx/hello.txt", 404),
        ("/files", 404), // there is no index
        ("/files/", 404),
        ("/", 404),
    ] {
        assert_eq!(site.get(path).status, status, "{path}");
    }
}

#[test]
fn row_h12_dot_files_and_another_index_where_they_are_wanted() {
    let site = Site::new("settings").with(|files| files.dot_files(true).index("home.txt"));
    site.write(".well-known/security.txt", "secure");
    site.write("home.txt", "home");
    assert_eq!(site.get("/.well-known/security.txt").text(), "secure");
    assert_eq!(site.get("/").text(), "home");
    let bare = site.with(|files| files.index(""));
    assert_eq!(bare.get("/").status, 404);
}

#[test]
fn row_h12_fields_that_were_set_before_stay_with_a_file() {
    let site = hello().headed("Vary", "Cookie");
    for (path, status, vary) in [("/hello.txt", 200, Some("Cookie")), ("/missing", 404, None)] {
        let answer = site.get(path);
        assert_eq!((answer.status, answer.field("Vary")), (status, vary));
    }
}

#[test]
fn row_h12_a_root_must_be_a_directory() {
    let site = hello();
    assert!(barewire::http::Files::new(site.path("missing")).is_err());
    assert!(barewire::http::Files::new(site.path("hello.txt")).is_err());
}
