//! Whether the parent of a worker lives.
//!
//! A worker is a child of its parent, unless a wrapper is between them that waits for it, such as `sh -c "prog; …"`. The
//! kernel gives a child whose parent has died another parent; a grandchild keeps its own, the wrapper. So a parent says
//! which process it is, and a worker behind a wrapper looks for that in `/proc`. There the number alone says nothing,
//! since a later process may have it: number and time of the start are one process (proc_pid_stat(5)).

use std::fs;
use std::os::unix::process::parent_id;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// How long a dead parent may still seem to live: the kernel closes the descriptors of a process that dies first.
const DIES_WITHIN: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A process, and when it began, in the kernel's ticks since the start of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) struct Process {
    pub(super) id: u32,
    pub(super) began: u64,
}

impl Process {
    /// This one; `None`: the system has no `/proc`.
    pub(in crate::cluster) fn this() -> Option<Process> {
        Process::find(process::id())
    }

    fn find(id: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, behind_the_name) = stat.rsplit_once(") ")?;
        let mut fields = behind_the_name.split(' ');
        let has_ended = ["Z", "X"].contains(&fields.next()?);
        let began = fields.nth(18)?.parse().ok()?;
        (!has_ended).then_some(Process { id, began })
    }
}

/// How a worker knows its parent.
#[derive(Debug)]
pub(super) enum Parent {
    /// It was gone when the worker began.
    Gone,
    /// It is the process that this one is a child of: 1 in a container, say.
    Direct(u32),
    BehindWrapper(Process),
}

impl Parent {
    /// The parent says that it is `said`. If there is no such process, whatever started this one is taken for it.
    pub(super) fn new(said: Option<Process>) -> Parent {
        let direct = parent_id();
        match said.filter(|said| said.id != direct && Process::find(said.id) == Some(*said)) {
            Some(process) => Parent::BehindWrapper(process),
            None => Parent::Direct(direct),
        }
    }

    fn lives(&self) -> bool {
        match self {
            Parent::Gone => false,
            Parent::Direct(id) => parent_id() == *id,
            Parent::BehindWrapper(process) => Process::find(process.id) == Some(*process),
        }
    }

    /// It has ended, or will have within moments.
    pub(super) fn is_gone(&self) -> bool {
        let began = Instant::now();
        while self.lives() {
            if began.elapsed() >= DIES_WITHIN {
                return false;
            }
            thread::sleep(POLL_INTERVAL);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A control stream ends while the parent lives if the worker was too slow to read. A parent's number may be 1.
    #[test]
    fn only_a_worker_with_another_parent_is_an_orphan() {
        assert!(!Parent::Direct(parent_id()).is_gone(), "its parent lives");
        assert!(Parent::Direct(parent_id() + 1).is_gone());
        assert!(Parent::Gone.is_gone());
    }

    #[test]
    fn a_parent_that_says_who_it_is_is_found_behind_a_wrapper() {
        let mut other = Command::new("sleep")
            .arg("1000")
            .spawn()
            .expect("a program");
        let said = Process::find(other.id()).expect("it lives");
        let parent = Parent::new(Some(said));
        assert!(matches!(parent, Parent::BehindWrapper(_)), "{parent:?}");
        assert!(!parent.is_gone());
        other.kill().expect("it is ours");
        assert!(parent.is_gone(), "though nobody has waited for it");
        other.wait().expect("it is ours");
        assert!(parent.is_gone());
        // Another process with its number, and one that is the parent itself.
        let this = Process::this().expect("it lives");
        let later = Process {
            began: this.began + 1,
            ..this
        };
        assert!(Parent::BehindWrapper(later).is_gone());
        for said in [None, Some(later), Process::find(parent_id())] {
            let parent = Parent::new(said);
            assert!(matches!(parent, Parent::Direct(id) if id == parent_id()));
        }
    }
}
