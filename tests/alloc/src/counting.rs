//! An allocator that counts what each kind of thread asks it for.
//!
//! The program's own thread plays the client and is not counted. A thread that serves
//! connections says so itself; whatever is left (the clock's) is the
//! third kind. Counting is on only between [`start`] and [`stop`], and the first allocation of
//! a serving thread in that time prints where it was made, if that is asked for. Beside that, the bytes
//! in use are always counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Client,
    Serving,
    Other,
}

thread_local! {
    // Constant and without a destructor, so looking at it never allocates.
    static ROLE: Cell<Role> = const { Cell::new(Role::Other) };
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static SHOW: AtomicBool = AtomicBool::new(false);
static SERVING: AtomicU64 = AtomicU64::new(0);
static OTHERS: AtomicU64 = AtomicU64::new(0);
/// What all threads but the client's hold.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// What was allocated while counting was on.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// By the threads that serve connections.
    pub serving: u64,
    /// By all threads but those and the client's.
    pub others: u64,
}

/// This thread plays the client: it is never counted.
pub fn this_thread_is_the_client() {
    ROLE.set(Role::Client);
}

/// This thread serves a connection.
pub fn this_thread_serves() {
    ROLE.set(Role::Serving);
}

/// From now on allocations count; `show`: the first of a serving thread is printed.
pub fn start(show: bool) {
    SHOW.store(show, SeqCst);
    SERVING.store(0, SeqCst);
    OTHERS.store(0, SeqCst);
    COUNTING.store(true, SeqCst);
}

/// Counting ends.
pub fn stop() -> Count {
    COUNTING.store(false, SeqCst);
    Count {
        serving: SERVING.load(SeqCst),
        others: OTHERS.load(SeqCst),
    }
}

/// The bytes that all threads but the client's have allocated and not given back.
pub fn live_bytes() -> i64 {
    LIVE.load(SeqCst)
}

fn note_live(allocated: usize, given_back: usize) {
    if ROLE.get() != Role::Client {
        LIVE.fetch_add(allocated as i64 - given_back as i64, SeqCst);
    }
}

fn note(bytes: usize) {
    if !COUNTING.load(SeqCst) {
        return;
    }
    match ROLE.get() {
        Role::Client => {}
        Role::Serving => {
            SERVING.fetch_add(1, SeqCst);
            show(bytes);
        }
        Role::Other => drop(OTHERS.fetch_add(1, SeqCst)),
    }
}

/// Prints the first one: the frames that are ours. Printing allocates too, and must not count.
fn show(bytes: usize) {
    if !SHOW.swap(false, SeqCst) {
        return;
    }
    let role = ROLE.replace(Role::Client);
    eprintln!("{bytes} bytes are allocated here:");
    let trace = Backtrace::force_capture().to_string();
    let lines = trace.lines().filter(|line| {
        [
            "/src/http/",
            "/src/net/",
            "/src/framing/",
            "/src/websocket/",
            "/src/deflate/",
        ]
        .iter()
        .any(|ours| line.contains(ours))
    });
    lines.take(8).for_each(|line| eprintln!("{line}"));
    ROLE.set(role);
}

/// The system's allocator, counted.
pub struct Counting;

// The one `unsafe` of the whole repository: `GlobalAlloc` can be implemented in no other way.
// SAFETY: every call goes to the system's allocator unchanged, which keeps the contract;
// counting touches no memory of the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        note_live(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        note_live(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        note(bytes);
        note_live(bytes, layout.size());
        unsafe { System.realloc(at, layout, bytes) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note_live(0, layout.size());
        unsafe { System.dealloc(at, layout) }
    }
}
