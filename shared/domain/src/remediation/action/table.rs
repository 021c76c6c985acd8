//! The table of all actions, and what is made of it: one enum for each of the types
//! that an action has.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Attempt, EcsNewDeployment, EcsRollback, EcsScaleOut, Lacking, LambdaConcurrency, Planned, RdsConnectionReset, Recipe, Seen,
    SqsRedrive, SsmRunbook, Standing, Tags,
};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// Calls a macro with the table of actions: for each, what it does, its type, and its
/// name in the policy.
#[macro_export]
macro_rules! for_each_action {
    ($with:ident) => {
        $with! {
            /// Raises the minimum capacity of an ECS service's scalable target.
            EcsScaleOut "ecs-scale-out",
            /// Replaces the tasks of an ECS service by a new deployment of what it runs.
            EcsNewDeployment "ecs-new-deployment",
            /// Brings an ECS service back to what it ran before its last deployment.
            EcsRollback "ecs-rollback",
            /// Ends connections of an RDS instance: idle sessions, then all, by restarting it.
            RdsConnectionReset "rds-connection-reset",
            /// Raises or lowers the reserved concurrency of a Lambda function.
            LambdaConcurrency "lambda-concurrency",
            /// Moves the messages of a dead-letter queue of SQS back to where they came from.
            SqsRedrive "sqs-redrive",
            /// Runs an Automation document of Systems Manager, one of the user's own.
            SsmRunbook "ssm-runbook",
        }
    };
}

macro_rules! enums {
    ($($(#[$about:meta])* $Type:ident $name:literal,)*) => {
        /// What a remediation does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum ActionKind {
            $($(#[$about])* #[serde(rename = $name)] $Type,)*
        }

        /// An action with its parameters.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Action {
            $($(#[$about])* $Type($Type),)*
        }

        /// Exactly what will be done, decided once and then carried out.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "is", content = "plan")]
        pub enum Plan {
            $($(#[$about])* #[serde(rename = $name)] $Type(<$Type as Recipe>::Plan),)*
        }

        /// What a look at a target showed.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum TargetFacts {
            /// There is no such thing.
            Missing,
            /// It may not be looked at: why.
            Hidden(String),
            $($(#[$about])* $Type(<$Type as Recipe>::Facts),)*
        }

        impl Action {
            /// Reads an action's parameters.
            ///
            /// # Errors
            /// What is wrong with their shape, and where.
            pub fn read(kind: ActionKind, parameters: &Value) -> Result<Action, serde_path_to_error::Error<serde_json::Error>> {
                match kind {
                    $(ActionKind::$Type => serde_path_to_error::deserialize(parameters).map(Action::$Type),)*
                }
            }

            /// Its name in the policy.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Action::$Type(_) => $name,)*
                }
            }

            /// See [`Recipe::problems`].
            pub fn problems(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Action::$Type(recipe) => recipe.problems(),)*
                }
            }

            /// See [`Recipe::n_steps`].
            pub fn n_steps(&self) -> usize {
                match self {
                    $(Action::$Type(recipe) => recipe.n_steps(),)*
                }
            }

            /// See [`Recipe::is_disruptive`].
            pub fn is_disruptive(&self, step: usize) -> bool {
                match self {
                    $(Action::$Type(recipe) => recipe.is_disruptive(step),)*
                }
            }

            /// See [`Recipe::target_of_labels`].
            pub fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
                match self {
                    $(Action::$Type(recipe) => recipe.target_of_labels(labels),)*
                }
            }

            /// See [`Recipe::target_of_service`].
            pub fn target_of_service(&self, service: &Service) -> Option<Target> {
                match self {
                    $(Action::$Type(recipe) => recipe.target_of_service(service),)*
                }
            }

            /// See [`Recipe::plan`].
            ///
            /// # Errors
            /// The [`Refusal`] of the first guard that does not allow it.
            pub fn plan(&self, attempt: Attempt<'_>, facts: &TargetFacts) -> Result<Planned<Plan>, Refusal> {
                match (self, facts) {
                    $((Action::$Type(recipe), TargetFacts::$Type(facts)) => {
                        recipe.plan(attempt, facts).map(|planned| planned.map(Plan::$Type))
                    })*
                    (_, TargetFacts::Missing) => Err(Refusal::Missing { target: attempt.target.to_string() }),
                    (_, TargetFacts::Hidden(why)) => Err(Refusal::hidden(attempt.target, why)),
                    // The policy has changed what this remediation does since the look.
                    _ => Err(Refusal::NotInPolicy),
                }
            }
        }

        impl TargetFacts {
            /// The target's tags; none if there is no target to be seen.
            pub fn tags(&self) -> Option<&Tags> {
                match self {
                    TargetFacts::Missing | TargetFacts::Hidden(_) => None,
                    $(TargetFacts::$Type(facts) => Some($Type::tags(facts)),)*
                }
            }
        }

        impl Plan {
            /// The action's name in the policy.
            pub const fn action(&self) -> &'static str {
                match self {
                    $(Plan::$Type(_) => $name,)*
                }
            }

            /// See [`Recipe::sentence`].
            pub fn sentence(&self) -> String {
                match self {
                    $(Plan::$Type(plan) => $Type::sentence(plan),)*
                }
            }

            /// See [`Recipe::is_covered`].
            pub fn is_covered_by(&self, asked: &Plan) -> bool {
                match (asked, self) {
                    $((Plan::$Type(asked), Plan::$Type(plan)) => $Type::is_covered(asked, plan),)*
                    _ => false,
                }
            }

            /// See [`Recipe::seen`].
            pub fn seen(&self, facts: &TargetFacts, since: Timestamp) -> Seen {
                match (self, facts) {
                    $((Plan::$Type(plan), TargetFacts::$Type(facts)) => $Type::seen(plan, facts, since),)*
                    _ => Seen::Gone(facts.absence()),
                }
            }

            /// See [`Recipe::in_place`].
            ///
            /// # Errors
            /// What is not as it should be.
            pub fn in_place(&self, facts: &TargetFacts) -> Result<(), Lacking> {
                match (self, facts) {
                    $((Plan::$Type(plan), TargetFacts::$Type(facts)) => $Type::in_place(plan, facts),)*
                    _ => Err(Lacking::Yet(facts.absence())),
                }
            }

            /// See [`Recipe::is_put_back`].
            pub fn is_put_back(&self) -> bool {
                match self {
                    $(Plan::$Type(plan) => $Type::is_put_back(plan),)*
                }
            }

            /// See [`Recipe::undoing`].
            pub fn undoing(&self) -> String {
                match self {
                    $(Plan::$Type(plan) => $Type::undoing(plan),)*
                }
            }

            /// See [`Recipe::standing`].
            pub fn standing(&self, facts: &TargetFacts) -> Standing {
                match (self, facts) {
                    $((Plan::$Type(plan), TargetFacts::$Type(facts)) => $Type::standing(plan, facts),)*
                    _ => Standing::Lost(facts.absence()),
                }
            }

            /// See [`Recipe::differences`].
            pub fn differences(&self, facts: &TargetFacts) -> Vec<String> {
                match (self, facts) {
                    $((Plan::$Type(plan), TargetFacts::$Type(facts)) => $Type::differences(plan, facts),)*
                    _ => vec![facts.absence()],
                }
            }
        }
    };
}

impl TargetFacts {
    /// What is said of a target that is not as it was.
    fn absence(&self) -> String {
        if let TargetFacts::Hidden(why) = self {
            return format!("the target cannot be looked at: {why}");
        }
        "the target does not exist any more".to_owned()
    }
}

for_each_action!(enums);
