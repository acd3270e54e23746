//! Addresses of git repositories, from a manifest or the command line: which of them git may be
//! given at all. Pure.
//!
//! Git runs commands for some addresses (`ext::…`, a leading `-`), and reads this machine's files
//! for others. A manifest is a stranger's: only addresses of the network are taken from it.

/// Prefixes of the addresses that lead to another machine.
const SCHEMES: &[&str] = &["https://", "http://", "ssh://", "git://"];
/// The protocols of these, as git's GIT_ALLOW_PROTOCOL takes them.
pub const PROTOCOLS: &str = "https:http:ssh:git";
/// The same, and repositories of this machine, for what the user typed.
pub const OWN_PROTOCOLS: &str = "https:http:ssh:git:file";

/// Checks an address that a stranger gave.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn check_foreign(address: &str) -> Result<(), &'static str> {
    check_shape(address)?;
    if address.contains(char::is_whitespace) {
        return Err("it holds white space");
    }
    let scheme =
        SCHEMES.iter().any(|s| address.get(..s.len()).is_some_and(|a| a.eq_ignore_ascii_case(s)));
    if scheme && !host_of(address).starts_with('-') && !host_of(address).is_empty() {
        return Ok(());
    }
    if address.contains("://") {
        return Err("its protocol is not https, http, ssh or git");
    }
    match is_scp(address) {
        true => Ok(()),
        false => Err("it leads to this machine's files"),
    }
}

/// Checks an address that the user typed: repositories of this machine are allowed.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn check_own(address: &str) -> Result<(), &'static str> {
    match address.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => check_shape(address),
        _ => check_foreign(address),
    }
}

/// Whether a text that names a source is the address of a repository, not a path: it has a scheme,
/// or is `user@host:path` and no file.
pub fn is_address(text: &str) -> bool {
    text.contains("://") || text.contains("::") || is_scp(text)
}

/// An address and the revision behind its last `@`, if there is one.
pub fn split_revision(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        // A user name stands before a host, so that a `/` or `:` follows.
        Some((address, revision)) if !revision.contains(['/', ':']) && !address.is_empty() => {
            (address, Some(revision))
        }
        _ => (text, None),
    }
}

/// Refuses what git would take for an option or a command, wherever it leads.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn check_shape(address: &str) -> Result<(), &'static str> {
    if address.starts_with('-') {
        return Err("it is an option");
    }
    // `ext::sh -c …` and other remote helpers.
    let helper = address.split_once("::").map(|(name, _)| name);
    if helper.is_some_and(|name| !name.contains(['/', '@', '['])) {
        return Err("it names a command");
    }
    if address.contains(char::is_control) {
        return Err("it holds control characters");
    }
    Ok(())
}

fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// `user@host:path`, the short form of ssh; the user may be left out.
fn is_scp(address: &str) -> bool {
    let Some((place, path)) = address.split_once(':') else {
        return false;
    };
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let drive = place.len() == 1;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._@[]".contains(c);
    !drive
        && !host.is_empty()
        && !host.starts_with('-')
        && place.chars().all(plain)
        && !path.is_empty()
        && !path.starts_with(':')
        && !path.starts_with("//")
        && !path.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_addresses_lead_to_the_network_alone() {
        for good in [
            "https://host/x.git",
            "HTTPS://host/x",
            "http://host/x",
            "ssh://git@host/x",
            "git://host/x",
            "git@host:x/y.git",
            "host:x",
        ] {
            assert_eq!(check_foreign(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "-uhttps://host/x",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c 'touch /tmp/x'",
            "ext::sh",
            "fd::17",
            "file:///srv/x",
            "/srv/x",
            "../x",
            "x",
            "C:/x",
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand=x/y",
            "https:///x",
            "-x@host:y",
            "git@-oProxyCommand=x:y",
            "git@host:-y",
            "ftp://host/x",
            "https://host/x y",
            "https://host/\nx",
        ] {
            assert!(check_foreign(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_user_may_name_a_repository_of_this_machine() {
        assert_eq!(check_own("file:///srv/x"), Ok(()));
        for bad in ["file://x", "ext::sh", "-x", "file:///srv/\n"] {
            assert!(check_own(bad).is_err(), "{bad}");
        }
        assert!(is_address("file:///x") && is_address("git@h:x") && is_address("ext::sh"));
        assert!(!is_address("../x") && !is_address("x-1.0.crate"));
    }

    #[test]
    fn a_revision_is_told_from_a_user_name() {
        let cases = [
            ("https://h/x@v1.0", ("https://h/x", Some("v1.0"))),
            ("https://me@h/x", ("https://me@h/x", None)),
            ("git@h:x", ("git@h:x", None)),
            ("git@h:x@abc", ("git@h:x", Some("abc"))),
            ("ssh://git@h/x@1", ("ssh://git@h/x", Some("1"))),
        ];
        for (text, want) in cases {
            assert_eq!(split_revision(text), want);
        }
    }
}
