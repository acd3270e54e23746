//! The `repro` command.

fn main() -> std::process::ExitCode {
    repro::entry::main()
}
