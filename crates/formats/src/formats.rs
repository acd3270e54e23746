//! The archive formats that are written: names, extensions, and what they are made of.

use std::path::Path;

use crate::compress::container::{COMPRESSIONS, Compression, Compressor};

/// How members are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// GNU tar.
    Tar,
    /// zip, which compresses each member by itself.
    Zip,
}

/// One row of [`FORMATS`].
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// The name, as `--format` takes it and reports give it.
    pub name: &'static str,
    /// Extensions, the usual one first.
    pub extensions: &'static [&'static str],
    /// How members are laid out.
    pub layout: Layout,
    /// What the whole is compressed with; of zip: each member.
    pub compression: Compression,
}

/// Rows: the name, the extensions, the layout and the compression.
macro_rules! formats {
    ($($name:literal [$($extension:literal),*] $layout:ident $compression:ident;)*) => {
        &[$(Format {
            name: $name,
            extensions: &[$($extension),*],
            layout: Layout::$layout,
            compression: Compression::$compression,
        }),*]
    };
}

/// The formats.
pub const FORMATS: &[Format] = formats! {
    "tar.gz" ["tar.gz", "tgz"] Tar Gzip;
    "tar.zst" ["tar.zst", "tzst"] Tar Zstd;
    "tar.xz" ["tar.xz", "txz"] Tar Xz;
    "tar" ["tar"] Tar None;
    "zip" ["zip"] Zip Gzip;
};

impl Format {
    /// What compresses it now.
    pub const fn compressor(&self) -> &'static Compressor {
        &self.compressors()[0]
    }

    /// All that can compress it, the one in use first.
    pub const fn compressors(&self) -> &'static [Compressor] {
        COMPRESSIONS[self.compression as usize].compressors
    }

    /// The one of them that has this name and version.
    pub fn compressor_named(&self, name: &str, version: &str) -> Option<&'static Compressor> {
        self.compressors().iter().find(|c| c.name == name && c.version == version)
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|f| f.name == name)
    }

    /// The format of a file name with this extension.
    pub fn of_path(path: &Path) -> Option<&'static Format> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let fits =
            |e: &&str| name.strip_suffix(*e).is_some_and(|n| n.len() > 1 && n.ends_with('.'));
        FORMATS.iter().find(|f| f.extensions.iter().any(fits))
    }

    /// The default format for a target.
    pub fn of_target(triple: &str) -> &'static Format {
        let windows = |f: &&Format| f.layout == Layout::Zip && triple.contains("-windows");
        FORMATS.iter().find(windows).unwrap_or(&FORMATS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_path(path: &str) -> Option<&'static str> {
        Format::of_path(Path::new(path)).map(|f| f.name)
    }

    #[test]
    fn names_tell_formats() {
        assert_eq!(of_path("a/b-1.0.tar.gz"), Some("tar.gz"));
        assert_eq!(of_path("x.TGZ"), Some("tar.gz"));
        assert_eq!(of_path("x.tar"), Some("tar"));
        assert_eq!(of_path("x.gz"), None);
        assert_eq!(of_path(".zip"), None);
        assert_eq!(of_path("x.Zip"), Some("zip"));
        assert_eq!(Format::of_target("aarch64-apple-darwin").name, "tar.gz");
        assert_eq!(Format::of_target("x86_64-pc-windows-msvc").name, "zip");
    }
}
