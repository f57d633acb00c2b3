//! What a connection costs, and why.
//!
//! A connection has a thread of its own, and that thread is most of what it costs. This page says
//! what is in the sum, why, and how to measure it.
//!
//! # At rest
//!
//! An idle connection waits in one blocking `read`. It uses no CPU time: no thread polls it, and no
//! timer is set for it but the timeout of its own socket. Its memory, in KiB of the server's resident
//! set, one of 4,000 connections after one exchange:
//!
//! | | HTTP | WebSocket | HTTP over TLS | WebSocket over TLS |
//! |---|---|---|---|---|
//! | pages of its stack | 8.0 | 8.0 | 16.0 | 16.0 |
//! | what it has allocated | 3.7 | 4.9 | 21.1 | 22.1 |
//! | **in all** | **11.7** | **12.9** | **37.1** | **38.1** |
//!
//! `tests/bench/idle.py --where`, with `--ws` and `--tls`, prints these figures (here for
//! the demos of profile `release`).
//!
//! **The stack.** The kernel reserves [`stack_bytes`](crate::http::Config::stack_bytes) (512 KiB) of
//! addresses for each thread, and gives it a page of 4 KiB when the thread first touches it. So a
//! smaller reservation saves nothing, and a thread that overflows ends the process. A thread never
//! gives a page back: the deepest call that it has made decides. A request in the clear needs two
//! pages. A TLS handshake needs four, because certificates are parsed and keys are agreed on that
//! stack. How deep a call is depends on what the compiler inlines and on what the handler does: some need a third page. No
//! setting makes this smaller: if TLS costs too much, let a proxy in front of the server do it.
//!
//! **What is allocated**, in order of size:
//!
//! | what | KiB | until when |
//! |---|---|---|
//! | TLS: keys, session, the buffers of rustls and of its records | 9 | the connection ends |
//! | TLS: blocks that the handshake has freed and the allocator keeps for the thread, see [`operation`](crate::operation) | 9 | the thread ends |
//! | the connection (its socket, its decoder, its registry entry) and its thread (its handle, its thread-locals, the allocator's cache) | 3 | the connection ends |
//! | the read buffer | 0.5, doubled by each read that fills it | it shrinks to 0.5 when the connection is idle |
//! | at a WebSocket: what both halves share and what each has; what HTTP has stays below until the handler returns | 1.2 | the connection ends |
//! | responses, a body, a message | as large as they were | the connection is idle: see [`http`](crate::http) |
//!
//! An allocator such as glibc's keeps small pieces that a thread frees for this thread alone. So what a connection frees while it
//! lives saves memory only if the connection needs a piece of the same size later. The list of a head's first lines, and
//! the fields of a response, have the sizes that the start of a thread leaves; the first frames of a WebSocket and its read
//! buffer have those that the handshake leaves. `tests/alloc` has a limit for what each kind of connection holds.
//!
//! **The kernel** has a part of its own, which the resident set does not show. On Linux 6 it was 16 KiB
//! for the stack that the thread uses inside the kernel, 1 KiB of page tables, and 15 KiB for the task,
//! the socket and the peer's socket, which was on the same machine. Bytes that wait in a socket's
//! buffers come on top, and count against `net.ipv4.tcp_mem`.
//!
//! # At work
//!
//! | what | cost |
//! |---|---|
//! | a connection that is accepted | no thread is started while one waits in `accept`: the thread that accepts serves |
//! | a request | one `read`, one `write`, one wake-up of the thread, and no allocation |
//! | 16 pipelined requests | one `read`, one `write`, one wake-up together, once the read buffer has grown to hold them |
//! | a message of a WebSocket | the same as a request |
//! | a peer that reads slowly | the bytes that wait for it, up to a limit; its thread sleeps |
//! | a deadline | nothing: it is the timeout of the next `read` or `write` |
//!
//! The wake-up is the dearest of these, and it bounds this design: an event loop that finds many
//! sockets ready at once is woken once for all of them. A [yield](super::yielding) before the `read` saves it while that pays. `tests/bench/README.md` compares the two.
//!
//! # How many
//!
//! Each connection needs a thread and a descriptor. Ten thousand need these limits of the operating
//! system to be higher than its defaults: `ulimit -n` (descriptors), `ulimit -u` and
//! `kernel.threads-max` (threads), `vm.max_map_count` (two mappings a thread), and a container's
//! `pids.max`. When threads run out, connections wait in the backlog until a thread is free or can be
//! started; the server tries after 10 ms, then after twice as long each time, once a second at the longest.
