//! A directory that goes away, its files being served, and a strict look at the answers.

use barewire::http::{self, Files};
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// `root/` is served; what lies beside it is not.
pub(crate) struct Site {
    directory: Arc<Directory>,
    pub(crate) files: Arc<Files>,
    field: (&'static str, &'static str),
}

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Site {
    pub(crate) fn new(name: &str) -> Site {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("barewire-h12-{name}-{}-{count}", std::process::id());
        let directory = Directory(std::env::temp_dir().join(unique));
        fs::create_dir_all(directory.0.join("root")).expect("a directory");
        fs::write(directory.0.join("secret"), "SECRET").expect("a file");
        let files = Files::new(directory.0.join("root")).expect("files");
        Site {
            directory: Arc::new(directory),
            files: Arc::new(files),
            field: ("X-Test", "1"),
        }
    }

    /// The same directory with these settings, and nothing in memory.
    pub(crate) fn with(&self, set: impl FnOnce(Files) -> Files) -> Site {
        let files = Files::new(self.path("")).expect("files");
        Site {
            directory: self.directory.clone(),
            files: Arc::new(set(files)),
            field: self.field,
        }
    }

    /// With a field that the handler sets before the files answer.
    pub(crate) fn headed(self, name: &'static str, value: &'static str) -> Site {
        Site {
            field: (name, value),
            ..self
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.0.join("root").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn link(&self, to: &str, name: &str) {
        std::os::unix::fs::symlink(to, self.path(name)).expect("a link");
    }

    pub(crate) fn set_modified(&self, name: &str, time: SystemTime) {
        let file = File::options().write(true).open(self.path(name));
        let set = file.and_then(|file| file.set_modified(time));
        set.expect("a time");
    }

    pub(crate) fn server(&self) -> http::Server<impl http::ServerEvents + use<>> {
        let (files, (name, value)) = (self.files.clone(), self.field);
        http::create_server(move |req, mut res| {
            res.set_header(name, value)?;
            files.serve(&req, res)
        })
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub(crate) fn ask(&self, method: &str, path: &str, fields: &[&str]) -> Answer {
        let request = request(method, path, fields);
        Answer::of(
            &self.server().answer_to(request.as_bytes()),
            method == "HEAD",
        )
    }
}

pub(crate) fn request(method: &str, path: &str, fields: &[&str]) -> String {
    let lines: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{lines}\r\n")
}

/// One response whose length is known; nothing may follow it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(bytes: &[u8], to_head: bool) -> Answer {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.expect("the end of a head") + 4);
        let head = String::from_utf8(head.to_vec()).expect("a head in UTF-8");
        let answer = Answer {
            status: head[9..12].parse().expect("a status"),
            body: body.to_vec(),
            head,
        };
        let length = match answer.field("Content-Length") {
            Some(length) if !to_head => length.parse().expect("a length"),
            _ => 0,
        };
        assert_eq!(answer.body.len(), length, "{}", answer.head);
        answer
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self
            .head
            .split("\r\n")
            .filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{name} came twice");
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }
}

/// A number of seconds after 1970 began.
pub(crate) fn past(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Runs a test that might wait for ever.
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    if wait.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("the test has not ended");
    }
    thread.join().expect("the test failed");
}

/// Asks again until it is so.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never was so");
        thread::sleep(Duration::from_millis(5));
    }
}
