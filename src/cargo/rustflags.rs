//! The user's rustflags by cargo's own precedence, for `--inject rustflags`, where ours must be
//! joined to them: CARGO_ENCODED_RUSTFLAGS, else RUSTFLAGS, else all matching `target.*`, else
//! `build.rustflags`; the levels never merge, and a variable that is set but empty counts.

use std::ffi::OsStr;
use std::str::FromStr;

use anyhow::Result;
use cargo_platform::{Cfg, CfgExpr};

use crate::cargo::config::Config;
use crate::error::refused;
use crate::platform::{self, Platform};
use crate::recipe::environment::Env;

const SEPARATOR: char = '\u{1f}';

/// The flags that cargo would give rustc for `target`, whose `rustc --print cfg` lines are `cfgs`.
pub fn effective(env: &Env, config: &Config, target: &str, cfgs: &str) -> Vec<String> {
    let var = |name: &str| {
        let value = env.get(OsStr::new(name))?;
        Some(value.to_string_lossy().into_owned())
    };
    if let Some(encoded) = var("CARGO_ENCODED_RUSTFLAGS") {
        let words = encoded.split(SEPARATOR).filter(|w| !w.is_empty());
        return words.map(str::to_string).collect();
    }
    if let Some(flags) = var("RUSTFLAGS") {
        return split(&flags);
    }
    let joined = |key: &[&str], variable: &str| {
        let mut flags = config.list(key);
        flags.extend(var(variable).as_deref().map(split).unwrap_or_default());
        flags
    };
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", variable_part(target));
    let mut flags = joined(&["target", target, "rustflags"], &variable);
    let cfgs: Vec<Cfg> = cfgs.lines().filter_map(|l| Cfg::from_str(l).ok()).collect();
    for key in config.keys(&["target"]) {
        if key.starts_with("cfg(") && CfgExpr::matches_key(&key, &cfgs) {
            flags.extend(config.list(&["target", &key, "rustflags"]));
        }
    }
    if !flags.is_empty() {
        return flags;
    }
    joined(&["build", "rustflags"], "CARGO_BUILD_RUSTFLAGS")
}

/// The user's flags and ours for all targets, each given with its `rustc --print cfg`; an error
/// where targets need different ones, since one variable holds them all.
pub fn joined(
    env: &Env,
    config: &Config,
    targets: &[(String, String)],
    ours: &[(Option<Platform>, String)],
) -> Result<Vec<String>> {
    let mut sets = targets.iter().map(|(target, cfgs)| {
        let mut flags = effective(env, config, target, cfgs);
        let family = platform::of_triple(target);
        let fitting = ours.iter().filter(|(only, _)| only.is_none_or(|o| o == family));
        flags.extend(fitting.map(|(_, arg)| arg.clone()));
        flags
    });
    let first = sets.next().unwrap_or_default();
    if sets.any(|other| other != first) {
        return Err(refused(
            "the targets have different rustflags, which one variable cannot hold: build one --target at a time",
        ));
    }
    Ok(first)
}

/// The value of CARGO_ENCODED_RUSTFLAGS for these flags.
pub fn encode(flags: &[String]) -> String {
    flags.join(&SEPARATOR.to_string())
}

fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

fn variable_part(triple: &str) -> String {
    triple.to_uppercase().replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    const LINUX: &str = "x86_64-unknown-linux-gnu";

    fn flags(env: &[(&str, &str)], toml: &str) -> String {
        let env = env.iter().map(|(k, v)| (k.into(), v.into())).collect();
        effective(&env, &Config::of_texts(&[toml]), LINUX, "unix\ntarget_os=\"linux\"").join(" ")
    }

    #[test]
    fn levels_do_not_merge() {
        let toml = "[build]\nrustflags = '-a -b'\n[target.'cfg(unix)']\nrustflags = ['-c']\n\
            [target.x86_64-unknown-linux-gnu]\nrustflags = ['-d']\n[target.'cfg(windows)']\nrustflags = ['-e']";
        assert_eq!(flags(&[], toml), "-d -c");
        assert_eq!(flags(&[("RUSTFLAGS", "-r  -s")], toml), "-r -s");
        assert_eq!(flags(&[("RUSTFLAGS", "")], toml), "");
        let both = [("RUSTFLAGS", "-r"), ("CARGO_ENCODED_RUSTFLAGS", "-x\u{1f}y z")];
        assert_eq!(flags(&both, toml), "-x y z");
        assert_eq!(flags(&[], "[build]\nrustflags = '-a -b'"), "-a -b");
    }

    #[test]
    fn variables_for_config_keys_count_at_their_level() {
        let build = [("CARGO_BUILD_RUSTFLAGS", "-v")];
        assert_eq!(flags(&build, "[target.'cfg(unix)']\nrustflags = ['-c']"), "-c");
        assert_eq!(flags(&build, ""), "-v");
        let target = [("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-t")];
        assert_eq!(flags(&target, "[build]\nrustflags = '-a'"), "-t");
    }
}
