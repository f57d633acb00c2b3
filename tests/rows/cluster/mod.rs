//! The rows of the notes' chapter on processes: several of them on one port.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | P01 | `p01_workers` | one port, many processes; the dead are replaced, until the cluster gives up |
//! | P01 | `p01_endings` | a parent that is killed, a Ctrl-C, a shutdown: what is left behind |
//! | P01 | `p01_log` | the log of a worker that ends is whole |
//! | P01 | `p01_restart` | a restart under load loses no request |
//! | P01 | `p01_tls` | two real servers over TLS, and their restart |
//! | P02 | `p02_messages` | messages both ways, and what ends a child |
//! | P03 | `p03_events` | the events of a worker's life, in their order |
//! | P04 | `p04_turns` | the turn that goes round, and the kernel's choice |
//! | P05 | `p05_shared` | what one worker tells the others, and a count in a file |
//! | all | `stage` | clusters that end with their test, and the worker that they run |

mod p01_endings;
mod p01_log;
mod p01_restart;
mod p01_tls;
mod p01_workers;
mod p02_messages;
mod p03_events;
mod p04_turns;
mod p05_shared;
mod stage;
