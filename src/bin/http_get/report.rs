//! What `-w` prints of a transfer.

use crate::demo::printable;
use barewire::http::Timings;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

const TIMES: [&str; 5] = [
    "time_queue",
    "time_namelookup",
    "time_connect",
    "time_appconnect",
    "time_starttransfer",
];

/// The values of a transfer, by the names of `-w`.
pub(crate) struct Report {
    began: Instant,
    values: BTreeMap<&'static str, String>,
}

impl Report {
    pub(crate) fn new(url: &str, method: &str) -> Report {
        let (began, values) = (Instant::now(), BTreeMap::new());
        let mut report = Report { began, values };
        report.set("url", url);
        report.set("url_effective", url);
        report.set("method", method);
        report.set("content_type", "");
        report.set("http_code", "000");
        report.set("response_code", "000");
        let numbers = ["http_version", "exitcode", "num_connects"];
        let sizes = ["size_download", "size_header", "size_upload"];
        for name in numbers.into_iter().chain(sizes) {
            report.set(name, 0);
        }
        for name in TIMES {
            report.set(name, seconds(Duration::ZERO));
        }
        report
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Display) {
        self.values.insert(name, value.to_string());
    }

    /// Each is the time from the start.
    pub(crate) fn set_timings(&mut self, it: &Timings) {
        let connected = it.queue + it.resolve + it.connect;
        let secured = match it.secure {
            Duration::ZERO => it.secure, // no TLS: 0, as with curl
            secure => connected + secure,
        };
        let resolved = it.queue + it.resolve;
        let times = [it.queue, resolved, connected, secured, it.first_byte];
        for (name, time) in TIMES.into_iter().zip(times) {
            self.set(name, seconds(time));
        }
    }

    /// `format` with every `%{name}` replaced.
    pub(crate) fn write(&self, format: &str) -> String {
        let mut out = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            out.push_str(&rest[..at]);
            rest = self.special(&rest[at..], &mut out);
        }
        out + rest
    }

    /// Writes what the beginning of `text` stands for; returns the rest.
    fn special<'t>(&self, text: &'t str, out: &mut String) -> &'t str {
        for (sign, means) in [("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("%%", "%")] {
            if let Some(rest) = text.strip_prefix(sign) {
                out.push_str(means);
                return rest;
            }
        }
        let name = text
            .strip_prefix("%{")
            .and_then(|text| text.split_once('}'));
        if let Some((name, rest)) = name
            && let Some(value) = self.value(name)
        {
            out.push_str(&printable(value.as_bytes()));
            return rest;
        }
        out.push_str(&text[..1]);
        &text[1..]
    }

    fn value(&self, name: &str) -> Option<String> {
        match name {
            "time_total" => Some(seconds(self.began.elapsed())),
            name => self.values.get(name).cloned(),
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_the_rest_stays() {
        let mut report = Report::new("http://a/", "GET");
        report.set("http_code", 204);
        report.set("size_download", 12);
        for (format, written) in [
            (r"%{http_code} %{size_download}\n", "204 12\n"),
            (r"%{method}\t%{url_effective}%%", "GET\thttp://a/%"),
            ("%{nothing} % %{ \\x 你好", "%{nothing} % %{ \\x 你好"),
            ("%{time_connect}", "0.000000"),
            ("", ""),
            ("%", "%"),
            ("\\", "\\"),
        ] {
            assert_eq!(report.write(format), written);
        }
        assert_eq!(Report::new("a", "b").write("%{http_code}"), "000");
    }
}
