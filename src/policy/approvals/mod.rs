//! Approvals.
mod owners;
