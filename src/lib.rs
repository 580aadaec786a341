//! Lumos.
