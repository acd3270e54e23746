//! What the canaries of a run are made from on this machine: its scratch directory, its CPUs, and a locale
//! that sorts otherwise than C. Programs of the system are asked; nothing is kept.

use std::path::Path;

use crate::cargo::config::Config;
use crate::process::Cmd;
use crate::variation::Canaries;

/// The canaries of a run of two builds that nothing is known of but its scratch directory and its config.
pub(super) fn of_this_machine(scratch: &Path, config: &Config) -> Canaries {
    let token = scratch.file_name().unwrap_or_default().to_string_lossy();
    let token = token.trim_start_matches("build-").to_lowercase();
    let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    Canaries {
        scratch: scratch.to_owned(),
        token,
        sides: 2,
        cpus,
        locale: other_locale(),
        outer_configs: config.outer_count(),
        ..Canaries::default()
    }
}

/// A locale of this host that sorts otherwise than C.
fn other_locale() -> Option<String> {
    let out = Cmd::new("locale").arg("-a").output().ok()?;
    let plain = |l: &&str| l.starts_with("C.") || *l == "C" || *l == "POSIX";
    let sorted = |locale: &str| {
        let sort = Cmd::new("sort").env("LC_ALL", locale).stdin("B\na\n");
        sort.output().map(|out| out.text()).unwrap_or_default()
    };
    let text = out.text();
    let mut others = text.lines().filter(|l| !plain(l));
    others.find(|l| sorted(l) == "a\nB").map(str::to_string)
}
