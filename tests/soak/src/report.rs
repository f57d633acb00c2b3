//! What a run has found: the tables, and the verdict.

use crate::good::Seen;
use crate::process::Usage;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many errors of a kind are printed.
const SHOWN: usize = 5;

#[derive(Default)]
pub(crate) struct Report {
    checks: Vec<(bool, String)>,
    faults: BTreeMap<String, usize>,
    failed_faults: Vec<String>,
    /// The longest that a server took to accept again.
    pub(crate) back: Duration,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn check(&mut self, name: &str, holds: bool, detail: String) {
        let line = match holds {
            true => format!("ok   {name}"),
            false => format!("FAIL {name}: {detail}"),
        };
        self.checks.push((holds, line));
    }

    pub(crate) fn fault(&mut self, name: &str) {
        *self.faults.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn failed_fault(&mut self, what: String) {
        self.failed_faults.push(what);
    }

    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Holds if there are no errors.
    pub(crate) fn check_none(&mut self, name: &str, errors: &[String]) {
        let first = errors
            .iter()
            .take(SHOWN)
            .map(|error| format!("\n       {error}"));
        self.check(
            name,
            errors.is_empty(),
            format!("{}{}", errors.len(), first.collect::<String>()),
        );
    }

    pub(crate) fn good(&mut self, seen: &mut [Seen], worst: Duration) {
        let (mut errors, mut slow) = (Vec::new(), Vec::new());
        println!(
            "\ngood clients                   count     p50     p99   worst  errors excused  (ms)"
        );
        for Seen {
            name,
            latencies,
            errors: wrong,
            excused,
        } in seen
        {
            latencies.sort_unstable();
            let count = latencies.len();
            let last = count.saturating_sub(1);
            let at = |percent: usize| latencies.get(last * percent / 100).copied();
            let ms = |percent| at(percent).unwrap_or_default().as_secs_f64() * 1000.0;
            let (p50, p99, most) = (ms(50), ms(99), ms(100));
            let failed = wrong.len();
            println!("{name:<28}{count:>8}{p50:>8.2}{p99:>8.2}{most:>8.1}{failed:>8}{excused:>8}");
            errors.extend(wrong.iter().map(|error| format!("{name}: {error}")));
            if count == 0 {
                errors.push(format!("{name}: never answered"));
            }
            if at(100).is_some_and(|most| most > worst) {
                slow.push(format!("{name}: {most:.0} ms"));
            }
        }
        self.check_none("good clients saw no error", &errors);
        self.check_none(&format!("good clients waited {worst:?} at most"), &slow);
    }

    pub(crate) fn crowd(&mut self, lines: Vec<String>) {
        println!("\nthe crowd                             done  errors  excused");
        let is_error = |line: &String| line.starts_with("error ");
        let (errors, rows): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_error);
        rows.iter().for_each(|row| println!("{row}"));
        self.check_none("honest clients of the crowd saw no error", &errors);
        self.check(
            "the crowd has reported",
            !rows.is_empty(),
            "it ended early".into(),
        );
    }

    pub(crate) fn faults(&mut self) {
        println!("\nfaults");
        for (name, times) in &self.faults {
            println!("  {times} x {name}");
        }
        println!(
            "  the longest until a server accepted again: {:.0?}",
            self.back
        );
        let failed = std::mem::take(&mut self.failed_faults);
        self.check_none("servers accept again 2 s after what had run out", &failed);
    }

    pub(crate) fn left_over(&mut self, start: &Usage, most: &Usage, rest: &Usage, early_kib: u64) {
        println!("\nthe server               start      most      rest");
        let mut row = |name: &str, of: fn(&Usage) -> u64, may: u64| {
            let [start, most, rest] = [start, most, rest].map(of);
            println!("{name:<20}{start:>10}{most:>10}{rest:>10}");
            let detail = format!("{rest}, may be {may}");
            self.check(&format!("{name} after rest"), rest <= may, detail);
        };
        row(
            "descriptors",
            |usage| usage.descriptors as u64,
            start.descriptors as u64,
        );
        row(
            "threads",
            |usage| usage.threads() as u64,
            start.threads() as u64,
        );
        // 10 MiB more than in the first minute.
        row(
            "resident KiB",
            |usage| usage.resident_kib,
            early_kib + 10 * 1024,
        );
        println!("  in the first minute{early_kib:>19}");
        if rest.threads != start.threads {
            self.note(format!(
                "threads: {:?}, at the start {:?}",
                rest.threads, start.threads
            ));
        }
    }

    pub(crate) fn complaints(&mut self, lines: &[String]) {
        println!("\nthe server wrote {} lines of errors", lines.len());
        lines
            .iter()
            .take(SHOWN)
            .for_each(|line| println!("  {line}"));
        let panics = lines.iter().filter(|line| line.contains("panicked"));
        self.check_none(
            "the server did not panic",
            &panics.cloned().collect::<Vec<_>>(),
        );
    }

    /// Prints what holds and what does not; whether all does.
    pub(crate) fn verdict(self) -> bool {
        println!();
        self.notes.iter().for_each(|note| println!("note: {note}"));
        self.checks.iter().for_each(|(_, line)| println!("{line}"));
        let passed = self.checks.iter().filter(|(holds, _)| *holds).count();
        println!("{passed} passed, {} failed", self.checks.len() - passed);
        passed == self.checks.len()
    }
}
