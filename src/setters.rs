//! Options whose methods can be chained: `Files::new(root)?.strip_prefix("/files").dot_files(true)`.
//!
//! Each method takes the options, sets one of them and returns the options. [`setters!`] makes such methods
//! from their signatures and the one thing that each does:
//!
//! ```text
//!   setters! {
//!       /// The file that stands for its directory.
//!       pub fn index(self, name: &str) => self.root.index = name.to_owned();
//!   }
//! ```
//!
//! A method that does more than one thing, or can fail, is written out.

/// Makes methods that set one option each. They stand in the `impl` block of the options.
macro_rules! setters {
    ($(
        $(#[$about:meta])*
        $vis:vis fn $name:ident($self:ident $(, $value:ident: $Value:ty)*) => $set:expr;
    )+) => {$(
        $(#[$about])*
        $vis fn $name(mut $self $(, $value: $Value)*) -> Self {
            $set;
            $self
        }
    )+};
}

pub(crate) use setters;
