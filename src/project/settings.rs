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

/// Rows: the name, whether it is needed, what it holds, and what an editor shows.
macro_rules! keys {
    (@) => { false };
    (@needed) => { true };
    ($($name:literal $($needed:ident)?: $form:ident $(($values:expr))?, $about:literal;)*) => {
        &[$(Key {
            name: $name,
            form: Form::$form $(($values))?,
            #[cfg(test)]
            needed: keys!(@$($needed)?),
            #[cfg(test)]
            about: $about,
        }),*]
    };
}

pub(super) const KEYS: &[Key] = keys! {
    "packages": Texts, "Packages to build, as `-p`.";
    "features": Texts, "Features to enable, as `--features`.";
    "all-features": Switch, "Whether all features are enabled, as `--all-features`.";
    "no-default-features": Switch, "Whether the feature `default` is disabled, as `--no-default-features`.";
    "targets": Texts, "Triples to build for, as `--target`.";
    "release-targets": Texts, "Triples that the workflows of `repro init` build for.";
    "profile": Text, "The profile, as `--profile`; `release` by default.";
    "pass-env": Texts, "Variables that are passed on to both builds, as `--pass-env`.";
    "vary": Text, "What differs between the builds, as `--vary`: `-umask`, or `none,home`.";
    "inject": OneOf(&["wrapper", "rustflags"]), "How flags reach rustc, as `--inject`.";
    "same-path": Switch, "Whether both builds are at one path, as `--same-path`.";
    "auditable": Switch, "Whether programs hold the list of their packages, as `--auditable`.";
    "name": Text, "The source is built as `/build/NAME`.";
    "archive": Table(ARCHIVE_KEYS), "What `repro archive` packs.";
    "image": Table(IMAGE_KEYS), "The image that `repro archive --format oci` makes.";
    "check": Tables(CHECK_KEYS), "The levels of rules of `repro check`.";
};

/// The keys of an entry of `check`.
pub(super) const CHECK_KEYS: &[Key] = keys! {
    "id" needed: Rule, "The rule.";
    "level" needed: OneOf(&["allow", "warn", "deny"]), "Its level.";
    "package": Text, "The package that this is for; all by default.";
    "reason" needed: Text, "Why it has this level.";
};

/// The keys of the table `archive`.
pub(super) const ARCHIVE_KEYS: &[Key] = keys! {
    "include": Texts, "Files to pack with the programs, as patterns: `LICENSE*`, `FILE=NAME`, `target/…`.";
    "format": Texts, "Formats, as `--format`: `tar.gz`, `tar.zst`, `tar.xz`, `tar`, `zip`, `oci`.";
    "name": Text, "The name in the name of the archive; the package's by default.";
    "release": Text, "The version in the name of the archive; the package's by default.";
};

/// The keys of the table `image`.
pub(super) const IMAGE_KEYS: &[Key] = keys! {
    "base": Base, "The image below: `sha256:DIGEST`, one for each architecture, or `scratch`.";
    "entrypoint": Texts, "The program that the image runs, with arguments.";
    "cmd": Texts, "Arguments where none are given.";
    "user": Text, "The user that the program runs as.";
    "labels": Labels, "Labels of the image.";
};
