//! What `-w` prints of a transfer.

use barewire::http::Timings;
use std::time::{Duration, Instant};

pub(crate) struct Report {
    pub(crate) began: Instant,
    pub(crate) url: String,
    /// The URL after redirects.
    pub(crate) effective: Option<String>,
    pub(crate) method: String,
    pub(crate) status: u16,
    pub(crate) version: &'static str,
    pub(crate) content_type: String,
    pub(crate) timings: Option<Timings>,
    pub(crate) head_bytes: usize,
    pub(crate) downloaded: u64,
    pub(crate) uploaded: u64,
    pub(crate) connects: usize,
    pub(crate) exit_code: u8,
}

impl Report {
    pub(crate) fn new(url: &str, method: &str) -> Report {
        Report {
            began: Instant::now(),
            url: url.to_owned(),
            effective: None,
            method: method.to_owned(),
            status: 0,
            version: "0",
            content_type: String::new(),
            timings: None,
            head_bytes: 0,
            downloaded: 0,
            uploaded: 0,
            connects: 0,
            exit_code: 0,
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
            out.push_str(&value);
            return rest;
        }
        out.push_str(&text[..1]);
        &text[1..]
    }

    fn value(&self, name: &str) -> Option<String> {
        let time = |time: Duration| Some(format!("{:.6}", time.as_secs_f64()));
        let (queue, resolved, connected, secured, first) = match &self.timings {
            None => Default::default(),
            // Each is the time from the start.
            Some(it) => (
                it.queue,
                it.queue + it.resolve,
                it.queue + it.resolve + it.connect,
                match it.secure {
                    Duration::ZERO => it.secure, // no TLS: 0, as with curl
                    secure => it.queue + it.resolve + it.connect + secure,
                },
                it.first_byte,
            ),
        };
        match name {
            "content_type" => Some(self.content_type.clone()),
            "exitcode" => Some(self.exit_code.to_string()),
            "http_code" | "response_code" => Some(format!("{:03}", self.status)),
            "http_version" => Some(self.version.to_owned()),
            "method" => Some(self.method.clone()),
            "num_connects" => Some(self.connects.to_string()),
            "size_download" => Some(self.downloaded.to_string()),
            "size_header" => Some(self.head_bytes.to_string()),
            "size_upload" => Some(self.uploaded.to_string()),
            "time_queue" => time(queue),
            "time_namelookup" => time(resolved),
            "time_connect" => time(connected),
            "time_appconnect" => time(secured),
            "time_starttransfer" => time(first),
            "time_total" => time(self.began.elapsed()),
            "url" => Some(self.url.clone()),
            "url_effective" => Some(self.effective.as_ref().unwrap_or(&self.url).clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_the_rest_stays() {
        let report = Report {
            status: 204,
            downloaded: 12,
            ..Report::new("http://a/", "GET")
        };
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
