//! The faults, one after the other, on the main thread; and what is measured meanwhile.

use crate::addresses::{Addresses, CONNECTED, NAMES, to_text};
use crate::client::Client;
use crate::good;
use crate::process::{Process, Usage};
use crate::random::Random;
use crate::report::Report;
use crate::windows::{BACK_WITHIN, Windows};
use rustix::process::Signal;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// More than the threads that a server has in reserve.
const HOLDERS: usize = 24;
/// A limit below what is open already.
const FEW_DESCRIPTORS: &str = "descriptors 16";
/// A server that tries a few times and then gives up has given up by then.
const THREADS_GONE: Duration = Duration::from_millis(2500);
/// How long a peer that is gone without a word may hold a connection: the longest deadline is the idle timeout of a
/// `net` server, two minutes.
const GONE_AFTER: Duration = Duration::from_secs(140);

pub(crate) struct Faults<'a> {
    pub(crate) server: &'a mut Process,
    pub(crate) crowd: &'a mut Process,
    pub(crate) at: &'a Addresses,
    pub(crate) windows: &'a Windows,
    pub(crate) random: Random,
    pub(crate) most: Usage,
    /// The most memory of the first minute, or of the first half.
    pub(crate) early_kib: u64,
    pub(crate) begin: Instant,
    pub(crate) length: Duration,
}

impl Faults<'_> {
    pub(crate) fn run(&mut self, report: &mut Report) -> io::Result<()> {
        let end = self.begin + self.length;
        let gap = (self.length / 16).clamp(Duration::from_secs(1), Duration::from_secs(15));
        let vanished = self.vanish()?;
        let since = Instant::now();
        let faults: [fn(&mut Self, &mut Report) -> io::Result<()>; 4] =
            [Self::stop, Self::descriptors, Self::threads, Self::kill];
        for fault in faults.iter().cycle() {
            self.wait(gap)?;
            if Instant::now() + gap > end {
                break;
            }
            fault(self, report)?;
        }
        self.wait(end.saturating_duration_since(Instant::now()))?;
        if since.elapsed() >= GONE_AFTER {
            self.count_held(&vanished, report)?;
        } else {
            report.note(format!(
                "vanished peers were not waited for: that takes {GONE_AFTER:?}"
            ));
        }
        Ok(())
    }

    /// Waits, and keeps what the server holds at most.
    fn wait(&mut self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        let early = self.begin + (self.length / 2).min(Duration::from_secs(60));
        while Instant::now() < until {
            thread::sleep(
                Duration::from_millis(100).min(until.saturating_duration_since(Instant::now())),
            );
            let usage = self.server.usage()?;
            if Instant::now() < early {
                self.early_kib = self.early_kib.max(usage.resident_kib);
            }
            self.most.resident_kib = self.most.resident_kib.max(usage.resident_kib);
            self.most.descriptors = self.most.descriptors.max(usage.descriptors);
            if usage.threads() > self.most.threads() {
                self.most.threads = usage.threads;
            }
        }
        Ok(())
    }

    fn some_time(&mut self) -> Duration {
        Duration::from_millis(self.random.between(1000, 2500))
    }

    /// The crowd is stopped, with all its connections, and goes on.
    fn stop(&mut self, report: &mut Report) -> io::Result<()> {
        let time = self.some_time();
        self.crowd.signal(Signal::STOP)?;
        let waited = self.wait(time);
        self.crowd.signal(Signal::CONT)?; // or it could not even end
        waited?;
        report.fault("clients stopped by SIGSTOP, then continued");
        Ok(())
    }

    /// A process of peers that are in the middle of something and will never go on.
    fn vanish(&mut self) -> io::Result<Process> {
        let mut peers = Process::start("vanish", &[to_text(self.at)])?;
        peers.line()?;
        peers.signal(Signal::STOP)?;
        Ok(peers)
    }

    fn kill(&mut self, report: &mut Report) -> io::Result<()> {
        let peers = self.vanish()?;
        let time = self.some_time();
        self.wait(time)?;
        drop(peers);
        report.fault("clients stopped by SIGSTOP, then killed");
        Ok(())
    }

    fn descriptors(&mut self, report: &mut Report) -> io::Result<()> {
        self.begin_window()?;
        self.server.ask(FEW_DESCRIPTORS)?;
        let time = self.some_time();
        self.wait(time)?;
        self.server.ask("descriptors")?;
        self.end_window("descriptors", report)
    }

    /// Connections take all threads that wait, and no new one can be made.
    fn threads(&mut self, report: &mut Report) -> io::Result<()> {
        if self.server.is_root()? {
            report.note("threads did not run out: limits on them do not hold for root".into());
            return Ok(());
        }
        self.begin_window()?;
        self.server.ask("threads 1")?;
        let addresses = self.at[..CONNECTED]
            .iter()
            .cycle()
            .take(CONNECTED * HOLDERS);
        let holders: Vec<_> = addresses.map(|&to| Client::plain(to)).collect();
        let time = THREADS_GONE + self.some_time();
        self.wait(time)?;
        self.server.ask("threads")?;
        let ended = self.end_window("threads", report);
        drop(holders); // not before: no thread has become free
        ended
    }

    fn begin_window(&mut self) -> io::Result<()> {
        self.windows.begin();
        self.crowd.say("begin")
    }

    /// What had run out is back: a client that connects now is served soon.
    fn end_window(&mut self, what: &str, report: &mut Report) -> io::Result<()> {
        self.windows.end();
        self.crowd.say("end")?;
        report.fault(&format!("no {what}, then again"));
        for (name, answered) in good::probe(self.at) {
            match answered {
                Ok(time) if time <= BACK_WITHIN => report.back = report.back.max(time),
                Ok(time) => {
                    report.failed_fault(format!("{what} were back, {name} after {time:.1?}"))
                }
                Err(error) => report.failed_fault(format!("{what} were back, {name}: {error}")),
            }
        }
        Ok(())
    }

    fn count_held(&self, vanished: &Process, report: &mut Report) -> io::Result<()> {
        // The peer's end may stay open: while it takes nothing, not even a FIN gets through.
        let theirs: Vec<u16> = vanished
            .connections()?
            .iter()
            .map(|ports| ports.0)
            .collect();
        let mut held = self.server.connections()?;
        held.retain(|(_, peer)| theirs.contains(peer));
        let names = NAMES.iter().zip(self.at).filter_map(|(name, to)| {
            let count = held.iter().filter(|(port, _)| *port == to.port()).count();
            (count > 0).then(|| format!("{name} {count}"))
        });
        let names: Vec<String> = names.collect();
        let detail = format!("still open after {GONE_AFTER:?}: {}", names.join(", "));
        report.check(
            "vanished peers hold nothing for ever",
            names.is_empty(),
            detail,
        );
        Ok(())
    }
}
