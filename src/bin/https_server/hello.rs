//! The one answer of the server.

use barewire::http::{Error, Request, Response};

pub(crate) fn hello(_req: Request<'_>, res: Response<'_>) -> Result<(), Error> {
    res.write_head(200, [("Content-Type", "text/plain")])?
        .end("hello world\n")
}
