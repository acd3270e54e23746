//! `cargo repro …`: the same program under the name that cargo looks for.

fn main() -> std::process::ExitCode {
    repro::entry::main()
}
