//! The events of the notes, printed.

use crate::demo::{err, log};
use barewire::cluster::{Child, Events};
use barewire::net::Addr;
use std::io::{self, ErrorKind};

pub(crate) struct Life {
    pub(crate) is_quiet: bool,
}

impl Life {
    fn print(&self, child: &Child, event: &str) {
        if !self.is_quiet {
            log!("worker {} (process {}): {event}", child.id(), child.pid());
        }
    }
}

impl Events for Life {
    fn setup(&self, address: &Addr) {
        if !self.is_quiet {
            log!("setup: {address}");
        }
    }

    fn fork(&self, child: &Child) {
        self.print(child, "fork");
    }

    fn online(&self, child: &Child) {
        self.print(child, "online");
    }

    fn listening(&self, child: &Child, _address: &Addr) {
        self.print(child, "listening");
    }

    fn message(&self, child: &Child, text: &str) {
        self.print(child, &format!("message {text:?}"));
    }

    fn disconnect(&self, child: &Child) {
        self.print(child, "disconnect");
    }

    fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
        let how = match (code, signal) {
            (Some(code), _) => format!("exit, code {code}"),
            (_, Some(signal)) => format!("exit, signal {signal}"),
            _ => "exit".to_owned(),
        };
        self.print(child, &how);
    }

    fn close(&self, child: &Child, _code: Option<i32>, _signal: Option<i32>) {
        self.print(child, "close");
    }

    /// The end of the cluster is the demo's own error, and printed as that.
    fn error(&self, child: Option<&Child>, error: &io::Error) {
        if child.is_some() || error.kind() != ErrorKind::Other {
            err!("{error}");
        }
    }
}
