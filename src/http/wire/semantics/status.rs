//! Status codes and their reason phrases (RFC 9110 §15).

/// The class of a status code, its first digit: 1 interim, 2 success, 3 redirection, 4 client error, 5 server
/// error. A code outside 100 to 599 is invalid, and counts as a server error.
///
/// ```
/// use barewire::http::wire::status_class;
///
/// assert_eq!(status_class(404), 4);
/// assert_eq!(status_class(600), 5);
/// assert_eq!(status_class(7), 5); // it came as 007
/// ```
// RFC 9110 §15: "A client that receives a response with an invalid status code SHOULD process the response
// as if it had a 5xx (Server Error) status code."
pub fn status_class(status: u16) -> u16 {
    match status {
        100..=599 => status / 100,
        _ => 5,
    }
}

/// The reason phrase that RFC 9110 (or 2518, 6585, 8297) gives a status code; empty for the others and
/// for 305, which is deprecated.
///
/// ```
/// assert_eq!(barewire::http::wire::reason_phrase(404), "Not Found");
/// ```
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
