//! One artifact and its parts, as every format renders them: references, purls, digests, roles and
//! which part was built with which.
//! [`super::cyclonedx`] and [`super::spdx`] only spell it out.

use super::purl;
use crate::cargo::units::Role;
use crate::manifest::components::{Components, Contents, Crate, KnownBy};
use crate::manifest::{Artifact, Manifest};
use crate::toolchain;

/// A format in one version of its specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CycloneDX 1.6.
    CycloneDx16,
    /// CycloneDX 1.7.
    CycloneDx17,
    /// SPDX 2.3.
    Spdx23,
}

/// What a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum What {
    /// A crate that is in the artifact.
    #[default]
    Linked,
    /// A crate that only ran or was used during the build.
    Build,
    /// A library of the toolchain.
    Standard,
    /// A library or object that is not Rust.
    Static,
    /// A file of the machine that was linked in.
    Host,
    /// A dynamic library.
    Dynamic,
}

/// A part of an artifact.
#[derive(Default)]
pub(super) struct Part {
    pub(super) what: What,
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    /// `git+URL@COMMIT`.
    pub(super) vcs: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) license: Option<String>,
    /// Names and values; several of one name are in order.
    pub(super) properties: Vec<(&'static str, String)>,
    /// References of what it was built with.
    pub(super) needs: Vec<String>,
    /// Objects in it, with their digests.
    pub(super) objects: Vec<(String, Option<String>)>,
}

/// An artifact with its parts.
pub struct Bom<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) artifact: &'a Artifact,
    /// Whether both builds gave the same contents.
    pub(super) compared: bool,
    /// Whether the linker said which crates it read.
    pub(super) whole: bool,
    /// The artifact itself.
    pub(super) root: Part,
    pub(super) parts: Vec<Part>,
}

impl<'a> Bom<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        artifact: &'a Artifact,
        components: &'a Components,
        contents: &'a Contents,
    ) -> Bom<'a> {
        let crates = Crates::new(manifest, components, contents);
        let mut parts: Vec<Part> = (0..contents.crates.len()).map(|i| crates.part(i)).collect();
        let mut root = parts.remove(contents.root);
        root.name = artifact.name.clone();
        root.sha256 = artifact.sha256.clone();
        parts.extend(of_toolchain(contents));
        parts.extend(crates.statics());
        parts.extend(of_machine(contents));
        let whole = parts.iter().filter(|p| !matches!(p.what, What::Linked | What::Build));
        root.needs.extend(whole.map(|p| p.reference.clone()));
        Bom {
            manifest,
            artifact,
            compared: components.compared,
            whole: contents.known_by == KnownBy::Linker,
            root,
            parts,
        }
    }

    /// A line of `rustc -vV`.
    pub(super) fn rustc(&self, field: &str) -> Option<&str> {
        let lines = self.manifest.toolchain.rustc.iter();
        lines.filter_map(|line| toolchain::field(line, field)).next()
    }
}

/// The crates of an artifact, with a reference for each.
struct Crates<'a> {
    manifest: &'a Manifest,
    components: &'a Components,
    contents: &'a Contents,
    references: Vec<String>,
}

impl<'a> Crates<'a> {
    fn new(manifest: &'a Manifest, components: &'a Components, contents: &'a Contents) -> Self {
        let mut crates = Crates { manifest, components, contents, references: Vec::new() };
        let purls: Vec<String> = contents.crates.iter().map(|c| crates.purl(c)).collect();
        for (i, purl) in purls.iter().enumerate() {
            // A crate that was built twice, with different features, is two parts.
            let before = purls[..i].iter().filter(|p| *p == purl).count();
            let again = if before == 0 { String::new() } else { format!("#{}", before + 1) };
            crates.references.push(format!("{purl}{again}"));
        }
        crates
    }

    fn package(&self, id: &str) -> Option<&'a crate::manifest::components::Package> {
        self.components.packages.iter().find(|p| p.id == id)
    }

    fn purl(&self, of: &Crate) -> String {
        let package = self.package(&of.package);
        package.map(|p| purl::of(p, &self.manifest.source)).unwrap_or_default()
    }

    fn part(&self, at: usize) -> Part {
        let of = &self.contents.crates[at];
        let package = self.package(&of.package).cloned().unwrap_or_default();
        let linked = of.roles.contains(&Role::Runtime);
        let mut properties: Vec<(&str, String)> =
            of.roles.iter().map(|role| ("repro:role", role.name().to_string())).collect();
        properties.extend(of.features.iter().map(|f| ("repro:feature", f.clone())));
        properties.extend(of.build_script.then(|| ("repro:build-script", "true".to_string())));
        properties.extend(package.directory.map(|dir| ("repro:directory", dir)));
        Part {
            what: if linked { What::Linked } else { What::Build },
            reference: self.references[at].clone(),
            purl: Some(self.purl(of)),
            vcs: package.source.as_deref().and_then(purl::git),
            name: package.name,
            version: Some(package.version),
            sha256: package.checksum,
            license: package.license,
            properties,
            needs: of.dependencies.iter().map(|i| self.references[*i].clone()).collect(),
            ..Part::default()
        }
    }

    /// Libraries that are not Rust: one part for each library of a package, with its objects.
    fn statics(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for member in &self.contents.members {
            let package = self.package(&member.package);
            let name = package.map_or("", |p| &p.name);
            let library = member.archive.clone().unwrap_or_else(|| format!("objects of {name}"));
            let reference = format!("static:{}:{library}", member.package);
            let object = (member.name.clone(), member.sha256.clone());
            match parts.last_mut().filter(|last| last.reference == reference) {
                Some(last) => last.objects.push(object),
                None => {
                    let by = package.map(|p| purl::of(p, &self.manifest.source));
                    let mut part = plain(What::Static, "static", "static-library", &library);
                    part.properties.extend(by.map(|by| ("repro:linked-by", by)));
                    parts.push(Part { reference, objects: vec![object], ..part });
                }
            }
        }
        parts
    }
}

/// A part that is no crate: of what kind it is, and the words for that.
fn plain(what: What, kind: &str, role: &str, name: &str) -> Part {
    Part {
        what,
        reference: format!("{kind}:{name}"),
        name: name.to_string(),
        properties: vec![("repro:role", role.to_string())],
        ..Part::default()
    }
}

fn of_toolchain(contents: &Contents) -> Vec<Part> {
    let part = |rlib: &crate::manifest::components::Rlib| Part {
        sha256: Some(rlib.sha256.clone()),
        ..plain(What::Standard, "rust-std", "standard-library", &rlib.name)
    };
    contents.standard_library.iter().map(part).collect()
}

fn of_machine(contents: &Contents) -> Vec<Part> {
    let host = contents.host.iter().map(|name| plain(What::Host, "host", "host-object", name));
    let dynamic = contents.libraries.iter().map(|library| {
        let mut part = plain(What::Dynamic, "dynamic", "dynamic-library", &library.name);
        let versions = library.versions.iter().map(|v| ("repro:needs-version", v.clone()));
        part.properties.extend(versions);
        part
    });
    host.chain(dynamic).collect()
}

/// A license as an SPDX expression, where it is one; cargo once had `/` for `OR`.
pub(super) fn expression(license: &str) -> Option<String> {
    let text = license.replace('/', " OR ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ::spdx::Expression::parse(&text).is_ok().then_some(text)
}

/// An object without the keys that have no value.
pub(super) fn present(mut object: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// The bytes of a document.
pub(super) fn bytes(document: &serde_json::Value) -> Vec<u8> {
    format!("{document:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_are_spdx_or_a_name() {
        assert_eq!(expression("MIT/Apache-2.0").as_deref(), Some("MIT OR Apache-2.0"));
        assert_eq!(expression("MIT OR Apache-2.0").as_deref(), Some("MIT OR Apache-2.0"));
        assert_eq!(expression("my own"), None);
    }

    #[test]
    fn keys_of_a_document_are_in_one_order() {
        // Another crate could switch on serde_json's `preserve_order`.
        let document = serde_json::json!({"b": 1, "a": 2});
        assert_eq!(bytes(&document), b"{\n  \"a\": 2,\n  \"b\": 1\n}\n");
    }
}
