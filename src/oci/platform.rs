//! What images call a target, and whether a program runs without anything around it.

use std::path::Path;

use object::Object;

use crate::artifact::asks_for_loader;

/// A platform of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// As Go names it.
    pub architecture: &'static str,
    /// What of it.
    pub variant: Option<&'static str>,
}

/// Beginnings of target triples, and what images call these.
const ARCHITECTURES: &[(&str, &str, Option<&str>)] = &[
    ("x86_64", "amd64", None),
    ("i586", "386", None),
    ("i686", "386", None),
    ("aarch64", "arm64", None),
    ("armv7", "arm", Some("v7")),
    ("thumbv7neon", "arm", Some("v7")),
    ("armv5te", "arm", Some("v5")),
    ("arm", "arm", Some("v6")),
    ("powerpc64le", "ppc64le", None),
    ("s390x", "s390x", None),
    ("riscv64", "riscv64", None),
    ("loongarch64", "loong64", None),
];

impl Platform {
    /// That of a target; none where images have no name for it.
    pub fn of(target: &str) -> Option<Platform> {
        let (first, _) = target.split_once('-').filter(|_| target.contains("-linux"))?;
        let row = ARCHITECTURES.iter().find(|(start, ..)| first.starts_with(start))?;
        Some(Platform { architecture: row.1, variant: row.2 })
    }

    /// Whether an image is for it. Of 64-bit ARM there is one variant, which is often left out.
    pub fn fits(&self, os: &str, architecture: &str, variant: Option<&str>) -> bool {
        let plain = variant.is_none() || variant == Some("v8") && self.architecture == "arm64";
        os == "linux" && architecture == self.architecture && (plain || variant == self.variant)
    }

    /// As people write it.
    pub fn text(&self) -> String {
        let variant = self.variant.map(|v| format!("/{v}")).unwrap_or_default();
        format!("linux/{}{variant}", self.architecture)
    }
}

/// Whether a file is a Linux program that needs no loader and no library.
pub fn is_static(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default();
    let libraries =
        object::File::parse(&*bytes).and_then(|file| Ok(file.import_libraries()?.count()));
    matches!((asks_for_loader(&bytes), libraries), (Some(false), Ok(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_platforms() {
        let text = |target| Platform::of(target).map(|p| p.text());
        assert_eq!(text("x86_64-unknown-linux-musl").as_deref(), Some("linux/amd64"));
        assert_eq!(text("armv7-unknown-linux-gnueabihf").as_deref(), Some("linux/arm/v7"));
        assert_eq!(text("arm-unknown-linux-gnueabi").as_deref(), Some("linux/arm/v6"));
        assert_eq!(text("x86_64-pc-windows-gnu"), None);
        assert_eq!(text("mips-unknown-linux-gnu"), None);
        let arm64 = Platform::of("aarch64-unknown-linux-gnu").unwrap();
        assert!(arm64.fits("linux", "arm64", Some("v8")) && arm64.fits("linux", "arm64", None));
        assert!(!arm64.fits("linux", "amd64", None) && !arm64.fits("windows", "arm64", None));
        let v6 = Platform::of("arm-unknown-linux-gnueabi").unwrap();
        assert!(!v6.fits("linux", "arm", Some("v7")));
        assert!(!is_static(Path::new("Cargo.toml")) && !is_static(Path::new("no such file")));
    }
}
