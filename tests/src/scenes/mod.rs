//! What must work from end to end, as scenes that are played and checked at the
//! same time: the demonstration shows them, the tests only check them.

mod breakage;
mod connections;
pub(crate) mod event;
mod load;
mod narrator;
mod noise;
mod outside;
mod refusal;
mod stage;

pub use narrator::Narrator;
pub use stage::Stage;
pub(crate) use stage::record;

use crate::stack::Outcome;

/// A scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// An ECS service under load is given more tasks, and gives them back.
    Load,
    /// A database runs out of connections: people are woken one after another.
    Connections,
    /// Remediation that somebody has stopped is refused, and people hear at once.
    Refusal,
    /// What must not wake anybody, or only once.
    Noise,
    /// Watchkeeper itself is broken.
    Breakage,
    /// What users cannot do, and a job that does not run: seen from outside.
    Outside,
}

impl Scene {
    /// All, in the order in which they are shown.
    pub const ALL: [Scene; 6] = [Scene::Load, Scene::Connections, Scene::Refusal, Scene::Noise, Scene::Breakage, Scene::Outside];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Scene::Load => "API under load",
            Scene::Connections => "Database connections",
            Scene::Refusal => "Remediation refused",
            Scene::Noise => "Noise",
            Scene::Breakage => "Something breaks",
            Scene::Outside => "A look from outside",
        }
    }

    /// Plays it.
    ///
    /// # Errors
    /// Which step did not come out as expected, and what was seen instead.
    pub async fn play(self, stage: &Stage) -> Outcome<()> {
        match self {
            Scene::Load => load::play(stage).await,
            Scene::Connections => connections::play(stage).await,
            Scene::Refusal => refusal::play(stage).await,
            Scene::Noise => noise::play(stage).await,
            Scene::Breakage => breakage::play(stage).await,
            Scene::Outside => Box::pin(outside::play(stage)).await,
        }
        .map_err(|why| format!("scene \"{}\": {why}", self.title()))
    }
}
