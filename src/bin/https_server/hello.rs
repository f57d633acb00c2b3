//! The one answer of the server.

use barewire::http::{Handled, Request, Response};

pub(crate) fn hello(_req: Request<'_>, res: Response<'_>) -> Handled {
    res.write_head(200, [("Content-Type", "text/plain")])?
        .end("hello world\n")
}
