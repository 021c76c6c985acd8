//! What an explanation says of one policy after another.
