//! Which family of linker and object format a target triple belongs to, as far as the recipe
//! has rows that depend on it.

use serde::{Deserialize, Serialize};

/// A family of targets that share linker options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// ELF with a GNU-style linker: the BSDs, Linux, Android, Fuchsia.
    Elf,
    /// Windows with Microsoft's linker or lld-link.
    Msvc,
    /// Windows with MinGW's linker.
    MinGw,
    /// macOS, iOS and their kin.
    Apple,
    /// Everything else: bare metal, wasm, UEFI. No linker option is assumed.
    Other,
}

const ELF_SYSTEMS: &[&str] =
    &["linux", "android", "freebsd", "netbsd", "openbsd", "dragonfly", "fuchsia"];

/// The family of a target triple (or of the file name of a target specification).
pub fn of_triple(triple: &str) -> Platform {
    let triple = triple.rsplit(['/', '\\']).next().unwrap_or(triple);
    let triple = triple.strip_suffix(".json").unwrap_or(triple);
    let parts: Vec<&str> = triple.split('-').collect();
    if parts.contains(&"uefi") {
        Platform::Other
    } else if parts.contains(&"apple") {
        Platform::Apple
    } else if parts.contains(&"windows") {
        if parts.last() == Some(&"msvc") { Platform::Msvc } else { Platform::MinGw }
    } else if parts.iter().any(|p| ELF_SYSTEMS.iter().any(|s| p.starts_with(s))) {
        Platform::Elf
    } else {
        Platform::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_known_triples() {
        let cases = [
            ("x86_64-unknown-linux-gnu", Platform::Elf),
            ("armv7-linux-androideabi", Platform::Elf),
            ("x86_64-unknown-linux-musl", Platform::Elf),
            ("x86_64-unknown-freebsd", Platform::Elf),
            ("x86_64-pc-windows-msvc", Platform::Msvc),
            ("x86_64-pc-windows-gnu", Platform::MinGw),
            ("aarch64-apple-darwin", Platform::Apple),
            ("wasm32-unknown-unknown", Platform::Other),
            ("thumbv7em-none-eabihf", Platform::Other),
            ("x86_64-unknown-uefi", Platform::Other),
            ("targets/my-kernel-none.json", Platform::Other),
        ];
        for (triple, want) in cases {
            assert_eq!(of_triple(triple), want, "{triple}");
        }
    }
}
