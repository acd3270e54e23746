//! The user's cargo configuration: the files that cargo would have read, and the few keys that
//! `repro` must know in order not to lose them.
//!
//! cargo itself reads the files again in the copies; this module finds those outside the source,
//! which a copy would lose, and makes their relative paths absolute so that they can move.
//! <https://doc.rust-lang.org/cargo/reference/config.html>

mod file;
mod include;
pub mod reach;
mod untrusted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Item, Table, TableLike};

use crate::error::refused;
use crate::fs;
use file::{BUILD_TABLES, absolute_program, parse, visit};
pub use file::{ConfigFile, ConfigPlace};
use include::first_of;
pub use include::{Inside, included_by};

/// All config files, the strongest (nearest) first.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The files.
    pub files: Vec<ConfigFile>,
}

/// The names under which cargo looks for a config file, the stronger first.
pub const FILE_NAMES: [&str; 2] = [".cargo/config", ".cargo/config.toml"];

/// The tables that cargo needs to find crates. Nothing in them reaches rustc; of `unstable` only
/// `build-std` is kept, which has the standard library's crates fetched.
const FETCH_TABLES: [&str; 10] = [
    "unstable", "source", "registries", "registry", "credential-alias", "net", "http", "patch",
    "paths", "resolver",
];

/// Keys that name what cargo runs before it builds, or a compiler. `*` stands for any key.
const PROGRAMS: &[&[&str]] = &[
    &["build", "rustc"],
    &["build", "rustdoc"],
    &["build", "rustc-wrapper"],
    &["build", "rustc-workspace-wrapper"],
    &["credential-alias"],
    &["registry", "credential-provider"],
    &["registry", "global-credential-providers"],
    &["registries", "*", "credential-provider"],
];

impl Config {
    /// Reads the config files above `root` and in `cargo_home`.
    pub fn read(root: &Path, cargo_home: Option<&Path>) -> Result<Config> {
        let home = in_home(cargo_home);
        let mut files = outer(root.ancestors().skip(1), &home)?;
        files.extend(first_of(home.iter(), ConfigPlace::CargoHome)?);
        Ok(Config { files })
    }

    /// Adds the files that cargo reads when it is called in `dir` and not where the package is: they
    /// count as the user's own, since a build in the package's directory does not find them.
    pub fn add_callers(
        &mut self,
        dir: &Path,
        package: &Path,
        cargo_home: Option<&Path>,
    ) -> Result<()> {
        let dirs = dir.ancestors().filter(|dir| !package.starts_with(dir));
        self.files.splice(0..0, outer(dirs, &in_home(cargo_home))?);
        Ok(())
    }

    /// The config of a replay: what of the builder's files outside the source may be replayed, nearest
    /// first, and of this user's own only what does not change a build, such as proxies and registries.
    pub fn replay(settings: &[String], cargo_home: Option<&Path>) -> Result<Config> {
        let mut files = Vec::new();
        for (i, text) in settings.iter().enumerate() {
            // Relative paths in it were those of another machine: an error will name this one.
            let path = format!("/outside-config-of-the-builder/{i}/.cargo/config.toml");
            files.push(parse(path.into(), ConfigPlace::Outer, text)?);
        }
        let own = first_of(in_home(cargo_home).iter(), ConfigPlace::CargoHome)?;
        files.extend(own.map(|mut file| {
            let own = BUILD_TABLES.iter().filter(|k| **k != "source");
            file.remove(&own.copied().collect::<Vec<_>>());
            file
        }));
        Ok(Config { files })
    }

    /// Programs that cargo would start while it only fetches, and what takes the compiler's place, by
    /// all files but the one in CARGO_HOME: in a replay all others are untrusted. Each is a key and
    /// the file that has it.
    pub fn programs_of_others(&self) -> Vec<(String, &Path)> {
        let mut found = Vec::new();
        for file in self.all().filter(|f| f.place != ConfigPlace::CargoHome) {
            let mut document = file.document.clone();
            for key in PROGRAMS {
                let mut add = |_: &mut Item| found.push((key.join("."), file.path.as_path()));
                visit(document.as_table_mut(), key, &mut add);
            }
            let env = document.get("env").and_then(Item::as_table_like);
            let names = env.into_iter().flat_map(TableLike::iter).map(|(name, _)| name);
            let leads = names.filter(|name| leads_to_compiler(name));
            found.extend(leads.map(|name| (format!("env.{name}"), file.path.as_path())));
        }
        found
    }

    /// Adds the config files of the source, nearest first, which are stronger than all others. They
    /// are read in `tree` and named by where they are below `root`, the user's own tree, which is
    /// where `outside` includes are looked for.
    pub fn add_inside(&mut self, tree: Inside, relative: &[PathBuf]) -> Result<()> {
        let mut found = Vec::new();
        for relative in relative {
            tree.check_inside(relative)?;
            if let Some(text) = fs::read_text_if_any(&tree.copy.join(relative))? {
                let file = parse(tree.root.join(relative), ConfigPlace::Source, &text)?;
                found.push(tree.load(file, 0, &mut 0)?);
            }
        }
        self.files.splice(0..0, found);
        Ok(())
    }

    /// Puts what the source includes from the directory above it above its copy at `to`, where cargo
    /// looks for it. By an absolute path cargo finds the user's file.
    pub fn carry(&self, root: &Path, to: &Path) -> Result<()> {
        let above = |path: &Path| path.parent().unwrap_or(Path::new("/")).to_owned();
        let inside = self.all().filter(|f| f.place == ConfigPlace::Source);
        for (by, file) in inside.flat_map(|f| f.includes.iter().map(move |i| (f, i))) {
            if file.place == ConfigPlace::Source || !file.relative {
                continue;
            }
            let below = file.path.strip_prefix(above(root)).map_err(|_| {
                refused(format!(
                    "`include` in cargo config `{}` leads to `{}`, too far above the source to be copied: move the file into the source, or include it by its absolute path",
                    by.path.display(),
                    file.path.display()
                ))
            })?;
            fs::write(&above(to).join(below), file.relocated())?;
        }
        Ok(())
    }

    /// All files with those that they include, the strongest first.
    pub fn all(&self) -> impl Iterator<Item = &ConfigFile> {
        self.files.iter().flat_map(ConfigFile::with_includes)
    }

    /// The files outside the source.
    pub fn outside(&self) -> impl Iterator<Item = &ConfigFile> {
        let inside = self.files.iter().filter(|f| f.place == ConfigPlace::Source);
        let included = inside.flat_map(|f| f.with_includes().skip(1));
        let outer = self.files.iter().filter(|f| f.place != ConfigPlace::Source);
        included.filter(|f| f.place != ConfigPlace::Source).chain(outer)
    }

    /// Writes what cargo needs of these files to find crates, and nothing that reaches a compiler,
    /// below `to`; returns the directory to run cargo in. `copy` is where the source at `root` is.
    pub fn write_for_fetching(&self, root: &Path, copy: &Path, to: &Path) -> Result<PathBuf> {
        let mut dir = to.to_owned();
        for file in self.files.iter().filter(|f| f.place != ConfigPlace::CargoHome).rev() {
            let mut document = file.merged(&|base| match base.strip_prefix(root) {
                Ok(below) if file.place == ConfigPlace::Source => copy.join(below),
                _ => base,
            });
            document.retain(|key, _| FETCH_TABLES.contains(&key));
            if let Some(unstable) = document.get_mut("unstable").and_then(Item::as_table_like_mut) {
                let keys: Vec<_> = unstable.iter().map(|(key, _)| key.to_string()).collect();
                keys.iter().filter(|k| *k != "build-std").for_each(|k| drop(unstable.remove(k)));
            }
            dir.push("in");
            fs::write(&dir.join(".cargo/config.toml"), document.to_string())?;
        }
        fs::create_dir(&dir)?;
        Ok(dir)
    }

    /// How many files lie in directories above the source.
    pub fn outer_count(&self) -> usize {
        self.files.iter().filter(|f| f.place == ConfigPlace::Outer).count()
    }

    /// The strongest value of a dotted key.
    pub fn get(&self, key: &[&str]) -> Option<(&ConfigFile, &Item)> {
        self.all().find_map(|f| Some((f, lookup(f.document.as_table(), key)?)))
    }

    /// The strongest string value of a dotted key.
    pub fn get_str(&self, key: &[&str]) -> Option<&str> {
        self.get(key)?.1.as_str()
    }

    /// A program named by a key (`build.rustc-wrapper` and the like): relative to the directory
    /// that holds `.cargo` if it has a slash, else to be found in PATH. The second value says
    /// that it lies in the source, and so moves with the copy.
    pub fn get_program(&self, key: &[&str]) -> Option<(PathBuf, bool)> {
        let (file, item) = self.get(key)?;
        let text = item.as_str()?;
        let program = absolute_program(text, &file.base());
        Some((program.map_or(text.into(), PathBuf::from), file.place == ConfigPlace::Source))
    }

    /// A path, relative to the directory that holds `.cargo`.
    pub fn get_path(&self, key: &[&str]) -> Option<PathBuf> {
        let (file, item) = self.get(key)?;
        item.as_str().map(|text| fs::normalized(&file.base().join(text)))
    }

    /// A list of strings, joined over all files as cargo does: the weakest first. A string is
    /// split at white space.
    pub fn list(&self, key: &[&str]) -> Vec<String> {
        let lists = self.all().filter_map(|f| lookup(f.document.as_table(), key));
        lists.collect::<Vec<_>>().into_iter().rev().flat_map(words).collect()
    }

    /// The strongest value of a key that may be a string or a list of strings.
    pub fn strongest_list(&self, key: &[&str]) -> Vec<String> {
        self.get(key).map(|(_, item)| words(item)).unwrap_or_default()
    }

    /// The names below a table key in any file, sorted.
    pub fn keys(&self, key: &[&str]) -> Vec<String> {
        let tables = self.all().filter_map(|f| lookup(f.document.as_table(), key)?.as_table_like());
        let names: BTreeSet<&str> =
            tables.flat_map(TableLike::iter).map(|(name, _)| name).collect();
        names.into_iter().map(str::to_string).collect()
    }

    /// `[env]`: name, value, and whether it is forced.
    pub fn env(&self) -> Vec<(String, String, bool)> {
        let value_of = |name: String| {
            let (_, item) = self.get(&["env", &name])?;
            match item.as_table_like() {
                None => Some((name, item.as_str()?.to_string(), false)),
                Some(t) => {
                    let value = t.get("value")?.as_str()?.to_string();
                    let forced = t.get("force").and_then(Item::as_bool).unwrap_or(false);
                    Some((name, value, forced))
                }
            }
        };
        self.keys(&["env"]).into_iter().filter_map(value_of).collect()
    }
}

/// The config files that a cargo home can have, the stronger first.
pub fn in_home(cargo_home: Option<&Path>) -> Vec<PathBuf> {
    let names = ["config", "config.toml"];
    cargo_home.into_iter().flat_map(|home| names.map(|name| home.join(name))).collect()
}

/// The config files in directories, the strongest first. The cargo home can be below one of them: cargo
/// reads its file once.
fn outer<'d>(dirs: impl Iterator<Item = &'d Path>, in_home: &[PathBuf]) -> Result<Vec<ConfigFile>> {
    let mut found = Vec::new();
    for dir in dirs {
        let files = FILE_NAMES.map(|name| dir.join(name));
        let in_home: Vec<_> = in_home.iter().map(|file| fs::canonical(file)).collect();
        let own = files.iter().filter(|file| !in_home.contains(&fs::canonical(file)));
        found.extend(first_of(own, ConfigPlace::Outer)?);
    }
    Ok(found)
}

/// Whether a variable set in `[env]` replaces the compiler or what it loads.
fn leads_to_compiler(name: &str) -> bool {
    let exact = ["PATH", "CARGO", "RUSTC", "RUSTDOC", "COMPILER_PATH", "GCC_EXEC_PREFIX"];
    let starts = ["RUSTUP_", "LD_", "DYLD_"];
    let upper = name.to_ascii_uppercase();
    exact.contains(&&*upper)
        || (upper.starts_with("RUSTC_") && upper.ends_with("WRAPPER"))
        || starts.iter().any(|s| upper.starts_with(s))
        || ["GCONV_PATH", "GLIBC_TUNABLES", "BASH_ENV", "ENV"].contains(&&*upper)
}

fn lookup<'a>(table: &'a Table, key: &[&str]) -> Option<&'a Item> {
    let (first, rest) = key.split_first()?;
    rest.iter().try_fold(table.get(first)?, |item, k| item.as_table_like()?.get(k))
}

/// A list of strings; a string is split at white space.
pub fn words(item: &Item) -> Vec<String> {
    match item.as_str() {
        Some(text) => text.split_whitespace().map(str::to_string).collect(),
        None => item
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_string))
            .collect(),
    }
}

#[cfg(test)]
impl Config {
    /// Files `/d0/.cargo/config.toml` and so on, the strongest first.
    pub fn of_texts(texts: &[&str]) -> Config {
        let file = |(i, text): (usize, &&str)| {
            parse(format!("/d{i}/.cargo/config.toml").into(), ConfigPlace::Outer, text).unwrap()
        };
        Config { files: texts.iter().enumerate().map(file).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn included(files: &[(&str, &str)], outside: bool) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(&dir.path().join(name), text).unwrap();
        }
        let (root, copy) = (Path::new("/user/s"), dir.path().join("s"));
        let mut config = Config::default();
        let tree = Inside { root, copy: &copy, outside };
        config.add_inside(tree, &[".cargo/config.toml".into()]).map(|()| config)
    }

    #[test]
    fn included_files_are_weaker_and_the_later_ones_stronger() {
        let config = included(
            &[
                (
                    "s/.cargo/config.toml",
                    "include = ['sub/a.toml', { path = '../b.toml' }, { path = 'no.toml', optional = true }]\n\
                     [build]\nrustflags = ['own']\n",
                ),
                (
                    "s/.cargo/sub/a.toml",
                    "[build]\nrustflags = ['a']\nrustc-wrapper = './w'\n[env]\nX = 'a'\nY = 'a'\n",
                ),
                ("s/b.toml", "[[include]]\npath = 'c.toml'\n[env]\nX = 'b'\n"),
                ("s/c.toml", "[build]\nrustflags = ['c']\n[env]\nX = 'c'\nZ = 'c'\n"),
            ],
            false,
        )
        .unwrap();
        assert_eq!(config.list(&["build", "rustflags"]), ["a", "c", "own"]);
        let get = |name| config.get_str(&["env", name]);
        assert_eq!((get("X"), get("Y"), get("Z")), (Some("b"), Some("a"), Some("c")));
        let wrapper = config.get_program(&["build", "rustc-wrapper"]);
        assert_eq!(wrapper, Some(("/user/s/.cargo/./w".into(), true)));
        let text = config.files[0].relocated();
        assert!(text.contains("rustflags = ['a','c','own']"), "{text}");
        assert!(!text.contains("include"), "{text}");
        let programs = config.programs_of_others();
        assert_eq!(programs[0].1, Path::new("/user/s/.cargo/sub/a.toml"));
    }

    #[test]
    fn includes_that_cannot_be_followed_are_refused() {
        let main = "s/.cargo/config.toml";
        for (text, words) in [
            ("include = 'x.toml'", "neither a list of paths"),
            ("include = [1]", "neither a list of paths"),
            ("[include]\npath = 'x.toml'", "neither a list of paths"),
            ("include = ['no.toml']", "names `/user/s/.cargo/no.toml`, which does not exist"),
            ("include = ['config.toml']", "or includes itself"),
            ("include = ['../../out.toml']", "leads to `/user/out.toml`, outside the source"),
            ("include = ['/etc/x.toml']", "leads to `/etc/x.toml`, outside the source"),
        ] {
            let error = included(&[(main, text), ("out.toml", "")], false).err().unwrap();
            let error = error.to_string().replace('\\', "/");
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    fn config(texts: &[&str]) -> Config {
        Config::of_texts(texts)
    }

    #[test]
    fn the_nearest_file_wins_and_lists_are_joined_weakest_first() {
        let c = config(&[
            "[build]\nrustflags = ['--cfg', 'near']\nrustc-wrapper = 'tools/w'",
            "[build]\nrustflags = ['--cfg', 'far']\nrustc-wrapper = 'sccache'",
        ]);
        assert_eq!(c.list(&["build", "rustflags"]), ["--cfg", "far", "--cfg", "near"]);
        assert_eq!(c.get_program(&["build", "rustc-wrapper"]), Some(("/d0/tools/w".into(), false)));
    }

    #[test]
    fn relative_paths_are_made_absolute_and_nothing_else_changes() {
        let c = config(&[concat!(
            "# mine\n[target.'cfg(unix)']\nlinker = 'bin/ld'\nrunner = ['bin/run', 'a/b']\n",
            "[source.v]\ndirectory = 'vendor'\n[build]\nrustc = 'rustc'\n",
            "[env]\nX = { value = 'x', relative = true }\nY = 'y'\n",
        )]);
        let text = c.files[0].relocated();
        assert!(text.starts_with("# mine\n"), "{text}");
        let text = text.replace('\\', "/").replace('"', "'");
        for want in [
            "linker = '/d0/bin/ld'",
            "runner = ['/d0/bin/run', 'a/b']",
            "directory = '/d0/vendor'",
            "rustc = 'rustc'",
            "value = '/d0/x'",
            "Y = 'y'",
        ] {
            assert!(text.contains(want), "{want} in {text}");
        }
    }

    #[test]
    fn env_entries_are_read_in_all_forms() {
        let c = config(&["[env]\nA = '1'\nB = { value = '2', force = true }"]);
        assert_eq!(c.env(), [("A".into(), "1".into(), false), ("B".into(), "2".into(), true)]);
    }

    #[test]
    fn only_what_changes_the_build_is_recorded() {
        let c = config(&[concat!(
            "[build]\njobs = 3\n[net]\nretry = 2\n[profile.release]\nlto = true\n",
            "[profile.dev]\ndebug = 1\n"
        )]);
        let text = c.files[0].build_settings(&|profile| profile == "release");
        assert_eq!(text.trim(), "[profile.release]\nlto = true");
    }

    #[test]
    fn a_replay_has_the_builders_settings_and_this_users_network() {
        let home = tempfile::tempdir().unwrap();
        let own =
            "[build]\nrustflags = ['-Cmine']\n[http]\nproxy = 'p'\n[source.s]\nregistry = 'r'\n";
        std::fs::write(home.path().join("config.toml"), own).unwrap();
        let theirs = "[profile.release]\nlto = true\n";
        let config = Config::replay(&[theirs.to_string()], Some(home.path())).unwrap();
        assert!(config.get(&["build", "rustflags"]).is_none());
        assert!(config.get(&["profile", "release", "lto"]).is_some());
        assert_eq!(config.get_str(&["http", "proxy"]), Some("p"));
        assert_eq!(config.keys(&["source"]), ["s"]);
        assert_eq!(config.outer_count(), 1);
    }

    #[test]
    fn programs_that_a_source_names_are_found() {
        let text = "[registries.x]\ncredential-provider = ['sh']\n[build]\nrustc = 'c'\njobs = 1\n";
        let config = config(&[text, "[env]\nPATH = 'x'\nLD_PRELOAD = 'x'\nCC = 'x'\nMINE = 'x'\n"]);
        let found = config.programs_of_others();
        let found: Vec<_> = found.iter().map(|(key, path)| (key.as_str(), *path)).collect();
        let (near, far) =
            (Path::new("/d0/.cargo/config.toml"), Path::new("/d1/.cargo/config.toml"));
        assert_eq!(
            found,
            [
                ("build.rustc", near),
                ("registries.*.credential-provider", near),
                ("env.PATH", far),
                ("env.LD_PRELOAD", far),
            ]
        );
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let error =
            parse("/x/.cargo/config.toml".into(), ConfigPlace::Outer, "[build]\nrustflags = [")
                .err()
                .unwrap();
        assert!(
            error
                .to_string()
                .starts_with("failed to parse cargo config `/x/.cargo/config.toml` at line 2"),
            "{error}"
        );
    }
}
