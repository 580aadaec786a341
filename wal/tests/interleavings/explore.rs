//! Runs a model under many schedules; how many, how deep and how long the crate root says.

use std::io::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Switches that PCT places in a schedule.
const DEPTH: usize = 3;
/// Schedules a seed: one at random, and two by PCT, which learns from the first how long they are.
const SCHEDULES: u64 = 3;

fn seeds() -> Range<u64> {
    let text = std::env::var("LUMOS_SEEDS").unwrap_or_default();
    let bounds = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.map_or(0..super::SEEDS, |(from, to): (u64, u64)| from..to)
}

fn config(persistence: FailurePersistence) -> Config {
    let mut config = Config::new();
    config.stack_size = super::STACK;
    config.failure_persistence = persistence;
    config.silence_warnings = true;
    config
}

fn run(seed: u64, config: &Config, model: impl Fn() + Send + Sync + Copy + 'static) {
    Runner::new(RandomScheduler::new_from_seed(seed, 1), config.clone()).run(model);
    let pct = PctScheduler::new_from_seed(seed, DEPTH, 2);
    Runner::new(pct, config.clone()).run(model);
}

/// Runs a model under the schedules of all seeds; a failure prints its schedule.
pub(crate) fn explore(name: &str, model: impl Fn() + Send + Sync + Copy + 'static) {
    let seeds = seeds();
    let config = config(FailurePersistence::Print);
    for seed in seeds.clone() {
        run(seed, &config, model);
    }
    let schedules = (seeds.end - seeds.start) * SCHEDULES;
    writeln!(
        std::io::stderr().lock(),
        "interleavings: {name}: {schedules} schedules"
    )
    .unwrap();
}

/// The first seed under one of whose schedules a model fails.
pub(crate) fn first_failure(
    most: u64,
    model: impl Fn() + Send + Sync + Copy + 'static,
) -> Option<u64> {
    let mut config = config(FailurePersistence::None);
    // Who waits for what never comes is found sooner.
    config.max_steps = MaxSteps::FailAfter(super::STEPS);
    (0..most).find(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed, &config, model))).is_err())
}
