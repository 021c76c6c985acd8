//! Lambda: remembers which reserved concurrency a function was given, time after time,
//! which the emulator does not.

use std::sync::{Arc, Mutex, PoisonError};

use testkit::wire::Call;

/// What functions were given. Whoever asks the emulator itself is not seen here.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    given: Arc<Mutex<Vec<Given>>>,
}

/// A function's name, and how much was reserved for it.
type Given = (String, Option<u64>);

impl Functions {
    /// What was reserved for a function, in order; none where a reservation was taken
    /// away.
    pub fn reservations(&self, function: &str) -> Vec<Option<u64>> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().filter(|(name, _)| name == function).map(|(_, reserved)| *reserved).collect()
    }

    /// Looks at a call that the emulator has taken.
    pub(super) fn look(&self, call: &Call) {
        let reserved = match call.operation.as_str() {
            "PutFunctionConcurrency" => call.input["ReservedConcurrentExecutions"].as_u64(),
            "DeleteFunctionConcurrency" => None,
            _ => return,
        };
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push((call.text("FunctionName").to_owned(), reserved));
    }
}
