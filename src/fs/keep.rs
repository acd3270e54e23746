//! What is kept of a file when another one takes its place: its owner, its permissions, and attributes such
//! as access lists and labels.

use std::fs::File;

use anyhow::{Context, Result};

/// Gives `to` the owner, attributes and permissions of `from`.
///
/// # Errors
/// One of them cannot be kept.
pub(super) fn keep(from: &File, to: &File) -> Result<()> {
    owner(from, to)?;
    // Before the permissions: of a file with an access list, those of the group are wider than the list.
    attributes(from, to)?;
    let permissions = from.metadata().and_then(|meta| to.set_permissions(meta.permissions()));
    permissions.context("its permissions cannot be kept")
}

/// Only root can give files away.
#[cfg(unix)]
fn owner(from: &File, to: &File) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let of = |file: &File| -> std::io::Result<(u32, u32)> {
        let meta = file.metadata()?;
        Ok((meta.uid(), meta.gid()))
    };
    let (was, is) = (of(from)?, of(to)?);
    if was == is || fchown(to, Some(was.0), Some(was.1)).is_ok() {
        return Ok(());
    }
    Err(crate::error::host(format!(
        "it belongs to user {} and group {}, which you cannot give a file to: run the command as that user",
        was.0, was.1
    )))
}

#[cfg(not(unix))]
fn owner(_: &File, _: &File) -> Result<()> {
    Ok(())
}

/// Attributes that the kernel writes itself: digests and signatures of the content.
#[cfg(target_os = "linux")]
const OF_CONTENT: [&[u8]; 2] = [b"security.ima", b"security.evm"];

#[cfg(target_os = "linux")]
fn attributes(from: &File, to: &File) -> Result<()> {
    use rustix::fs::{XattrFlags, fsetxattr};
    for name in names(from).context("its extended attributes cannot be read")? {
        let shown = String::from_utf8_lossy(&name);
        let what = || format!("its extended attribute `{shown}` cannot be kept");
        let value = value(from, &name).with_context(what)?;
        if value.is_none() || OF_CONTENT.contains(&&name[..]) {
            continue;
        }
        // A new file may have it already, and no right to have it set.
        if self::value(to, &name).ok().flatten() != value {
            let value = value.unwrap_or_default();
            let set = fsetxattr(to, &name[..], &value, XattrFlags::empty());
            set.map_err(std::io::Error::from).with_context(what)?;
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn attributes(_: &File, _: &File) -> Result<()> {
    Ok(())
}

/// The names of a file's attributes; none where the disk has no such thing.
#[cfg(target_os = "linux")]
fn names(file: &File) -> std::io::Result<Vec<Vec<u8>>> {
    use rustix::io::Errno;
    // The kernel's own limit.
    let mut list = vec![0; 64 << 10];
    let n = match rustix::fs::flistxattr(file, &mut list[..]) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
        other => other?,
    };
    let names = list[..n].split(|b| *b == 0).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

/// The value of an attribute; none if the file does not have it.
#[cfg(target_os = "linux")]
fn value(file: &File, name: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
    use rustix::io::Errno;
    let mut value = vec![0; 64 << 10];
    match rustix::fs::fgetxattr(file, name, &mut value[..]) {
        Err(Errno::NODATA) => Ok(None),
        other => {
            value.truncate(other?);
            Ok(Some(value))
        }
    }
}
