//! What the language says: a table of expectations, and laws.

mod laws;
mod table;
