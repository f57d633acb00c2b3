//! What is kept in memory: bounded, and never stale.

use super::site::{Site, past, until};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Asks until the file is in memory: it is kept once the granularity of its time has passed.
fn keep(site: &Site, path: &str) {
    let before = site.files.cached_files();
    until(|| {
        assert_eq!(site.get(path).status, 200);
        site.files.cached_files() > before
    });
}

#[test]
fn row_h12_small_files_are_kept() {
    let site = Site::new("kept");
    site.write("small.txt", "small");
    keep(&site, "/small.txt");
    let bytes = site.files.cached_bytes();
    assert!(bytes > 5 && bytes < 2048, "{bytes}");
    for _ in 0..3 {
        assert_eq!(site.get("/small.txt").text(), "small");
    }
    assert_eq!(
        site.ask("GET", "/small.txt", &["Range: bytes=1-2"]).text(),
        "ma"
    );
    assert_eq!(
        (site.files.cached_files(), site.files.cached_bytes()),
        (1, bytes)
    );
}

#[test]
fn row_h12_what_is_kept_has_a_limit() {
    const LIMIT: u64 = 20_000;
    let site = Site::new("limit").with(|files| files.cache_bytes(LIMIT).cached_file_bytes(6_000));
    let sizes: Vec<usize> = (0..40).map(|n| n * 197 % 7_000).collect();
    for size in &sizes {
        site.write(&format!("{size}.bin"), vec![b'x'; *size]);
    }
    keep(&site, "/0.bin");
    for round in 0..5 {
        for size in sizes.iter().cycle().skip(round * 7).take(sizes.len()) {
            assert_eq!(site.get(&format!("/{size}.bin")).body.len(), *size);
            let bytes = site.files.cached_bytes();
            assert!(bytes <= LIMIT, "{bytes}");
        }
    }
    assert!(site.files.cached_bytes() > LIMIT / 2 && site.files.cached_files() > 2);
}

#[test]
fn row_h12_large_files_are_not_kept() {
    let site = Site::new("not-kept").with(|files| files.cached_file_bytes(10));
    site.write("large.txt", "eleven byte");
    site.write("small.txt", "ten bytes.");
    keep(&site, "/small.txt");
    assert_eq!(site.get("/large.txt").status, 200);
    assert_eq!(site.files.cached_files(), 1);
    let none = site.with(|files| files.cache_bytes(0));
    assert_eq!(none.get("/small.txt").status, 200);
    assert_eq!(
        (none.files.cached_files(), none.files.cached_bytes()),
        (0, 0)
    );
}

/// Only whole bodies are worth it.
#[test]
fn row_h12_head_and_304_keep_nothing() {
    let site = Site::new("nothing");
    site.write("a.txt", "a");
    site.write("b.txt", "b");
    keep(&site, "/b.txt");
    assert_eq!(site.ask("HEAD", "/a.txt", &[]).status, 200);
    assert_eq!(site.ask("GET", "/a.txt", &["If-None-Match: *"]).status, 304);
    assert_eq!(site.files.cached_files(), 1);
}

/// This writes faster than the granularity of the disk's timestamps: time and size of several states are the
/// same. Yet each response has the newest state, and no tag comes twice.
#[test]
fn row_h12_never_stale_within_the_granularity() {
    let site = Site::new("granularity");
    let mut tags = Vec::new();
    for round in 0..500 {
        let text = format!("{round:04}");
        site.write("file.txt", &text);
        let condition = format!("If-None-Match: {}", tags.join(", "));
        let answer = site.ask("GET", "/file.txt", &[&condition]);
        assert_eq!((answer.status, answer.text()), (200, text.as_str()));
        tags.push(answer.field("ETag").expect("a tag").to_owned());
        tags.drain(..tags.len().saturating_sub(20));
    }
}

/// The same size and the same time of modification, set back on purpose.
#[test]
fn row_h12_never_stale_after_a_change_that_hides() {
    let site = Site::new("hides");
    site.write("file.txt", "before");
    site.set_modified("file.txt", past(883_791_873));
    keep(&site, "/file.txt");
    site.write("file.txt", "after!");
    site.set_modified("file.txt", past(883_791_873));
    assert_eq!(site.get("/file.txt").text(), "after!");
}

#[test]
fn row_h12_never_stale_after_a_rename_or_a_removal() {
    let site = Site::new("rename");
    site.write("file.txt", "before");
    site.write("other.txt", "other!");
    for name in ["file.txt", "other.txt"] {
        site.set_modified(name, past(883_791_873));
    }
    keep(&site, "/file.txt");
    keep(&site, "/other.txt");
    fs::rename(site.path("other.txt"), site.path("file.txt")).expect("another file");
    assert_eq!(site.get("/file.txt").text(), "other!");
    fs::remove_file(site.path("file.txt")).expect("no file");
    assert_eq!(site.get("/file.txt").status, 404);
}

/// Many readers and a writer that renames: every answer is one state from end to end.
#[test]
fn row_h12_each_answer_is_one_state() {
    let site = Site::new("states").with(|files| files.high_water_mark_bytes(1000));
    site.write("file.txt", "a".repeat(10_000));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let body = site.get("/file.txt").body;
                    assert!(body.iter().all(|byte| *byte == body[0]), "a mixture");
                    assert_eq!(body.len(), 10_000 + usize::from(body[0] - b'a'));
                }
            });
        }
        for round in 0..300 {
            let letter = b'a' + (round % 26) as u8;
            site.write("new", vec![letter; 10_000 + usize::from(letter - b'a')]);
            fs::rename(site.path("new"), site.path("file.txt")).expect("another file");
        }
        done.store(true, Ordering::Relaxed);
    });
}
