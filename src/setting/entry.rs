//! One setting: its name and value, how a replay handles it, and where a project writes it down.

/// What a replay does with a setting of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is set as the publisher had it.
    Replayed,
    /// It names a program, or files of the publisher's machine: recorded, and never replayed.
    Fact,
}

/// Where a project writes a setting down, so that its own source asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// A key of `[…metadata.repro]`.
    Metadata,
    /// Flags that select less or more than whole packages; the metadata has no key for them.
    Selection,
    /// A key of `.cargo/config.toml` in the source.
    CargoConfig,
    /// `rustflags` there: cargo does not read flags from `[env]`.
    Rustflags,
    /// `[env]` there.
    Environment,
    /// `[profile]` in Cargo.toml.
    Profile,
    /// The commit: its time.
    Commit,
    /// The directory in the commit: nothing in the source names one.
    Directory,
    /// Nowhere: it is of the publisher's machine.
    Nowhere,
}

impl Home {
    /// The advice for a project, as a clause.
    pub fn advice(self) -> &'static str {
        match self {
            Home::Metadata => "set it in [package.metadata.repro] or [workspace.metadata.repro]",
            Home::Selection => {
                "leave the flag out, or list `packages` in [workspace.metadata.repro]"
            }
            Home::CargoConfig => "set its key in `.cargo/config.toml` of the source",
            Home::Rustflags => {
                "set `rustflags` of [build] or [target] in `.cargo/config.toml` of the source"
            }
            Home::Environment => "set it in [env] of `.cargo/config.toml` of the source",
            Home::Profile => "set it in [profile] of Cargo.toml",
            Home::Commit => "leave it out: the commit decides it",
            Home::Directory => "a source cannot set this: tell verifiers to pass it",
            Home::Nowhere => "build without it",
        }
    }
}

/// One setting that the source does not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as reports print it and `--accept-setting` takes it.
    pub name: String,
    /// The publisher's value.
    pub value: String,
    /// What a replay does with it.
    pub fate: Fate,
    /// Where the project could ask for it.
    pub home: Home,
    /// The environment variable by which a verifier supplies it, if there is one.
    pub variable: Option<String>,
}

const REMOTE: &str = "remote";
const INCLUDE: &str = "include";
const IMAGE_NAME: &str = "image-name";
const IMAGE_BASE: &str = "image-base";
/// Names of the settings that are found in what was built.
pub(super) const OF_RESULTS: [&str; 4] = [REMOTE, INCLUDE, IMAGE_NAME, IMAGE_BASE];

impl Setting {
    pub(super) fn new(
        name: impl Into<String>,
        value: impl Into<String>,
        fate: Fate,
        home: Home,
    ) -> Setting {
        let (name, value) = (name.into(), value.into());
        Setting { name, value, fate, home, variable: None }
    }

    /// What git names as the remote; a build script can read it.
    pub fn remote(url: &str) -> Setting {
        Setting::new(REMOTE, url, Fate::Replayed, Home::Commit)
    }

    /// A file of the source that an archive has, and that the source does not put there.
    pub fn include(path: &str) -> Setting {
        Setting::new(INCLUDE, path, Fate::Replayed, Home::Metadata)
    }

    /// What an image says that it is, where the source does not say so: its title and version.
    pub fn image_name(title: &str, version: &str) -> Setting {
        Setting::new(IMAGE_NAME, format!("{title}:{version}"), Fate::Replayed, Home::Metadata)
    }

    /// What an image is based on, where the source does not say so: digests, or `scratch`.
    pub fn image_base(digests: &str) -> Setting {
        Setting::new(IMAGE_BASE, digests, Fate::Replayed, Home::Metadata)
    }
}
