//! Shows the whole of Watchkeeper on this machine: deployed by its Terraform onto
//! a local stack, in six scenes.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::scenes::{Narrator, Scene, Stage};
use tests::stack::{Outcome, Root, Stack};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep = arguments.iter().any(|argument| argument == "--keep");
    let only = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")).and_then(|n| n.parse::<usize>().ok());
    let narrator = Narrator::aloud();
    // Whatever is dropped on the way out stops what it started.
    let outcome = tokio::select! {
        outcome = show(narrator, keep, only) => outcome,
        () = interrupted() => Err("interrupted".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            anstream::eprintln!("\nThe demonstration stopped.\n{why}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn show(narrator: Narrator, keep: bool, only: Option<usize>) -> Outcome<()> {
    let begun = Instant::now();
    narrator.title("Watchkeeper on this machine");
    let stack = narrator.step("the local stack starts", Stack::start(Root::Demo)).await?;
    stack.terraform.set(&stack.variables())?;
    narrator.step("terraform init", stack.terraform.init()).await?;
    narrator.step("terraform apply", stack.terraform.apply()).await?;
    let deployment = stack.deployed().await?;
    narrator.step("the example system is there: an ECS service and a database", deployment.make_workload()).await?;
    narrator.line("The policy's times are divided by 60: half an hour is half a minute.");
    let stage = Stage::new(deployment, Duration::from_secs(30), narrator);
    for (n, scene) in (1..).zip(Scene::ALL).filter(|(n, _)| only.is_none_or(|only| only == *n)) {
        narrator.title(&format!("{n}. {}", scene.title()));
        scene.play(&stage).await?;
    }
    narrator.title(&format!("All of it came out as expected, in {} s.", begun.elapsed().as_secs()));
    if keep {
        stay(narrator, &stack).await;
    }
    Ok(())
}

/// Leaves the stack up until somebody interrupts.
async fn stay(narrator: Narrator, stack: &Stack) {
    narrator.line("The stack stays up until you press Ctrl-C. To look around from another terminal:");
    narrator.line("");
    for (name, value) in stack.environment() {
        narrator.line(&format!("export {name}={value}"));
    }
    narrator.line(&format!("{} incident list", stack.places.watchkeeper.display()));
    narrator.line("aws cloudwatch set-alarm-state --state-value ALARM --state-reason drill \\");
    narrator.line("    --alarm-name vitascope-database-connections   # if you have the AWS CLI");
    narrator.line("");
    narrator.line(&format!("What Terraform has made: terraform -chdir={} state list", stack.terraform.folder().display()));
    narrator.line(&format!("The emulator's log: {}", stack.emulator_log()));
    interrupted().await;
}
