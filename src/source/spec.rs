//! Names of published crates, and `NAME@VERSION`. They are written into manifests that cargo reads, so anything
//! that cannot be a crate's name is refused.

use anyhow::Result;

use crate::error::bad_input;

/// Splits `NAME@VERSION`.
///
/// # Errors
/// It is none: bad input.
pub fn parse(spec: &str) -> Result<(&str, &str)> {
    let version_char = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    spec.split_once('@')
        .filter(|(name, version)| {
            is_name(name)
                && version.split('.').count() >= 3
                && version.starts_with(|c: char| c.is_ascii_digit())
                && version.chars().all(version_char)
        })
        .ok_or_else(|| {
            bad_input(format!(
                "`{}` is not NAME@VERSION, as in hyperfine@1.19.0",
                spec.escape_debug()
            ))
        })
}

/// Whether this can be the name of a crate.
pub fn is_name(name: &str) -> bool {
    let name_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(name_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_and_a_whole_version_are_taken() {
        assert_eq!(parse("a-b_c@1.2.3-rc.1+x").unwrap(), ("a-b_c", "1.2.3-rc.1+x"));
        for bad in [
            "a", "a@", "a@1", "a@1.2", "@1.2.3", "a\"]\n@1.2.3", "a@^1.2.3", "../a@1.2.3",
            "a@1.2.3\"\n",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
