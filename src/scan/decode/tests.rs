//! What every decoder finds and leaves, and what bombs and noise end as.
