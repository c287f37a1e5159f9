//! The `driftgate` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    driftgate::cli::run(std::env::args_os())
}
