//! How are laws tried? With inputs made up anew each time, and a seed that is
//! said when one fails: set it as `PROPTEST_RNG_SEED` to see the same inputs
//! again. No file of old failures is kept: what once failed becomes a test with
//! a name.

use std::any::Any;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use proptest::test_runner::{Config, FailurePersistence, PersistedSeed, RngSeed};

/// How a law is tried. `PROPTEST_CASES` says how often, 256 times by default.
pub(crate) fn law() -> Config {
    let mut config = Config::default();
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().build_hasher().finish(),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    config.failure_persistence = Some(Box::new(SaysSeed(seed)));
    config
}

/// How a law is tried whose inputs are long: more often.
pub(crate) fn law_of(n_cases: u32) -> Config {
    let config = law();
    Config { cases: config.cases.max(n_cases), ..config }
}

/// Keeps nothing; says the seed of what failed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SaysSeed(u64);

impl FailurePersistence for SaysSeed {
    fn load_persisted_failures2(&self, _: Option<&'static str>) -> Vec<PersistedSeed> {
        Vec::new()
    }

    fn save_persisted_failure2(&mut self, _: Option<&'static str>, _: PersistedSeed, _: &dyn fmt::Debug) {
        eprintln!("to see these inputs again, set PROPTEST_RNG_SEED={}", self.0);
    }

    fn box_clone(&self) -> Box<dyn FailurePersistence> {
        Box::new(*self)
    }

    fn eq(&self, other: &dyn FailurePersistence) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
