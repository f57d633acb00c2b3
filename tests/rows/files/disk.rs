//! What a disk does to files while they are served: larger than 32 bits can count, gone, closed, cut.

use super::site::{Site, request, watched};
use crate::support::{Client, Log, PATIENCE, Reporting, Site as Served};
use barewire::http::{self, Request};
use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// A file with bytes around an offset and nothing else: it takes no room on the disk.
fn sparse(site: &Site, name: &str, length: u64, at: u64, bytes: &[u8]) {
    let mut file = File::create(site.path(name)).expect("a file");
    file.set_len(length).expect("a sparse file");
    file.seek(SeekFrom::Start(at)).expect("an offset");
    file.write_all(bytes).expect("bytes");
}

#[test]
fn row_h12_ranges_beyond_4_gib() {
    let site = Site::new("4-gib");
    let four = 4 * GIB;
    sparse(&site, "large.bin", 5 * GIB, four - 2, b"abCD");
    let length = 5 * GIB;
    for (range, content_range, bytes) in [
        (
            format!("{four}-{}", four + 1),
            format!("{four}-{}", four + 1),
            &b"CD"[..],
        ),
        (
            format!("{}-{}", four - 2, four + 1),
            format!("{}-{}", four - 2, four + 1),
            b"abCD",
        ),
        (
            format!("{}-", length - 3),
            format!("{}-{}", length - 3, length - 1),
            &[0; 3],
        ),
        (
            "-2".into(),
            format!("{}-{}", length - 2, length - 1),
            &[0; 2],
        ),
        (
            format!("{}-{}", length - 1, u64::MAX),
            format!("{0}-{0}", length - 1),
            &[0],
        ),
    ] {
        let field = format!("Range: bytes={range}");
        let answer = site.ask("GET", "/large.bin", &[&field]);
        assert_eq!((answer.status, &*answer.body), (206, bytes), "{range}");
        let expected = format!("bytes {content_range}/{length}");
        assert_eq!(answer.field("Content-Range"), Some(&*expected));
    }
    let several = format!("Range: bytes=0-0,{four}-{four},{}-", length - 1);
    let answer = site.ask("GET", "/large.bin", &[&several]);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 206);
    assert!(
        text.contains(&format!("bytes {four}-{four}/{length}\r\n\r\nC\r\n")),
        "{text}"
    );
    assert!(text.contains(&format!("bytes {0}-{0}/{length}\r\n\r\n\0\r\n", length - 1)));
    let head = site.ask("HEAD", "/large.bin", &[]);
    assert_eq!(head.field("Content-Length"), Some(&*length.to_string()));
    let beyond = site.ask("GET", "/large.bin", &[&format!("Range: bytes={length}-")]);
    assert_eq!(beyond.status, 416);
    assert_eq!(
        beyond.field("Content-Range"),
        Some(&*format!("bytes */{length}"))
    );
}

/// A response under way, on a real connection: the head has come, and most of the body is still on the disk.
struct UnderWay {
    client: Client,
    length: usize,
    site: Served,
    reported: Log,
}

impl UnderWay {
    fn new(files: &Site, length: u64) -> UnderWay {
        let reported = Log::default();
        let served = files.files.clone();
        let server =
            http::create_server_with(Reporting::new(&reported, move |req: Request<'_>, res| {
                served.serve(&req, res)
            }));
        let site = Served::new(server);
        let mut client = site.client();
        client.send(request("GET", "/file.bin", &[]));
        assert_eq!(client.head().status, 200);
        UnderWay {
            client,
            length: length as usize,
            site,
            reported,
        }
    }

    /// The whole body, of these bytes, and the connection goes on.
    fn arrives(&mut self) {
        let body = self.client.try_exactly(self.length).expect("all of it");
        assert!(body.iter().all(|&byte| byte == b'a'));
        self.client.send(request("HEAD", "/file.bin", &[]));
        self.client.answer_to_head();
    }
}

/// More than the buffers of a connection hold, so that the disk is read while the client reads.
const LENGTH: u64 = 16 * MIB;

fn large(name: &str) -> Site {
    let site = Site::new(name);
    site.write("file.bin", vec![b'a'; LENGTH as usize]);
    site
}

/// The file is open: its name is not needed any more.
#[test]
fn row_h12_a_file_that_is_removed_is_sent_whole() {
    watched(|| {
        let files = large("removed");
        let mut answer = UnderWay::new(&files, LENGTH);
        fs::remove_file(files.path("file.bin")).expect("the file");
        answer.arrives();
        assert_eq!(answer.site.get("/file.bin").status, 404);
        assert_eq!(answer.reported.all(), [""; 0]);
    });
}

/// Who may not open it gets what it would get for no file; a superuser may open it. A copy in memory does not
/// outlive the permission.
#[test]
fn row_h12_a_file_that_is_closed_to_us() {
    watched(|| {
        let files = large("closed");
        files.write("small.txt", "small");
        let mut answer = UnderWay::new(&files, LENGTH);
        super::site::until(|| {
            assert_eq!(files.get("/small.txt").status, 200);
            files.files.cached_files() > 0
        });
        for name in ["file.bin", "small.txt"] {
            fs::set_permissions(files.path(name), Permissions::from_mode(0o0)).expect("the file");
        }
        answer.arrives();
        let status = match File::open(files.path("file.bin")) {
            Ok(_) => 200,
            Err(_) => 404,
        };
        assert_eq!(files.ask("HEAD", "/file.bin", &[]).status, status);
        assert_eq!(files.get("/small.txt").status, status);
    });
}

/// The bytes that are gone are not made up: the connection is cut, and the program hears of it, because it is
/// its file and not its client.
#[test]
fn row_h12_a_file_that_is_truncated_cuts_the_connection_and_is_reported() {
    watched(|| {
        for left in [0, LENGTH / 2] {
            let files = large("truncated");
            let mut answer = UnderWay::new(&files, LENGTH);
            let file = File::options().write(true).open(files.path("file.bin"));
            file.expect("the file").set_len(left).expect("less of it");
            assert!(answer.client.try_exactly(LENGTH as usize).is_err(), "cut");
            answer.site.handle.shutdown(PATIENCE);
            let reported = answer.reported.all();
            assert_eq!(reported.len(), 1, "{reported:?}");
            assert!(reported[0].contains("became shorter"), "{reported:?}");
        }
    });
}

/// What was declared is sent, and no byte of what came later: it would be taken for the next response.
#[test]
fn row_h12_a_file_that_grows_ends_where_it_was_declared() {
    watched(|| {
        let files = large("grown");
        let mut answer = UnderWay::new(&files, LENGTH);
        let file = File::options().append(true).open(files.path("file.bin"));
        file.expect("the file")
            .write_all(&vec![b'b'; MIB as usize])
            .expect("more");
        answer.arrives();
        let stream = answer.client.stream().clone();
        stream.shutdown(Shutdown::Write).expect("a connection");
        answer.client.ended();
        assert_eq!(answer.reported.all(), [""; 0]);
    });
}
