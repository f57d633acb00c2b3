//! Messages in a stream of bytes (the book's 7.1: sticky packets).
