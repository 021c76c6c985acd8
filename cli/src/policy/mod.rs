//! The standing orders: checked, tested, explained and replayed, by the code that
//! carries them out.

pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod file;
pub(crate) mod replay;
pub(crate) mod schema;
pub(crate) mod test;

use clap::Subcommand;

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
The policy is installed by `terraform apply`, which checks it in the same way.

Example:
  watchkeeper policy check infra/policy/policy.yaml";

/// About standing orders.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file: every mistake with its line.
    #[command(after_help = check::about())]
    Check(check::CheckArgs),
    /// Run the tests of a policy.
    #[command(after_help = test::ABOUT)]
    Test(test::TestArgs),
    /// Explain what would happen to an alert, and why.
    #[command(after_help = explain::ABOUT)]
    Explain(explain::ExplainArgs),
    /// Play real alarm history through a policy.
    #[command(after_help = replay::ABOUT)]
    Replay(replay::ReplayArgs),
    /// Print the JSON Schema of the policy file, for editors.
    #[command(after_help = schema::ABOUT)]
    Schema(schema::SchemaArgs),
    /// Answer questions about a policy: JSON Lines in, JSON Lines out.
    #[command(after_help = eval::ABOUT)]
    Eval(eval::EvalArgs),
}

pub(crate) async fn run(global: &Global, command: PolicyCommand) -> Result<(), Fault> {
    match command {
        PolicyCommand::Check(args) => check::run(global, &args),
        PolicyCommand::Test(args) => test::run(global, &args),
        PolicyCommand::Explain(args) => explain::run(global, &args),
        PolicyCommand::Replay(args) => replay::run(global, &args).await,
        PolicyCommand::Schema(args) => {
            schema::run(&args);
            Ok(())
        }
        PolicyCommand::Eval(args) => eval::run(global, &args),
    }
}
