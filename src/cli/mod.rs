//! Parses the command line, composes the rooms, and exits. The only room that prints.

mod approve;
mod args;
mod audit;
mod baseline;
mod catalogue;
mod check;
mod confirm;
mod exit;
mod explain;
mod hook;
mod import;
mod install;
mod landed;
mod needs;
mod notify;
mod output;
mod policy;
mod progress;
mod record;
mod replay;
mod scan;
mod shown;

pub use exit::Exit;

use crate::git::escape;
use args::{Cli, Command};
use clap::{CommandFactory as _, Parser as _};
use std::ffi::OsString;
use std::process::ExitCode;

/// Carries out a command line, its first word being the program.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = match Cli::try_parse_from(args) {
        Ok(cli) => carry_out(cli.command),
        Err(asked) => {
            // Help and version are answers, everything else is wrong usage; clap knows which.
            let _ = asked.print();
            if asked.use_stderr() {
                Exit::Usage
            } else {
                Exit::Clean
            }
        }
    };
    exit.into()
}

fn carry_out(command: Command) -> Exit {
    match command {
        Command::Install(args) => install::install(&args),
        Command::Uninstall(args) => install::uninstall(&args),
        Command::Status(args) => install::status(&args),
        Command::Hook(args) => hook::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Confirm(args) => confirm::confirm(&args),
        Command::Bypass(args) => confirm::bypass(&args),
        Command::Approve(args) => approve::run(&args),
        Command::Policy(args) => policy::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Rules(args) => catalogue::rules(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => {
            let mut text = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "portcullis", &mut text);
            output::print(&text)
        }
        Command::Man(args) => man(&args.words),
        Command::Help(args) => help(&args.words),
    }
}

/// A command by the words that call it.
fn named(words: &[String]) -> Result<clap::Command, String> {
    let mut command = Cli::command();
    command.build();
    for (at, word) in words.iter().enumerate() {
        let Some(found) = command.find_subcommand(word) else {
            let name = escape(words[..=at].join(" ").as_bytes());
            return Err(format!(
                "there is no command {name}; `portcullis help` lists them all"
            ));
        };
        command = found.clone();
    }
    Ok(command)
}

fn man(words: &[String]) -> Exit {
    let command = match named(words) {
        Ok(command) => command,
        Err(why) => return output::complain(Exit::Usage, &why),
    };
    let mut text = Vec::new();
    match clap_mangen::Man::new(command).render(&mut text) {
        Ok(()) => output::print(&text),
        Err(error) => output::complain(Exit::Usage, &error),
    }
}

fn help(words: &[String]) -> Exit {
    if let Err(why) = named(words) {
        return output::complain(Exit::Usage, &why);
    }
    let words = words.iter().map(String::as_str);
    let asked = std::iter::once("portcullis").chain(words).chain(["--help"]);
    match Cli::try_parse_from(asked) {
        Err(answer) if !answer.use_stderr() => {
            // As where `--help` itself is asked for.
            let _ = answer.print();
            Exit::Clean
        }
        Ok(_) | Err(_) => Exit::Usage,
    }
}
