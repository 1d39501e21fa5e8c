//! Lists what an event would bring in, no more and no less.

mod content;

pub use content::{Content, Fresh};
