//! The recipe for people who run cargo themselves: the same rows, with the paths of their own
//! tree, as variables that they set.
//!
//! What only a rebuilder in a scratch directory needs is left out: the number of jobs, which is
//! the machine's by default, and the environment that is built up from a list.

use std::path::Path;

use super::table::{Channel, TABLE};
use super::{C_FLAG_VARIABLES, Recipe, SideRecipe, is_c_flags};
use crate::build_dirs::BuildDirs;
use crate::platform::Platform;
use crate::variation::{Side, Values, VariationId};

/// A variable to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub why: &'static str,
}

/// The recipe as variables and flags.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The variables, but for the compiler's flags.
    pub variables: Vec<Variable>,
    /// Arguments for rustc and the family of targets that they are for.
    pub rustc_args: Vec<(Option<Platform>, String)>,
    /// Things that the user should know.
    pub notes: Vec<String>,
}

/// Variables of the table that make no sense by hand.
const LEFT_OUT: &[&str] = &["CARGO_BUILD_JOBS"];

impl Recipe {
    /// The recipe for a build in `dirs`, which is the user's own tree.
    pub fn export(&self, dirs: &BuildDirs, value: &dyn Fn(VariationId) -> Values) -> Exported {
        let share = self.side(Side::A, dirs, value);
        let mut out = Exported::default();
        for item in self.items() {
            let Channel::Env(name) = item.channel else { continue };
            let value = share.env.get(std::ffi::OsStr::new(name));
            let wanted = !LEFT_OUT.contains(&name) && self.pinned(name).is_none();
            let known = out.variables.iter().any(|v| v.name == name);
            if let Some(value) = value.filter(|_| wanted && !known) {
                out.variables.push(Variable {
                    name: name.to_string(),
                    value: value.to_string_lossy().into_owned(),
                    why: item.why,
                });
            }
        }
        c_flags(&share, dirs, &mut out);
        out.rustc_args = remaps_outermost_first(share.rustc_args, dirs);
        out
    }
}

/// CFLAGS and the like, unless a path has a space, which they cannot hold.
fn c_flags(share: &SideRecipe, dirs: &BuildDirs, out: &mut Exported) {
    let roots = [&dirs.cargo_home, &dirs.source, &dirs.target];
    let spaced = |p: &&&std::path::PathBuf| p.to_string_lossy().contains(char::is_whitespace);
    if let Some(root) = roots.iter().find(spaced) {
        out.notes.push(format!(
            "`{}` has a space, which CFLAGS cannot hold: C and C++ get no remap unless the cc crate is 1.11.3 or later",
            root.display()
        ));
        return;
    }
    let why = TABLE.iter().find(|i| i.channel == Channel::CFlags);
    for (name, value) in &share.env {
        let name = name.to_string_lossy().into_owned();
        if C_FLAG_VARIABLES.iter().any(|v| is_c_flags(&name, v)) {
            out.variables.push(Variable {
                name,
                value: value.to_string_lossy().into_owned(),
                why: why.map_or("", |i| i.why),
            });
        }
    }
}

/// Of the remaps the last match wins. In the user's tree one root may lie in another in a way that
/// the table does not know, such as a cargo home in the source.
fn remaps_outermost_first(
    args: Vec<(Option<Platform>, String)>,
    dirs: &BuildDirs,
) -> Vec<(Option<Platform>, String)> {
    let inside = |a: &Path, b: &Path| a != b && a.starts_with(b);
    if !inside(&dirs.cargo_home, &dirs.source) {
        return args;
    }
    let start = format!("--remap-path-prefix={}=", dirs.cargo_home.display());
    let (inner, mut rest): (Vec<_>, Vec<_>) =
        args.into_iter().partition(|(_, a)| a.starts_with(&start));
    let place = rest.iter().rposition(|(_, a)| a.starts_with("--remap-path-prefix="));
    let after = place.map_or(0, |p| p + 1);
    rest.splice(after..after, inner);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::{recipe, values};

    fn exported(source: &str, cargo_home: &str, config_env: &[(&str, &str)]) -> Exported {
        let config_env = config_env.iter().map(|(n, v)| (n.to_string(), v.to_string(), false));
        let recipe = Recipe {
            rust_src: "/sys/rust".into(),
            config_env: config_env.collect(),
            ..recipe("x86_64-unknown-linux-gnu")
        };
        let dirs = BuildDirs {
            above: "/w".into(),
            source: source.into(),
            target: format!("{source}/target").into(),
            cargo_home: cargo_home.into(),
            ..BuildDirs::default()
        };
        recipe.export(&dirs, &values)
    }

    fn names(exported: &Exported) -> Vec<&str> {
        exported.variables.iter().map(|v| v.name.as_str()).collect()
    }

    #[test]
    fn variables_are_those_of_the_table_and_no_side_values() {
        let found = exported("/w/src", "/h/.cargo", &[]);
        assert_eq!(
            names(&found),
            [
                "SOURCE_DATE_EPOCH", "CARGO_TRIM_PATHS_SCOPE", "CARGO_TRIM_PATHS_REMAP",
                "CARGO_INCREMENTAL", "SCCACHE_RECACHE", "CCACHE_DISABLE",
                "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0",
                "GIT_CONFIG_VALUE_0", "TZ", "LC_ALL", "CFLAGS", "CXXFLAGS",
            ]
        );
        let kept = exported("/w/src", "/h/.cargo", &[("TZ", "Asia/Tokyo")]);
        assert!(!names(&kept).contains(&"TZ"));
    }

    #[test]
    fn a_cargo_home_in_the_source_is_remapped_after_it() {
        let order = |cargo_home: &str| {
            let args = exported("/w/src", cargo_home, &[]).rustc_args;
            let at = |start: &str| {
                let start = format!("--remap-path-prefix={start}=");
                args.iter().position(|(_, a)| a.starts_with(&start)).unwrap()
            };
            (at(cargo_home), at("/w/src"), args.len())
        };
        let (home, source, n) = order("/w/src/.home");
        assert!(home > source);
        let (home, source, same) = order("/h/.cargo");
        assert!(home < source && same == n);
    }

    #[test]
    fn a_space_in_a_path_is_told_where_it_cannot_be_written() {
        let found = exported("/w/my src", "/h/.cargo", &[]);
        assert!(!names(&found).contains(&"CFLAGS") && found.notes.len() == 1);
    }
}
