//! Scenarios with real Git.
