//! The whole on the local stack.
fn main() {}
