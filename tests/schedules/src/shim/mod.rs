//! What barewire uses of `std`, as a scheduler controls it.

pub(crate) mod sync;
pub(crate) mod thread;
pub(crate) mod time;

pub(crate) use crate::thread_local_of_a_simulated_thread as thread_local;
