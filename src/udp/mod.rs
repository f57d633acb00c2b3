//! Datagrams (the book's 7.2).
