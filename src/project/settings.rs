//! The keys of `[…metadata.repro]`, and what each holds: the parser and the JSON Schema for editors,
//! `docs/repro.metadata-1.schema.json`, are of one table.

/// One key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// Whether a table of a list cannot do without it.
    #[cfg(test)]
    pub(super) needed: bool,
    /// What an editor shows.
    #[cfg(test)]
    pub(super) about: &'static str,
}

/// What a key holds.
pub(super) enum Form {
    Text,
    Texts,
    Switch,
    OneOf(&'static [&'static str]),
    /// Digests of images.
    Base,
    Labels,
    /// A rule of `repro check`.
    Rule,
    Table(&'static [Key]),
    Tables(&'static [Key]),
}

impl Form {
    /// As a sentence has it.
    pub(super) fn what(&self) -> String {
        let text = match self {
            Form::OneOf(values) => return format!("`{}`", values.join("` or `")),
            Form::Text | Form::Rule => "a string",
            Form::Texts => "a list of strings",
            Form::Switch => "true or false",
            Form::Base => "a digest, `scratch` or a list of digests",
            Form::Labels => "a table of strings",
            Form::Table(_) => "a table",
            Form::Tables(_) => "a list of tables",
        };
        text.to_string()
    }
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    // Programs have no use for it.
    #[cfg(not(test))]
    let _ = about;
    Key {
        name,
        form,
        #[cfg(test)]
        needed: false,
        #[cfg(test)]
        about,
    }
}

const fn needed(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        #[cfg(test)]
        needed: true,
        ..key(name, form, about)
    }
}

pub(super) const KEYS: &[Key] = &[
    key("packages", Form::Texts, "Packages to build, as `-p`."),
    key("features", Form::Texts, "Features to enable, as `--features`."),
    key("all-features", Form::Switch, "Whether all features are enabled, as `--all-features`."),
    key(
        "no-default-features",
        Form::Switch,
        "Whether the feature `default` is disabled, as `--no-default-features`.",
    ),
    key("targets", Form::Texts, "Triples to build for, as `--target`."),
    key("release-targets", Form::Texts, "Triples that the workflows of `repro init` build for."),
    key("profile", Form::Text, "The profile, as `--profile`; `release` by default."),
    key("pass-env", Form::Texts, "Variables that are passed on to both builds, as `--pass-env`."),
    key(
        "vary",
        Form::Text,
        "What differs between the builds, as `--vary`: `-umask`, or `none,home`.",
    ),
    key("inject", Form::OneOf(&["wrapper", "rustflags"]), "How flags reach rustc, as `--inject`."),
    key("same-path", Form::Switch, "Whether both builds are at one path, as `--same-path`."),
    key(
        "auditable",
        Form::Switch,
        "Whether programs hold the list of their packages, as `--auditable`.",
    ),
    key("name", Form::Text, "The source is built as `/build/NAME`."),
    key("archive", Form::Table(ARCHIVE_KEYS), "What `repro archive` packs."),
    key("image", Form::Table(IMAGE_KEYS), "The image that `repro archive --format oci` makes."),
    key("check", Form::Tables(CHECK_KEYS), "The levels of rules of `repro check`."),
];

/// The keys of an entry of `check`.
const CHECK_KEYS: &[Key] = &[
    needed("id", Form::Rule, "The rule."),
    needed("level", Form::OneOf(&["allow", "warn", "deny"]), "Its level."),
    key("package", Form::Text, "The package that this is for; all by default."),
    needed("reason", Form::Text, "Why it has this level."),
];

/// The keys of the table `archive`.
pub(super) const ARCHIVE_KEYS: &[Key] = &[
    key(
        "include",
        Form::Texts,
        "Files to pack with the programs, as patterns: `LICENSE*`, `FILE=NAME`, `target/…`.",
    ),
    key(
        "format",
        Form::Texts,
        "Formats, as `--format`: `tar.gz`, `tar.zst`, `tar.xz`, `tar`, `zip`, `oci`.",
    ),
    key("name", Form::Text, "The name in the name of the archive; the package's by default."),
    key("release", Form::Text, "The version in the name of the archive; the package's by default."),
];

/// The keys of the table `image`.
pub(super) const IMAGE_KEYS: &[Key] = &[
    key(
        "base",
        Form::Base,
        "The image below: `sha256:DIGEST`, one for each architecture, or `scratch`.",
    ),
    key("entrypoint", Form::Texts, "The program that the image runs, with arguments."),
    key("cmd", Form::Texts, "Arguments where none are given."),
    key("user", Form::Text, "The user that the program runs as."),
    key("labels", Form::Labels, "Labels of the image."),
];
