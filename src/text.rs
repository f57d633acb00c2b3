//! Characters across chunk borders.
