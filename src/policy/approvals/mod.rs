//! Approvals: what came to a branch was seen by somebody else, who has signed that.
//!
//! An [`Approval`] is a Git object that travels in a push like any other; `judge` asks for those
//! that a rule of `[[protect]]` wants. What they are of is a [`crate::change::ChangeId`], so that a
//! rebase keeps them and an edit does not.

mod approval;
mod approved;
mod bound;
mod brought;
mod decide;
mod guard;
mod judge;
mod owners;
mod parked;
mod proposal;
mod rule;

pub use approval::{APPROVALS, Approval, BadApproval, SignedApproval, is_line};
pub use approved::Approved;
pub(super) use judge::{Judge, Update};
pub use owners::Owners;
pub(super) use parked::parked;
pub use proposal::{NotProposed, Proposal, Proposed};
pub use rule::{ApprovedBy, OwnersAt};
