//! What the HTTP door answers below `/chapter`.

use crate::guard;
use crate::live::Live;
use barewire::http::{self, Handled, Request, Response};

pub(crate) struct Site {
    live: Live,
}

impl Site {
    pub(crate) fn new() -> Site {
        Site { live: Live::new() }
    }

    /// Whether this path is one of the page.
    pub(crate) fn has(path: &str) -> bool {
        path == "/chapter" || path.starts_with("/chapter/")
    }

    pub(crate) fn serve(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        guard::check_host(&req)?;
        match req.path() {
            "/chapter/live" => self.live.serve(req, res),
            _ => Err(http::refuse(
                404,
                "there is nothing here (RFC 9110 §15.5.5)",
            )),
        }
    }
}
