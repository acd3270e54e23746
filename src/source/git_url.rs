//! Addresses of git repositories, from a manifest or the command line: which of them git may be
//! given at all. Pure.
//!
//! Git runs commands for some addresses (`ext::…`, a leading `-`), and reads this machine's files
//! for others. A manifest is untrusted: only addresses on the network are taken from it.

/// Prefixes of the addresses that lead to another machine.
const SCHEMES: &[&str] = &["https://", "http://", "ssh://", "git://"];
/// The protocols of these, as git's GIT_ALLOW_PROTOCOL takes them.
pub const PROTOCOLS: &str = "https:http:ssh:git";
/// The same, and repositories of this machine, for what the user typed.
pub const OWN_PROTOCOLS: &str = "https:http:ssh:git:file";

/// Checks an address from an untrusted file.
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
    if scheme {
        return Err("it names no host");
    }
    if address.contains("://") {
        return Err("its protocol is not https, http, ssh or git");
    }
    if is_scp(address) { Ok(()) } else { Err("it leads to this machine's files") }
}

/// Checks an address that the user typed: repositories of this machine are allowed.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn check_own(address: &str) -> Result<(), &'static str> {
    match address.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => check_shape(address),
        Some(_) => Err("file:// takes an absolute path"),
        None => check_foreign(address),
    }
}

/// Text as a part of a URL: unreserved characters (RFC 3986) and those of `plain` as they are, all
/// others as bytes.
pub fn percent_encoded(text: &str, plain: &str) -> String {
    let kept =
        |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b) || plain.as_bytes().contains(&b);
    let one = |b: u8| if kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

/// Whether two addresses lead to the same repository: host and path are the same. Scheme, user,
/// a default port, `.git` and a slash at the end do not matter; anything less plain never matches.
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (normal(a), normal(b));
    a.is_some() && a == b
}

/// Host in lower case, with a port that is not the scheme's own; and path.
fn normal(address: &str) -> Option<(String, String)> {
    // A query, a fragment, an escape or a `\` is read differently by different programs.
    let odd = |c: char| c != ' ' && c.is_whitespace() || "?#%\\".contains(c);
    if address.contains(odd) || check_shape(address).is_err() {
        return None;
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.split_once('/')?),
        None if address.starts_with('/') => ("file".to_string(), address.split_once('/')?),
        None if is_scp(address) => ("ssh".to_string(), scp_parts(address)?),
        None => return None,
    };
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        "ssh" => ":22",
        "git" => ":9418",
        "file" => "",
        _ => return None,
    };
    let (authority, path) = rest;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_lowercase();
    let host = host.strip_suffix(default_port).unwrap_or(&host).to_string();
    if host.is_empty() != (scheme == "file") || host.contains(' ') {
        return None;
    }
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    // `..` would be resolved by some programs, and an empty part by others.
    let plain = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    plain.then(|| (host, path.to_string()))
}

/// Authority and path of `user@host:path`.
fn scp_parts(address: &str) -> Option<(&str, &str)> {
    let (authority, path) = address.split_once(':')?;
    Some((authority, path.strip_prefix('/').unwrap_or(path)))
}

/// Whether a text that names a source is the address of a repository, not a path: it has a scheme,
/// or is `user@host:path` and no file.
pub fn is_address(text: &str) -> bool {
    text.contains("://") || text.contains("::") || is_scp(text)
}

/// An address and the revision behind its last `@`, if there is one.
pub fn split_revision(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        // What is behind the `@` of a user name has a `/` or `:`.
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
    let Some((place, path)) = address.split_once(':') else { return false };
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
            "https://host/x.git", "HTTPS://host/x", "http://host/x", "ssh://git@host/x",
            "git://host/x", "git@host:x/y.git", "host:x",
        ] {
            assert_eq!(check_foreign(good), Ok(()), "{good}");
        }
        for bad in [
            "", "-uhttps://host/x", "--upload-pack=touch /tmp/x", "ext::sh -c 'touch /tmp/x'",
            "ext::sh", "fd::17", "file:///srv/x", "/srv/x", "../x", "x", "C:/x",
            "ssh://-oProxyCommand=x/y", "ssh://git@-oProxyCommand=x/y", "https:///x", "-x@host:y",
            "git@-oProxyCommand=x:y", "git@host:-y", "ftp://host/x", "https://host/x y",
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
    fn addresses_of_one_repository_are_the_same_and_no_others() {
        let plain = "https://host.example/org/app";
        for same_as in [
            "https://host.example/org/app.git",
            "https://HOST.example/org/app/",
            "HTTPS://me:secret@host.example/org/app.git/",
            "https://host.example:443/org/app",
            "ssh://git@host.example/org/app.git",
            "ssh://git@host.example:22/org/app.git",
            "git@host.example:org/app.git",
            "git@host.example:/org/app",
            "host.example:org/app",
        ] {
            assert!(same(plain, same_as) && same(same_as, plain), "{same_as}");
        }
        for other in [
            "https://host.example/org/app-evil",
            "https://host.example/org/app/evil",
            "https://host.example/org/App",
            "https://host.example/org",
            "https://host.example.evil/org/app",
            "https://host.example@evil/org/app",
            "https://evil/host.example/org/app",
            "https://host.example:8443/org/app",
            "https://host.example/org/x/../app",
            "https://host.example//org/app",
            "https://host.example/org/app?x",
            "https://host.example/org/app#x",
            "https://evil#@host.example/org/app",
            "https://evil\\@host.example/org/app",
            "https://host.example/org/ap%70",
            "https://host.example/org/app.git.git",
            "ext::sh -c https://host.example/org/app",
            "file:///org/app",
            "/org/app",
            "https:///org/app",
            "",
        ] {
            assert!(!same(plain, other), "{other}");
        }
        assert!(same("file:///srv/app.git", "/srv/app"));
        assert!(!same("/srv/app", "/srv/app-evil") && !same("", "") && !same("x", "x"));
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
