//! The response to a request that the proxy does not forward: a status, and a sentence that helps.

use crate::reach::Misleading;
use barewire::http::pool::Refused as Full;
use barewire::http::{Error, Failure, Response};
use std::fmt;
use std::io::ErrorKind;

#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    /// For a status of which the library has none.
    reason: Option<&'static str>,
    text: String,
    fields: Vec<(&'static str, &'static str)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, text: impl Into<String>) -> Refusal {
        Refusal {
            status,
            reason: None,
            text: text.into(),
            fields: vec![("Content-Type", "text/plain; charset=utf-8")],
        }
    }

    pub(crate) fn not_listed(host: &str, port: u16) -> Refusal {
        let text = format!(
            "this proxy does not allow {host}:{port}; \
             start it with --allow {host}:{port} to change that (RFC 9110 §15.5.4)"
        );
        Refusal::new(403, text)
    }

    // RFC 9110 §11.7.1: "A proxy MUST send at least one Proxy-Authenticate header field in each 407
    // (Proxy Authentication Required) response that it generates."
    pub(crate) fn unknown_client() -> Refusal {
        let text = "this proxy requires credentials in Proxy-Authorization (RFC 9110 §11.7.2)";
        let mut refusal = Refusal::new(407, text);
        let challenge = ("Proxy-Authenticate", "Basic realm=\"barewire proxy\"");
        refusal.fields.push(challenge);
        refusal
    }

    /// The status is WebDAV's, for a loop of another kind; no status of RFC 9110 fits as well.
    // RFC 9110 §7.6: "An intermediary MUST NOT forward a message to itself unless it is protected
    // from an infinite request loop."
    pub(crate) fn looping(name: &str) -> Refusal {
        let text = format!("this request has been through {name} before (RFC 9110 §7.6.3)");
        Refusal {
            reason: Some("Loop Detected"),
            ..Refusal::new(508, text)
        }
    }

    /// The methods that the proxy forwards, for a request that it does not forward.
    pub(crate) fn allowing(mut self, methods: &'static str) -> Refusal {
        self.fields.push(("Allow", methods));
        self
    }

    /// The server could not be reached, or its response was bad.
    pub(crate) fn of(error: &Error, host: &str) -> Refusal {
        let mut fields = Vec::new();
        let status = match error {
            Error::Io(e) if e.get_ref().is_some_and(|e| e.is::<Misleading>()) => 403,
            // RFC 9110 §15.6.4: "the server is currently unable to handle the request due to a
            // temporary overload"
            Error::Io(e) if e.get_ref().is_some_and(|e| e.is::<Full>()) => {
                fields.push(("Retry-After", "1"));
                503
            }
            // RFC 9110 §15.6.5: "did not receive a timely response from an upstream server it
            // needed to access in order to complete the request"
            Error::Io(e) if e.kind() == ErrorKind::TimedOut => 504,
            _ => 502,
        };
        let mut refusal = Refusal::new(status, format!("{host}: {error}"));
        refusal.fields.append(&mut fields);
        refusal
    }

    /// Answers. Returns the text for the log.
    pub(crate) fn answer(self, response: Response<'_>) -> Result<String, Failure> {
        let log = self.to_string();
        let text = format!("proxy: {}\n", self.text);
        let length = text.len().to_string();
        let mut fields = self.fields;
        fields.push(("Content-Length", &length));
        let response = match self.reason {
            Some(reason) => response.write_head((self.status, reason), fields)?,
            None => response.write_head(self.status, fields)?,
        };
        response.end(text)?;
        Ok(log)
    }

    /// Answers if the failure is a refusal; returns any other failure.
    pub(crate) fn answer_or(failure: Failure, response: Response<'_>) -> Result<String, Failure> {
        failure.downcast::<Refusal>()?.answer(response)
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}
