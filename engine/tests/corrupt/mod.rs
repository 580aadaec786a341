//! Databases whose files were changed, and what must become of them.

pub(crate) mod mutant;
pub(crate) mod pristine;
pub(crate) mod supervise;
pub(crate) mod verdict;
