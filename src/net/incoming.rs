//! What a wait for a message has brought.

/// What a wait with a limit has brought: something, nothing within its time, or the end of the connection.
/// [`FramedReader::receive_within`](super::FramedReader::receive_within) returns one, and so does
/// [`websocket::Reader::receive_within`](crate::websocket::Reader::receive_within).
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::net::{self, Framed, Incoming, Socket};
/// use std::io;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// fn ask_again_and_again(socket: Socket) -> io::Result<()> {
///     let (mut reader, writer) = Framed::new(socket, Delimiter::CRLF).split();
///     loop {
///         match reader.receive_within(Duration::from_millis(20))? {
///             Incoming::Came(b"QUIT") | Incoming::Closed => return Ok(()),
///             Incoming::Came(line) => writer.send(line)?,
///             Incoming::Nothing => writer.send("are you still there?")?,
///         }
///     }
/// }
///
/// let handle = net::create_server(ask_again_and_again).listen("127.0.0.1:0")?;
/// let mut client = Framed::new(net::connect(&handle.local_addr().to_string())?, Delimiter::CRLF);
/// assert_eq!(client.receive()?, Some(&b"are you still there?"[..]));
/// client.send("QUIT")?;
/// # drop(client);
/// # handle.shutdown(Duration::from_secs(1));
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<T> {
    /// This has come.
    Came(T),
    /// The time has passed. What has come of a message is kept, and the next call goes on with it.
    Nothing,
    /// The connection is closed, or the server of this socket [is stopping](super::Framed#when-the-server-stops): no
    /// message follows.
    Closed,
}
