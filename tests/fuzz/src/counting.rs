//! An allocator that remembers the largest piece that was asked for.
//!
//! A length that a peer declares costs it a few bytes. If it cost us what it says, a stranger could
//! ask for all memory there is: so no single allocation may be much larger than what has come.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all work is the system's; the number beside it is no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Relaxed);
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

/// The largest allocation while `work` was done.
pub(crate) fn largest(work: impl FnOnce()) -> usize {
    LARGEST.store(0, Relaxed);
    work();
    LARGEST.load(Relaxed)
}
