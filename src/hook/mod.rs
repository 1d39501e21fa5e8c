//! Turns Git's calling convention for an event into changes, and arms repositories.

pub mod install;
pub mod table;
