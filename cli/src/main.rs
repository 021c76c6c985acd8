//! `watchkeeper`: incidents, silences, standing orders and what is left undone,
//! from a terminal.

mod args;
mod context;
mod fault;
mod incident;
mod policy;
mod redrive;
mod remediation;
mod show;
mod silence;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};
use crate::context::Context;
use crate::fault::Fault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.global.json;
    arguments.global.color.write_global();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            show::fault(&fault, json);
            ExitCode::from(fault.exit_code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Fault> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Policy(command) => policy::run(&global, command),
        Command::Incident(command) => incident::run(&Context::open(global).await, command).await,
        Command::Silence(command) => {
            silence::run(&Context::open(global).await, command, domain::control::SilenceKind::Silence).await
        }
        Command::Maintenance(command) => {
            silence::run(&Context::open(global).await, command, domain::control::SilenceKind::Maintenance).await
        }
        Command::Remediation(command) => remediation::run(&Context::open(global).await, command).await,
        Command::Redrive => redrive::run(&Context::open(global).await).await,
    }
}
