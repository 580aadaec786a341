//! A model of a database, and random lives of one; every test takes the part it needs.
#![allow(dead_code)]

pub(crate) mod model;
pub(crate) mod mutant;
pub(crate) mod script;
