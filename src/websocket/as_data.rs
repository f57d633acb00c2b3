//! What can be sent as a message: the usual types, owned or borrowed. Nothing is copied.

use super::wire::{Data, OwnedData};
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// What can be sent as a message, or as a part of one: text (`&str`, `String` …) or bytes (`&[u8]`,
/// `Vec<u8>` …).
///
/// The usual types have it, and so has each reference to one and each of `Box`, `Rc`, `Arc` and `Cow` around one.
/// The message is borrowed while it is sent: no copy is made, whether it was passed by value or by reference.
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let mut ws = websocket::connect(&format!("ws://{}/", server.local_addr()))?;
/// ws.send("hello")?;
/// ws.send(format!("{} words", 2))?;
/// ws.send([1, 2, 3])?;
/// # for expected in ["hello", "2 words"] {
/// #     assert_eq!(ws.receive()?.unwrap(), expected);
/// # }
/// let message = ws.receive()?.unwrap().into_owned(); // it may be kept now
/// ws.send(&message)?;
/// # assert_eq!(ws.receive()?.unwrap(), [1, 2, 3]);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A program's own type has it if it has text or bytes to show:
///
/// ```
/// use barewire::websocket::{AsData, Data, Room};
///
/// struct Line { text: String }
///
/// impl AsData for Line {
///     fn as_data(&self) -> Data<'_> {
///         Data::Text(&self.text)
///     }
/// }
///
/// Room::default().send(Line { text: "anna: hello".to_owned() });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message of a WebSocket",
    label = "not text, and not bytes",
    note = "send text (`&str`, `String`: `format!(\"{{}}\", value)` makes one) or bytes (`&[u8]`, `Vec<u8>`, `[u8; N]`)",
    note = "`receive` returns an `Option`: what is inside can be sent"
)]
pub trait AsData {
    /// The message, borrowed.
    fn as_data(&self) -> Data<'_>;
}

impl AsData for Data<'_> {
    fn as_data(&self) -> Data<'_> {
        *self
    }
}

impl AsData for OwnedData {
    fn as_data(&self) -> Data<'_> {
        match self {
            OwnedData::Text(text) => Data::Text(text),
            OwnedData::Binary(bytes) => Data::Binary(bytes),
        }
    }
}

impl AsData for str {
    fn as_data(&self) -> Data<'_> {
        Data::Text(self)
    }
}

impl AsData for String {
    fn as_data(&self) -> Data<'_> {
        Data::Text(self)
    }
}

impl AsData for [u8] {
    fn as_data(&self) -> Data<'_> {
        Data::Binary(self)
    }
}

impl<const N: usize> AsData for [u8; N] {
    fn as_data(&self) -> Data<'_> {
        Data::Binary(self)
    }
}

impl AsData for Vec<u8> {
    fn as_data(&self) -> Data<'_> {
        Data::Binary(self)
    }
}

impl<B: AsData + ToOwned + ?Sized> AsData for Cow<'_, B> {
    fn as_data(&self) -> Data<'_> {
        (**self).as_data()
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => { $(
        impl<T: AsData + ?Sized> AsData for $pointer {
            #[inline]
            fn as_data(&self) -> Data<'_> {
                (**self).as_data()
            }
        }
    )* };
}

pointers! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

#[cfg(test)]
mod tests {
    use super::*;

    fn is<'a>(data: &'a impl AsData, expected: Data<'_>) -> bool {
        let shown: Data<'a> = data.as_data();
        shown == expected
    }

    #[test]
    fn the_usual_types_are_messages() {
        let text = Data::Text("a");
        assert!(is(&"a", text) && is(&&"a", text) && is(&"a".to_owned(), text));
        assert!(is(&&"a".to_owned(), text) && is(&Box::<str>::from("a"), text));
        assert!(is(&Cow::Borrowed("a"), text) && is(&Cow::<str>::Owned("a".into()), text));
        assert!(is(&Arc::<str>::from("a"), text) && is(&Rc::<str>::from("a"), text));
        assert!(is(&text, text) && is(&&text, text) && is(&text.into_owned(), text));

        let bytes = Data::Binary(&[1]);
        assert!(is(&[1], bytes) && is(b"\x01", bytes) && is(&&[1_u8][..], bytes));
        assert!(is(&vec![1], bytes) && is(&&vec![1], bytes) && is(&&mut [1], bytes));
        assert!(is(&Box::<[u8]>::from([1]), bytes) && is(&Arc::new(vec![1]), bytes));
        assert!(is(&Cow::<[u8]>::Owned(vec![1]), bytes) && is(&bytes.into_owned(), bytes));
    }

    #[test]
    fn no_copy_is_made() {
        let text = "a".repeat(100);
        let shown = (&&text).as_data().bytes().as_ptr();
        assert_eq!(shown, text.as_ptr());
        assert_eq!(
            Data::Text(&text).into_owned().as_data().bytes(),
            text.as_bytes()
        );
    }
}
