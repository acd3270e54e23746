//! The recipe: request and facts in, the list of changes out, each with its reason. Pure.
//!
//! [`Recipe::rows`] is what the report and the manifest print, with canonical paths;
//! [`Recipe::side`] is the same rows with the paths and values of one build. The rows themselves
//! are in [`table`], the allow-list in [`environment`].

pub mod environment;
pub mod export;
pub mod table;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::build_dirs::BuildDirs;
use crate::epoch::Epoch;
use crate::platform::{self, Platform};
use crate::variation::coverage::Holder;
use crate::variation::{Side, VARIATIONS, Value, Values, VariationId};
use environment::Env;
use table::{Channel, Item, TABLE};

/// Between the paths of a list in a variable.
const BETWEEN: &str = if cfg!(windows) { ";" } else { ":" };

/// A change of the build, with canonical paths; reports and manifests have it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeRow {
    /// What is changed: an option, a variable, a property.
    pub what: String,
    /// The value, where `<source>` and the like stand for the real paths.
    pub value: String,
    /// Why.
    pub why: String,
}

impl RecipeRow {
    /// Who sets the variable in place of the recipe, if anyone does.
    pub fn left_to(&self) -> Option<Holder> {
        [Holder::PassEnv, Holder::ConfigEnv].into_iter().find(|h| self.value == left_to(*h))
    }

    /// `<name>` in `/build/<name>`, of the row that has it for the source.
    pub fn name(&self) -> Option<&str> {
        self.value.strip_prefix("--remap-path-prefix=<source>=/build/")
    }
}

/// The recipe: what it is decided on.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The version of the recipe.
    pub version: u32,
    /// Flags reach rustc by the wrapper, which can change calls.
    pub wrapped: bool,
    /// `<name>` in `/build/<name>`.
    pub name: String,
    /// SOURCE_DATE_EPOCH.
    pub epoch: Epoch,
    /// Targets asked for, and the host.
    pub targets: Vec<String>,
    /// `<sysroot>/lib/rustlib/src/rust`.
    pub rust_src: PathBuf,
    /// `/rustc/<commit-hash>`.
    pub rust_root: String,
    /// The user's variables that are passed on.
    pub passed: Env,
    /// `[env]` of the user's cargo config: name, value, and whether it is forced. cargo sets these
    /// for rustc and build scripts, unless the variable is in its environment already.
    pub config_env: Vec<(String, String, bool)>,
    /// Names given with `--pass-env` that are set.
    pub pass_env: Vec<String>,
    /// Path dependencies lie outside the workspace root, and flags reach rustc by the wrapper, so
    /// that crate ids can be made canonical.
    pub canonical_ids: bool,
    /// The list of packages is linked into programs.
    pub auditable: bool,
}

/// One side's share of the recipe.
#[derive(Clone, Debug)]
pub struct SideRecipe {
    /// The whole environment but for what wraps rustc and preloads the shim.
    pub env: Env,
    /// Arguments of `cargo build`.
    pub cargo_args: Vec<String>,
    /// Arguments for rustc and the family of targets that they are for.
    pub rustc_args: Vec<(Option<Platform>, String)>,
    /// Whether the wrapper replaces cargo's crate ids.
    pub canonical_ids: bool,
    /// The umask.
    pub umask: u32,
}

const C_FLAG_VARIABLES: [&str; 2] = ["CFLAGS", "CXXFLAGS"];

/// The value of a row whose variable is not set by the recipe, as it is stored.
fn left_to(holder: Holder) -> String {
    match holder {
        Holder::PassEnv => "(left to --pass-env)".to_string(),
        Holder::ConfigEnv => "(left to [env] of a cargo config file)".to_string(),
    }
}

impl Recipe {
    /// Whether cargo's crate ids are replaced for WebAssembly, whose linker is rustc's own on every host.
    pub fn is_wasm(&self) -> bool {
        let wasm = |target: &String| target.starts_with("wasm");
        self.wrapped && self.has(table::WASM_IDS) && self.targets.iter().any(wasm)
    }

    /// Whether crate ids that are replaced are the same on every host.
    pub fn ids_of_any_host(&self) -> bool {
        self.has(table::WASM_IDS)
    }

    fn items(&self) -> impl Iterator<Item = &'static Item> {
        TABLE.iter().filter(|item| self.has(item))
    }

    fn has(&self, item: &Item) -> bool {
        let of = |p| self.targets.iter().any(|t| platform::of_triple(t) == p);
        item.since <= self.version && item.platform.is_none_or(of)
    }

    /// The rows with canonical paths, in the table's order.
    pub fn rows(&self) -> Vec<RecipeRow> {
        let fill = |value: &str| {
            let canonical = [
                ("{source}", "<source>"),
                ("{target}", "<target-dir>"),
                ("{cargo-home}", "<cargo-home>"),
                ("{rust-src}", "<sysroot>/lib/rustlib/src/rust"),
                ("{scratch}", "<scratch>"),
                ("{jobs}", "<jobs>"),
                ("{timezone}", "UTC"),
                ("{locale}", "C.UTF-8"),
                ("{umask}", "022"),
            ];
            canonical.iter().fold(self.fill_facts(value), |v, (k, c)| v.replace(k, c))
        };
        let ids = self.canonical_ids.then_some(table::CANONICAL_IDS);
        let auditable = self.auditable.then_some(table::AUDITABLE);
        let by_wrapper = table::BY_WRAPPER.iter().filter(|item| self.has(item));
        self.items()
            .chain(by_wrapper.filter(|_| self.wrapped))
            .chain(ids)
            .chain(self.is_wasm().then_some(table::WASM_IDS))
            .chain(auditable)
            .map(|item| {
                let value = fill(item.value);
                let (what, value) = match item.channel {
                    Channel::Env(name) => (name, self.pinned(name).map_or(value, left_to)),
                    Channel::Process(name) => (name, value),
                    Channel::CFlags => ("CFLAGS, CXXFLAGS", value),
                    Channel::Rustc => ("rustc", value),
                    Channel::Cargo => ("cargo", value),
                };
                RecipeRow { what: what.to_string(), value, why: item.why.to_string() }
            })
            .collect()
    }

    /// Whether the wrapper changes calls as version 2 has it.
    pub fn changes_calls(&self) -> bool {
        self.wrapped && self.version >= 2
    }

    /// Whether the wrapper gives rustc a dlltool and a linker where the target needs them.
    pub fn is_mingw(&self) -> bool {
        self.wrapped && self.version >= 3
    }

    /// Adds remaps of single directories to the variables that C compilers and the cc crate read.
    pub fn add_c_remaps(&self, env: &mut Env, remaps: &[(String, String)]) {
        if remaps.is_empty() {
            return;
        }
        let flags: Vec<_> =
            remaps.iter().map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect();
        self.join_c_flags(env, &flags.join(" "));
        let name = table::C_REMAPS;
        if let (None, Some(value)) = (self.pinned(name), env.get_mut(std::ffi::OsStr::new(name))) {
            remaps.iter().for_each(|(from, to)| value.push(format!("{BETWEEN}{from}={to}")));
        }
    }

    fn fill_facts(&self, value: &str) -> String {
        value
            .replace("{epoch}", &self.epoch.seconds.to_string())
            .replace("{name}", &self.name)
            .replace("{rust-root}", &self.rust_root)
    }

    /// Who holds a variable against the recipe and the variations, if anyone does: the user's
    /// `[env]` (which cargo applies only where the variable is not set) or `--pass-env`.
    pub fn pinned(&self, name: &str) -> Option<Holder> {
        let passed = self.pass_env.iter().any(|p| p == name).then_some(Holder::PassEnv);
        let of_config = || self.config_env.iter().any(|(n, ..)| n == name);
        let holder = passed.or_else(|| of_config().then_some(Holder::ConfigEnv));
        holder.filter(|_| !environment::is_own(name))
    }

    /// The recipe for one side. `value` gives the value of each variation there.
    pub fn side(
        &self,
        side: Side,
        dirs: &BuildDirs,
        value: &dyn Fn(VariationId) -> Values,
    ) -> SideRecipe {
        let rust_src = match value(VariationId::ToolchainPath).of(side) {
            Value::Path(toolchain) => toolchain.join("lib/rustlib/src/rust"),
            _ => self.rust_src.clone(),
        };
        let fill = |text: &str| {
            let path = |p: &Path| p.display().to_string();
            let text = self
                .fill_facts(text)
                .replace("{source}", &path(&dirs.source))
                .replace("{target}", &path(&dirs.target))
                .replace("{cargo-home}", &path(&dirs.cargo_home))
                .replace("{rust-src}", &path(&rust_src))
                .replace("{scratch}", &path(&dirs.above));
            VARIATIONS.iter().fold(text, |text, row| {
                text.replace(&format!("{{{}}}", row.text), &value(row.id).of(side).to_string())
            })
        };
        let mut out = SideRecipe {
            env: self.passed.clone(),
            cargo_args: Vec::new(),
            rustc_args: Vec::new(),
            canonical_ids: self.canonical_ids || self.is_wasm(),
            umask: value(VariationId::Umask).number(side) as u32,
        };
        self.carry_values(side, value, &mut out.env);
        let mut c_flags = Vec::new();
        for item in self.items() {
            let value = match item.channel {
                Channel::Env(table::C_REMAPS) => {
                    item.value.split(':').map(fill).collect::<Vec<_>>().join(BETWEEN)
                }
                _ => fill(item.value),
            };
            match item.channel {
                Channel::Env(name) => self.set(&mut out.env, name, &value),
                Channel::Rustc => out.rustc_args.push((item.platform, value)),
                Channel::Cargo => out.cargo_args.push(value),
                Channel::CFlags => c_flags.push(value),
                Channel::Process(_) => {}
            }
        }
        self.join_c_flags(&mut out.env, &c_flags.join(" "));
        out
    }

    fn carry_values(&self, side: Side, value: &dyn Fn(VariationId) -> Values, env: &mut Env) {
        for row in VARIATIONS {
            let values = value(row.id);
            for variable in row.variables() {
                self.set(env, variable, &values.of(side).to_string());
            }
            if let Value::Variable(Some((name, value))) = values.of(side) {
                env.insert(name.into(), value.into());
            }
        }
        for (name, value) in [
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TERM_PROGRESS_WHEN", "never"),
            ("CARGO_TERM_QUIET", "false"),
            ("CARGO_TERM_VERBOSE", "false"),
            // Under a clock that runs ahead cargo would take shared crates for unused and
            // remove them.
            ("CARGO_CACHE_AUTO_CLEAN_FREQUENCY", "never"),
        ] {
            env.insert(name.into(), value.into());
        }
    }

    fn set(&self, env: &mut Env, name: &str, value: &str) {
        if self.pinned(name).is_none() {
            env.insert(name.into(), value.into());
        }
    }

    /// Joins our C flags to the user's: in the environment, in `[env]`, and in the variables for
    /// one target, which older versions of the cc crate read instead of the general ones.
    fn join_c_flags(&self, env: &mut Env, flags: &str) {
        for (name, value, forced) in &self.config_env {
            let known = C_FLAG_VARIABLES.iter().any(|v| is_c_flags(name, v));
            if known && !forced && !env.contains_key(std::ffi::OsStr::new(name)) {
                env.insert(name.into(), value.into());
            }
        }
        for variable in C_FLAG_VARIABLES {
            let mut names: Vec<_> = env
                .keys()
                .filter(|k| is_c_flags(&k.to_string_lossy(), variable))
                .cloned()
                .collect();
            if !names.iter().any(|n| n == variable) {
                names.push(variable.into());
            }
            for name in names {
                environment::append(env, name, flags);
            }
        }
    }
}

fn is_c_flags(name: &str, variable: &str) -> bool {
    let name = name.strip_prefix("HOST_").or(name.strip_prefix("TARGET_")).unwrap_or(name);
    name.strip_prefix(variable).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::EpochFrom;
    use crate::variation::{Canaries, Carrier, VariationSet};
    use std::ffi::OsStr;

    pub(super) fn recipe(target: &str) -> Recipe {
        Recipe {
            version: table::VERSION,
            wrapped: false,
            name: "demo".into(),
            epoch: Epoch { seconds: 7, from: EpochFrom::Commit },
            targets: vec![target.into()],
            rust_src: "/sys/lib/rustlib/src/rust".into(),
            rust_root: "/rustc/abc".into(),
            passed: Env::new(),
            config_env: Vec::new(),
            pass_env: Vec::new(),
            canonical_ids: false,
            auditable: false,
        }
    }

    pub(super) fn values(id: VariationId) -> Values {
        let canaries = Canaries {
            scratch: "/s".into(),
            token: "t".into(),
            sides: 2,
            cpus: 4,
            ..Canaries::default()
        };
        VariationSet::default().values(id, &canaries)
    }

    fn side(recipe: &Recipe) -> SideRecipe {
        let dirs = BuildDirs {
            above: "/s".into(),
            source: "/s/src".into(),
            target: "/s/t".into(),
            cargo_home: "/s/c".into(),
            ..BuildDirs::default()
        };
        recipe.side(Side::B, &dirs, &values)
    }

    #[test]
    fn each_side_has_its_value_by_each_carrier_that_is_a_setting_or_a_directory() {
        for side in [Side::A, Side::B] {
            let dirs = BuildDirs::of(side, &values, Path::new("/s"));
            let share = recipe("x86_64-unknown-linux-gnu").side(side, &dirs, &values);
            let has = |name: &str, value: &str| share.env.get(OsStr::new(name)).unwrap() == value;
            for row in VARIATIONS {
                let all = values(row.id);
                let (value, shown) = (all.of(side), all.of(side).to_string());
                for carrier in row.carriers {
                    assert!(row.variables().all(|name| has(name, &shown)), "{}", row.text);
                    assert!(match carrier {
                        Carrier::Directory(_) => {
                            dirs.directories().any(|own| own == (row.id, all.path(side)))
                        }
                        Carrier::Variables(_) => match value {
                            Value::Variable(Some((name, value))) => has(name, value),
                            _ => true,
                        },
                        Carrier::Umask => *value == Value::Mask(share.umask),
                        Carrier::Jobs => has("CARGO_BUILD_JOBS", &shown),
                        // What the copies, the shim and the sandbox have is theirs to show.
                        _ => true,
                    });
                }
            }
        }
    }

    fn rustc_values(target: &str) -> Vec<String> {
        let rows = recipe(target).rows();
        let rustc = rows.into_iter().filter(|r| r.what == "rustc");
        rustc.map(|r| r.value).collect()
    }

    #[test]
    fn remaps_go_from_the_outermost_root_to_the_innermost() {
        assert_eq!(
            rustc_values("x86_64-unknown-linux-gnu"),
            [
                "--remap-path-prefix=<cargo-home>=/cargo",
                "--remap-path-prefix=<source>=/build/demo",
                "--remap-path-prefix=<target-dir>=/build/demo/target",
                "--remap-path-prefix=<sysroot>/lib/rustlib/src/rust=/rustc/abc",
                "-Clink-arg=-Wl,--build-id=sha1",
            ]
        );
    }

    #[test]
    fn windows_and_apple_have_rows_of_their_own() {
        assert_eq!(
            rustc_values("x86_64-pc-windows-msvc")[4..],
            ["-Clink-arg=/Brepro", "-Clink-arg=/PDBALTPATH:%_PDB%"]
        );
        assert_eq!(
            rustc_values("x86_64-pc-windows-gnu")[4..],
            ["-Clink-arg=-Wl,--no-insert-timestamp"]
        );
        assert_eq!(rustc_values("aarch64-apple-darwin")[4..], ["-Clink-arg=-Wl,-oso_prefix,."]);
        let rows = recipe("aarch64-apple-darwin").rows();
        assert!(rows.iter().any(|r| r.what == "ZERO_AR_DATE"));
        assert_eq!(rustc_values("wasm32-unknown-unknown").len(), 4);
    }

    #[test]
    fn the_users_c_flags_stay_in_front_of_ours() {
        let mut f = recipe("x86_64-unknown-linux-gnu");
        f.passed.insert("CFLAGS_x86_64-unknown-linux-gnu".into(), "-O1".into());
        f.config_env.push(("CXXFLAGS".into(), "-DX".into(), false));
        let env = side(&f).env;
        let get = |n: &str| env[OsStr::new(n)].to_str().unwrap().to_string();
        assert!(get("CFLAGS").starts_with("-ffile-prefix-map=/s/c=/cargo -ffile"));
        assert!(get("CFLAGS_x86_64-unknown-linux-gnu").starts_with("-O1 -ffile-prefix-map="));
        assert!(get("CXXFLAGS").starts_with("-DX -ffile-prefix-map="));
    }

    #[test]
    fn the_cc_crate_finds_each_remap_in_its_list() {
        let f = recipe("x86_64-unknown-linux-gnu");
        let mut env = side(&f).env;
        f.add_c_remaps(&mut env, &[("/s/r".into(), "/cargo/r".into())]);
        let list: Vec<_> = std::env::split_paths(&env[OsStr::new(table::C_REMAPS)]).collect();
        let maps =
            ["/s/c=/cargo", "/s/src=/build/demo", "/s/t=/build/demo/target", "/s/r=/cargo/r"];
        assert_eq!(list, maps.map(PathBuf::from));
    }

    #[test]
    fn what_the_users_env_table_sets_is_left_to_it() {
        let mut f = recipe("x86_64-unknown-linux-gnu");
        f.config_env.push(("TZ".into(), "Asia/Tokyo".into(), false));
        f.pass_env.push("LC_ALL".into());
        assert_eq!(f.pinned("TZ"), Some(Holder::ConfigEnv));
        let rows = f.rows();
        let left = rows.iter().filter_map(|row| Some((&*row.what, row.left_to()?)));
        assert!(left.eq([("TZ", Holder::ConfigEnv), ("LC_ALL", Holder::PassEnv)]));
        assert_eq!(rows.iter().find_map(RecipeRow::name), Some("demo"));
        assert_eq!(f.pinned("LANG"), None);
        assert!(!side(&f).env.contains_key(OsStr::new("TZ")));
    }

    #[test]
    fn an_earlier_version_has_the_rows_that_it_had() {
        let rows = |version: u32| {
            let f = Recipe { version, wrapped: true, ..recipe("x86_64-unknown-linux-gnu") };
            let rows = f.rows();
            rows.into_iter().map(|r| format!("{}={}", r.what, r.value)).collect::<Vec<_>>()
        };
        let (one, two) = (rows(1), rows(2));
        assert!(one.iter().all(|row| two.contains(row)));
        let more: Vec<_> = two.iter().filter(|row| !one.contains(row)).collect();
        assert_eq!(more.len(), 5, "{more:?}");
        assert_eq!(more[1], "GIT_CONFIG_KEY_0=core.abbrev");
        assert!(more[3].starts_with("rustc=--remap-path-scope"), "{more:?}");
    }

    #[test]
    fn crate_ids_are_replaced_only_where_they_must_be() {
        let mut f = recipe("x86_64-unknown-linux-gnu");
        let has_row = |f: &Recipe| {
            let rows = f.rows();
            rows.iter().any(|r| r.value.starts_with("-Cmetadata"))
        };
        assert!(!has_row(&f));
        f.canonical_ids = true;
        assert!(has_row(&f) && side(&f).canonical_ids);
        // The ledger has cargo's ids, and what is linked by the host's linker is of one host.
        assert!(!has_row(&Recipe { wrapped: true, ..recipe("x86_64-unknown-linux-musl") }));
        let mut f = Recipe { wrapped: true, ..recipe("wasm32-unknown-unknown") };
        assert!(has_row(&f) && side(&f).canonical_ids);
        f.version = 3;
        assert!(!has_row(&f) && !side(&f).canonical_ids);
    }
}
