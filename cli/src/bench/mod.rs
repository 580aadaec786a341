//! `lumos bench`: measures the vector index, through the public interface only.

mod ann;
mod idx;
mod runner;
mod scratch;
mod store;
mod truth;
mod vectors;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Outcome;

/// Measure the vector index on vectors of your own.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recall, speed, size and opening time of approximate search
    Ann(ann::Ann),
    /// Turn an IDX file (such as Fashion-MNIST's images) into .fvecs
    Convert(idx::Convert),
    /// Compute the exact nearest neighbours of every query into .ivecs
    Truth(truth::Truth),
}

impl Bench {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        match self.what {
            What::Ann(ann) => ann.run(context),
            What::Convert(convert) => convert.run(context),
            What::Truth(truth) => truth.run(context),
        }
    }
}
