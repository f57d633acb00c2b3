//! Static files: a directory, read-only, below a path.
//!
//! # The problem
//! The path of a request comes from a stranger. `..` leads out of the directory, and so may a symbolic link;
//! to open a FIFO blocks; one name has several spellings. A file is not a body yet: it may be larger than
//! memory, the client may have a copy of all or half of it, and a program may be writing it now.
//!
//! # The way of a request
//! ```text
//!   /files/a%20b.txt                                        405   neither GET nor HEAD
//!      │ strip_prefix, split at "/", decode once  path.rs   400   no file can have this name
//!      ▼
//!   ["a b.txt"]
//!      │ canonicalize, still below the root?      place.rs  404   nothing that is served
//!      ▼ a regular file?                                    308   a directory with an index, without its slash
//!   /srv/www/a b.txt
//!      │ or a b.txt.gz, if asked to                          406   neither is accepted
//!      │ in memory, or open it                    content.rs, cache.rs
//!      ▼ size and time, as the open file says     stamp.rs
//!   ETag, Last-Modified
//!      │ preconditions, then Range                select.rs 304 412 416
//!      ▼
//!   200 or 206, block by block                    body.rs, parts.rs
//! ```
//!
//! # The rules
//! 1. A path is split first, and each name decoded once and then checked. A refusal for a name does not touch
//!    the disk.
//! 2. Links are followed if the file at their end is below the root, too. What is not served gets the same
//!    response as what is not there.
//! 3. The kind of a file is read before the file is opened: only regular files are opened. Directories
//!    are never listed.
//! 4. A file is sent through one block of bounded size. Its length is what the *open* file said:
//!    if the file grows meanwhile, the rest is not sent; if it shrinks, the connection is cut, because
//!    only a cut shows the client that the body is not complete (or the client gets a 500, if nothing has
//!    left yet).
//! 5. An entity tag stands for one state, unless a program sets a file's time back. Timestamps of a file
//!    system have a granularity, and a file may change twice within it. Until the granularity of the last
//!    change has passed, each response gets a tag of its own, and nothing is kept in memory.
//! 6. Bytes in memory are used only while size, times and number of the file on disk
//!    are the same: one `stat` for each request.
//! 7. A file in gzip is another representation of the same file, with a tag of its own, and a range of it is one of
//!    the bytes in gzip (RFC 9110 §14.2). Of several ranges the whole is sent instead.
//!
//! # What this trusts
//! No client. But programs that may *write* below the root are trusted not to race: safe
//! `std` has no way to open a path one directory at a time, so between the checks (rules 2 and 3)
//! and the opening there is a moment in which a writer could replace the file by a link or a FIFO. Then a
//! file from outside would be sent, or a thread would block. If strangers can write
//! there (an upload directory), let the process see nothing that they must not. To replace a file
//! by renaming a new one over it is always safe. A client may get half of each state of a file that is
//! written in place, as with every server. Writing through a memory map need not change a file's time at
//! once: do not serve such a file meanwhile.
//!
//! # Which file to read first
//! [`Files::serve`] in this file, then `path.rs`, where names are checked. `stamp.rs` has the one idea
//! that is easy to get wrong (rule 5).
//!
//! # To change X, touch Y
//! | to change | touch |
//! |---|---|
//! | which names are refused | `path.rs`, and the table of statuses in `refusal.rs`; the page: [`ServerEvents::client_error`](super::ServerEvents::client_error) |
//! | which files are found, links, dot files | `place.rs` |
//! | when `name.gz` is served for `name` | `open` in this file, `gzip_of` in `place.rs` |
//! | the media type of an ending | the table in `media_type.rs` |
//! | `ETag`, `Last-Modified` | `stamp.rs` |
//! | preconditions and ranges | `wire/semantics/`; `select.rs` passes it the fields |
//! | the fields of a 200 or 206, its blocks | `body.rs`; several ranges: `parts.rs` |
//! | what is kept in memory | `cache.rs`; when: `content.rs` |
//! | a setting | a field of [`Files`], and its method in `setters!` |
//!
//! # Two exercises
//! 1. A deployment sets every file's time to the same second, as reproducible archives do. Which
//!    change would `ETag` miss, and which would the cache in memory still notice?
//! 2. Serve `a.txt.br` to clients that prefer it. Which functions change, and what becomes of the entity tag if a
//!    file has all three forms?

mod body;
mod cache;
mod content;
mod media_type;
mod parts;
mod path;
mod place;
mod refusal;
mod select;
mod stamp;

use super::error::{Error, Handled};
use super::field_values::vary_by_encoding;
use super::server::Request;
use super::server::Response;
use super::wire::{AcceptEncoding, Outcome, Target};
use crate::setters::setters;
use body::Body;
use cache::Cache;
use content::Content;
use parts::Boundaries;
use place::{Found, Place, Root};
use refusal::{Refusal, Rule};
use stamp::Validators;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The files below a directory, to be served.
///
/// GET and HEAD; conditional requests (RFC 9110 §13), ranges (RFC 9110 §14), `index.html` for a
/// directory, and a bounded number of small files kept in memory. See the [module](self) for what
/// is refused and why.
///
/// One value serves all threads. Each request gets a file, or is refused with a status that says why not.
///
/// ```
/// use barewire::http::{self, Files};
///
/// # let root = std::env::temp_dir().join(format!("barewire-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&root)?;
/// # std::fs::write(root.join("hello.txt"), "Hello World\n")?;
/// fn handler(files: &Files, req: http::Request, res: http::Response) -> http::Handled {
///     match req.path() {
///         "/" => res.end("see /files/\n"),
///         _ => files.serve(&req, res),
///     }
/// }
///
/// let files = Files::new(&root)?.strip_prefix("/files").cache_control("no-cache");
/// let server = http::create_server(move |req, res| handler(&files, req, res));
///
/// let answer = server.answer_to(b"GET /files/hello.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-4\r\n\r\n");
/// let answer = String::from_utf8_lossy(&answer);
/// assert!(answer.starts_with("HTTP/1.1 206 Partial Content\r\n"));
/// assert!(answer.contains("\r\nContent-Range: bytes 0-4/12\r\n"));
/// assert!(answer.ends_with("\r\n\r\nHello"));
/// # std::fs::remove_dir_all(&root)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Files {
    root: Root,
    prefix: String,
    cache: Cache,
    boundaries: Boundaries,
    high_water_mark_bytes: usize,
    cache_control: Option<String>,
    precompressed: bool,
}

/// Settings: each takes the files and returns them, so that they chain.
///
/// ```
/// use barewire::http::Files;
///
/// let files = Files::new("src")?
///     .strip_prefix("/source") // /source/lib.rs is src/lib.rs
///     .index("mod.rs") // /source/http/ is src/http/mod.rs
///     .cache_control("max-age=3600")
///     .cache_bytes(1 << 20)
///     .cached_file_bytes(16 << 10);
/// let server = barewire::http::create_server(move |req, res| files.serve(&req, res));
/// # let answer = server.answer_to(b"GET /source/http/ HTTP/1.0\r\n\r\n");
/// # assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
impl Files {
    /// The files below `root`. The path is resolved once, now: if it is a link, to where the link leads now.
    ///
    /// # Errors
    /// There is no such directory, or it cannot be opened. The text names it; the kind is that of the system:
    /// [`NotFound`](io::ErrorKind::NotFound), [`NotADirectory`](io::ErrorKind::NotADirectory) …
    pub fn new(root: impl AsRef<Path>) -> io::Result<Files> {
        let root = root.as_ref();
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("the files below {}: {error}", root.display()),
            )
        };
        Ok(Files {
            root: Root::new(root).map_err(named)?,
            prefix: String::new(),
            cache: Cache::default(),
            boundaries: Boundaries::default(),
            high_water_mark_bytes: 64 * 1024,
            cache_control: None,
            precompressed: false,
        })
    }

    setters! {
        /// Where the files begin among the paths of the server: `/files` makes `/files/a.txt` the
        /// file `a.txt`. Any other path is a 404. Nothing is stripped by default.
        pub fn strip_prefix(self, prefix: &str) =>
            self.prefix = prefix.trim_end_matches('/').to_owned();

        /// The file that stands for its directory; `index.html` by default. Empty: none does.
        pub fn index(self, name: &str) => self.root.index = name.to_owned();

        /// Whether names that start with a dot are served: files, directories, and what links lead
        /// to. They are not by default; `.` and `..` never are.
        pub fn dot_files(self, served: bool) => self.root.dot_files = served;

        /// The value of a `Cache-Control` field for files (200, 206 and 304), such as `no-cache` or
        /// `max-age=3600`. None by default: a cache may then guess from `Last-Modified`.
        pub fn cache_control(self, value: &str) => self.cache_control = Some(value.to_owned());

        /// Whether `name.gz` is served in the place of `name`, as `Content-Encoding: gzip`, to clients that prefer it
        /// (RFC 9110 §12.5.3). It must not be older than `name`: where it is missing, older or not readable, all clients get
        /// `name`.
        /// Responses then have `Vary: Accept-Encoding`. Off by default.
        ///
        /// Whoever may change `name` sees to `name.gz`, too: `gzip -kf name`. To compress while a response is made, see
        /// [`Response::compress`](crate::http::Response::compress).
        ///
        /// ```
        /// use barewire::http::Files;
        ///
        /// # let root = std::env::temp_dir().join(format!("barewire-gz-{}", std::process::id()));
        /// # std::fs::create_dir_all(&root)?;
        /// # for name in ["hello.txt", "hello.txt.gz"] { std::fs::write(root.join(name), name)?; }
        /// let files = Files::new(&root)?.precompressed(true);
        /// let server = barewire::http::create_server(move |req, res| files.serve(&req, res));
        ///
        /// let answer = server.answer_to(b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
        /// let answer = String::from_utf8_lossy(&answer);
        /// assert!(answer.contains("\r\nContent-Encoding: gzip\r\n"));
        /// assert!(answer.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
        /// # assert!(answer.ends_with("\r\n\r\nhello.txt.gz"));
        /// # std::fs::remove_dir_all(&root)?;
        /// # Ok::<(), std::io::Error>(())
        /// ```
        pub fn precompressed(self, served: bool) => self.precompressed = served;

        /// How much of a file is in memory while it is sent, for each response: the book's
        /// `highWaterMark`. 64 KiB; at least one byte.
        pub fn high_water_mark_bytes(self, bytes: usize) =>
            self.high_water_mark_bytes = bytes.max(1);

        /// How many bytes of small files are kept in memory at most, names and bookkeeping included.
        /// 16 MiB; 0 keeps none.
        pub fn cache_bytes(self, bytes: u64) => self.cache.most_bytes = bytes;

        /// The largest file that is kept in memory. 64 KiB.
        pub fn cached_file_bytes(self, bytes: u64) => self.cache.most_file_bytes = bytes;
    }

    /// How many bytes are kept in memory now, as [`cache_bytes`](Self::cache_bytes)
    /// counts them.
    pub fn cached_bytes(&self) -> u64 {
        self.cache.bytes()
    }

    /// How many files are kept in memory now.
    pub fn cached_files(&self) -> usize {
        self.cache.files()
    }
}

/// Responding.
impl Files {
    /// Responds to a request for a file, or [refuses](crate::http::refuse_with) it.
    ///
    /// Fields that were set before stay in the response with a file, unless they are among those of a file. A refusal
    /// begins anew, as every refusal does.
    ///
    /// | status | when | who makes the response |
    /// |---|---|---|
    /// | 200, 206 | the file, or the ranges of it that were asked for | |
    /// | 304 | a precondition says that the client has it | |
    /// | 308 | a directory with an index, and the path has no slash at its end | |
    /// | 400 | a path that can name no file, whatever is on the disk | `client_error` |
    /// | 404 | no file, or one that is not served; a directory without an index | `client_error` |
    /// | 405 | a method other than GET and HEAD | `client_error` |
    /// | 406 | with [`precompressed`](Self::precompressed): the client refuses the file as it is (`identity;q=0`), and there is no other form that it accepts | `client_error` |
    /// | 412 | a precondition fails | `client_error` |
    /// | 416 | no range names a byte of the file | `client_error` |
    /// | 500 | the disk failed, or there are too many open files | |
    ///
    /// So [`ServerEvents::client_error`](crate::http::ServerEvents::client_error) makes the pages for what is refused
    /// here and for all else; the default is one line of text.
    ///
    /// # Errors
    /// The refusal; an error of the connection, or of the disk. A handler that returns it, by `?` or as its last line,
    /// gives the client the status of the table; an error of the disk is reported to
    /// [`ServerEvents::error`](crate::http::ServerEvents::error). So is that of a file that has become shorter than its
    /// Content-Length: then the connection is cut, or the client gets a 500 if nothing has left yet.
    pub fn serve(&self, req: &Request<'_>, mut res: Response<'_>) -> Handled {
        match self.reply(req) {
            Ok(Reply::File(validators, body, content)) => {
                self.set_fields(&validators, &mut res)?;
                if validators.is_gzip() {
                    res.set_header("Content-Encoding", "gzip")?;
                }
                body.send(content, self.high_water_mark_bytes, res)
            }
            Ok(Reply::NotModified(validators)) => {
                self.set_fields(&validators, &mut res)?;
                res.set_status(304)?;
                res.end("")
            }
            Ok(Reply::AddSlash) => add_slash(req, res),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Where the file is, then the preconditions, then the range, then its bytes.
    fn reply(&self, req: &Request<'_>) -> Result<Reply, Refusal> {
        let now = SystemTime::now();
        let Place::File(found) = self.find(req)? else {
            return Ok(Reply::AddSlash);
        };
        let (found, content) = self.open(req, found)?;
        let (size, validators) = (content.stamp().size(), content.stamp().validators(now));
        let validators = match found.is_gzip {
            true => validators.of_gzip(),
            false => validators,
        };
        // RFC 9110 §13.2.1: "after it has successfully performed its normal request checks and
        // just before it would process the request content (if any) or perform the action
        // associated with the request method"
        match select::preconditions(req, &validators, now) {
            Outcome::Proceed => {}
            Outcome::NotModified => return Ok(Reply::NotModified(validators)),
            Outcome::PreconditionFailed => return Err(Rule::Precondition.into()),
        }
        // RFC 9110 §14.2: "The Range header field is evaluated after evaluating the precondition
        // header fields"
        let selection = select::range(req, &validators, size, now);
        let body = Body::new(selection, size, found.media_type, &self.boundaries)?;
        let content = match req.method() {
            "HEAD" => None,
            _ => Some(content.keep(&found, now, &self.cache)?),
        };
        Ok(Reply::File(validators, body, content))
    }

    fn find(&self, req: &Request<'_>) -> Result<Place, Rule> {
        if !matches!(req.method(), "GET" | "HEAD") {
            return Err(match req.target() {
                Target::Asterisk => Rule::Asterisk,
                _ => Rule::Method,
            });
        }
        let path = self.below_prefix(req.path()).ok_or(Rule::Missing)?;
        self.root.find(&path::decode(path, self.root.dot_files)?)
    }

    /// Opens the file in gzip in its place, if there is one that can be opened and the client prefers it.
    // RFC 9110 §12.5.3: "If a non-empty Accept-Encoding header field is present in a request and none of the available
    // representations for the response have a content coding that is listed as acceptable, the origin server SHOULD
    // send a response without any content coding unless the identity coding is indicated as unacceptable."
    fn open(&self, req: &Request<'_>, found: Found) -> Result<(Found, Content), Refusal> {
        let accept = || AcceptEncoding::of(req.headers());
        if let Some(accept) = self.precompressed.then(accept).flatten() {
            if accept.prefers_gzip()
                && let Some(gzip) = self.root.gzip_of(&found)
                && let Ok(content) = Content::open(&gzip, &self.cache)
            {
                return Ok((gzip, content));
            }
            if !accept.accepts_identity() {
                return Err(Rule::NotAcceptable.into());
            }
        }
        let content = Content::open(&found, &self.cache)?;
        Ok((found, content))
    }

    fn below_prefix<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = path.strip_prefix(self.prefix.as_str())?;
        (below.is_empty() || below.starts_with('/')).then_some(below)
    }

    /// What 200, 206 and 304 have in common.
    // RFC 9110 §15.4.5: "The server generating a 304 response MUST generate any of the following
    // header fields that would have been sent in a 200 (OK) response to the same request"
    fn set_fields(&self, validators: &Validators, res: &mut Response<'_>) -> Result<(), Error> {
        res.set_header("ETag", validators.etag())?;
        if let Some(date) = validators.last_modified() {
            res.set_header("Last-Modified", &date.to_bytes()[..])?;
        }
        if let Some(value) = &self.cache_control {
            res.set_header("Cache-Control", value)?;
        }
        if self.precompressed {
            res.change_fields(vary_by_encoding)??;
        }
        Ok(())
    }
}

/// What a request leads to.
enum Reply {
    /// 200 or 206; without content where a HEAD asks.
    File(Validators, Body, Option<Content>),
    NotModified(Validators),
    AddSlash,
}

/// To the same path with a slash at its end, so that relative links in the index work. The
/// reference starts with `./`, so it can lead to no other server, whatever the name.
fn add_slash(req: &Request<'_>, mut res: Response<'_>) -> Handled {
    let name = req.path().rsplit('/').next().unwrap_or_default();
    let query = req
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    // RFC 3986 §4.2: "Such a segment must be preceded by a dot-segment (e.g., "./this:that") to
    // make a relative-path reference."
    res.set_status(308)?
        .set_header("Location", format!("./{name}/{query}"))?
        .set_header("Content-Type", "text/plain; charset=utf-8")?
        .set_header("X-Content-Type-Options", "nosniff")?;
    res.end("308 Permanent Redirect: the path of a directory ends with a slash (RFC 3986 §6.2.4)\n")
}
