//! Approvals.
mod decide;
mod owners;
