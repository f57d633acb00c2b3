//! `name.gz` beside `name` (RFC 9110 §8.4, §12.5.3). What stands in the file is sent as it is: it need not be gzip here.

use super::site::{Answer, Site, past};

const ZIPPED: &str = "0123456789 zipped";
const OLD: u64 = 883_791_873;

fn site() -> Site {
    let site = Site::new("gzip").with(|files| files.precompressed(true));
    for (name, text) in [("a.html", "<p>plain"), ("a.html.gz", ZIPPED)] {
        site.write(name, text);
        site.set_modified(name, past(OLD));
    }
    site
}

/// The status, the coding, and whether the caches know what the response depends on.
fn seen(answer: &Answer) -> (u16, Option<&str>, &str) {
    let vary = answer.field("Vary").expect("a Vary");
    (answer.status, answer.field("Content-Encoding"), vary)
}

#[test]
fn row_h12_gzip_goes_to_whom_prefers_it() {
    let site = site();
    for (accept, text) in [
        ("Accept-Encoding: gzip, deflate, br", ZIPPED),
        ("accept-encoding: X-GZIP", ZIPPED),
        ("Accept-Encoding: *", ZIPPED),
        ("Accept-Encoding: gzip, identity;q=0", ZIPPED),
        ("Accept-Encoding: gzip;q=0.5, identity", "<p>plain"),
        ("Accept-Encoding: gzip;q=0", "<p>plain"),
        ("Accept-Encoding: br", "<p>plain"),
        ("Accept-Encoding: gzip;q=9", "<p>plain"),
        ("Accept-Encoding:", "<p>plain"),
        ("Accept: */*", "<p>plain"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = site.ask(method, "/a.html", &[accept]);
            let coding = (text == ZIPPED).then_some("gzip");
            assert_eq!(seen(&answer), (200, coding, "Accept-Encoding"), "{accept}");
            let length = text.len().to_string();
            assert_eq!(answer.field("Content-Length"), Some(&*length), "{accept}");
            let media_type = answer.field("Content-Type");
            assert_eq!(media_type, Some("text/html; charset=utf-8"), "{accept}");
            assert_eq!(answer.text(), if method == "GET" { text } else { "" });
        }
    }
    let both = ["Accept-Encoding: br", "Accept-Encoding: gzip"];
    assert_eq!(site.ask("GET", "/a.html", &both).text(), ZIPPED);
}

#[test]
fn row_h12_gzip_is_off_unless_asked_for() {
    let answer =
        site()
            .with(|files| files)
            .ask("GET", "/a.html", &["Accept-Encoding: gzip, identity;q=0"]);
    assert_eq!((answer.status, answer.text()), (200, "<p>plain"));
    assert_eq!(answer.field("Vary"), None);
}

#[test]
fn row_h12_gzip_that_is_older_or_missing_is_not_served() {
    let site = site();
    let ask = |name: &str, accept: &str| site.ask("GET", name, &[accept]);
    site.set_modified("a.html.gz", past(OLD - 1));
    let answer = ask("/a.html", "Accept-Encoding: gzip");
    assert_eq!(seen(&answer), (200, None, "Accept-Encoding"));
    assert_eq!(answer.text(), "<p>plain");
    site.set_modified("a.html.gz", past(OLD + 1));
    assert_eq!(ask("/a.html", "Accept-Encoding: gzip").text(), ZIPPED);

    site.write("b.txt", "b");
    std::fs::create_dir(site.path("b.txt.gz")).expect("a directory");
    site.write("c.txt", "c");
    site.link("../../secret", "c.txt.gz");
    for (name, text) in [("/b.txt", "b"), ("/c.txt", "c")] {
        assert_eq!(ask(name, "Accept-Encoding: gzip").text(), text);
        let refused = ask(name, "Accept-Encoding: gzip, identity;q=0");
        assert_eq!(seen(&refused), (406, None, "Accept-Encoding"));
        assert!(refused.text().contains("RFC 9110 §15.5.7"));
    }
    let answer = ask("/a.html", "Accept-Encoding: br, *;q=0");
    assert_eq!(answer.status, 406);
    let archive = ask("/a.html.gz", "Accept-Encoding: gzip");
    assert_eq!(archive.field("Content-Type"), Some("application/gzip"));
    assert_eq!(seen(&archive), (200, None, "Accept-Encoding"));
}

/// RFC 9110 §8.8.3.3: a tag of its own, also where size and time are those of the plain file.
#[test]
fn row_h12_gzip_has_its_own_validators() {
    let site = site();
    site.write("a.html.gz", "<p>PLAIN");
    site.set_modified("a.html.gz", past(OLD));
    let (gzip, plain) = ("Accept-Encoding: gzip", "Accept-Encoding: identity");
    let tag = |accept| {
        let answer = site.ask("GET", "/a.html", &[accept]);
        answer.field("ETag").expect("a tag").to_owned()
    };
    assert_eq!(tag(gzip), "\"8-34ad9801.0-gzip\"");
    assert_eq!(tag(plain), "\"8-34ad9801.0\"");
    for (accept, tag, status) in [
        (gzip, tag(gzip), 304),
        (gzip, tag(plain), 200),
        (plain, tag(plain), 304),
        (plain, tag(gzip), 200),
        (gzip, format!("W/{}", tag(gzip)), 304),
    ] {
        let answer = site.ask(
            "GET",
            "/a.html",
            &[accept, &format!("If-None-Match: {tag}")],
        );
        let coding = (accept == gzip && status == 200).then_some("gzip");
        assert_eq!(seen(&answer), (status, coding, "Accept-Encoding"), "{tag}");
    }
    let both = format!("If-Match: {}", tag(plain));
    assert_eq!(site.ask("GET", "/a.html", &[gzip, &both]).status, 412);
}

/// RFC 9110 §14.2: a range is one of the selected representation.
#[test]
fn row_h12_gzip_ranges_are_those_of_the_bytes_in_gzip() {
    let site = site();
    let ask = |range: &str| site.ask("GET", "/a.html", &["Accept-Encoding: gzip", range]);
    let part = ask("Range: bytes=2-4");
    assert_eq!(seen(&part), (206, Some("gzip"), "Accept-Encoding"));
    assert_eq!(
        (part.text(), part.field("Content-Range")),
        ("234", Some("bytes 2-4/17"))
    );
    let whole = ask("Range: bytes=0-0, 5-6");
    assert_eq!((whole.status, whole.text()), (200, ZIPPED));
    let none = ask("Range: bytes=17-");
    assert_eq!(none.field("Content-Range"), Some("bytes */17"));
}

#[test]
fn row_h12_gzip_leaves_the_vary_of_the_handler() {
    let ask = |value| {
        let answer = site().headed("Vary", value).get("/a.html");
        answer.field("Vary").expect("a Vary").to_owned()
    };
    assert_eq!(ask("Cookie"), "Cookie, Accept-Encoding");
    assert_eq!(ask("accept-encoding, Cookie"), "accept-encoding, Cookie");
    assert_eq!(ask("*"), "*");
}

#[test]
fn row_h12_gzip_is_kept_in_memory_under_its_own_name() {
    let site = site().with(|files| files.precompressed(true));
    for _ in 0..2 {
        for (accept, text) in [("gzip", ZIPPED), ("identity", "<p>plain")] {
            let answer = site.ask("GET", "/a.html", &[&format!("Accept-Encoding: {accept}")]);
            assert_eq!(answer.text(), text);
        }
    }
    super::site::until(|| {
        site.ask("GET", "/a.html", &["Accept-Encoding: gzip"]);
        site.get("/a.html");
        site.files.cached_files() == 2
    });
}
