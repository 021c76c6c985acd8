//! The sample events under `events/`.

use std::path::Path;

/// The bytes of the sample `<source>/<case>.json`.
///
/// # Panics
///
/// If there is no such sample.
pub fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
