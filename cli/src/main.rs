//! `watchkeeper`: incidents, silences, standing orders and what is left undone,
//! from a terminal.

mod about;
mod args;
mod checked;
mod context;
mod fault;
mod file;
mod heartbeat;
mod incident;
mod policy;
mod probes;
mod read;
mod redrive;
mod remediation;
mod show;
mod silence;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use domain::control::SilenceKind;

use crate::args::{Arguments, Command, Manner};
use crate::context::Context;
use crate::fault::Fault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let manner = Manner::of(&words);
    manner.color.write_global();
    let parsed = Arguments::command()
        .color(manner.color.of_clap())
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let result = match parsed {
        Ok(arguments) => {
            arguments.global.color.write_global();
            run(arguments).await
        }
        // One word is not right: a sentence says which and why, and needs no usage.
        Err(error) if error.use_stderr() && (manner.json || error.kind() == ErrorKind::ValueValidation) => {
            Err(Fault::of_words(&error))
        }
        Err(error) => {
            // Whoever asked has gone if it cannot be printed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            show::fault(&fault, manner.json);
            ExitCode::from(fault.exit_code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Fault> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Policy(command) => policy::run(&global, command).await,
        Command::Probes(command) => probes::run(global, command).await,
        Command::Incident(command) => incident::run(&Context::open(global).await?, command).await,
        Command::Silence(command) => silence::run(&Context::open(global).await?, command.into(), SilenceKind::Silence).await,
        Command::Maintenance(command) => {
            silence::run(&Context::open(global).await?, command.into(), SilenceKind::Maintenance).await
        }
        Command::Remediation(command) => remediation::run(&Context::open(global).await?, command).await,
        Command::Heartbeat(command) => heartbeat::run(&Context::open(global).await?, command).await,
        Command::Redrive => redrive::run(&Context::open(global).await?).await,
    }
}
