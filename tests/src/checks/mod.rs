//! What a test asks of the deployment, and no scene shows.

pub mod burst;
pub mod destroy;
pub mod guards;
pub mod plan;
pub mod policy;
pub mod size;
