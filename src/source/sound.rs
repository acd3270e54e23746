//! The objects of a commit, as far as they are what their ids say. Git looks at ids where objects come over
//! a network, and believes the store of a repository on this machine, which may have come with a download.

use std::path::Path;

use anyhow::Result;
use repro_formats::names::visible;

use crate::error::bad_input;
use crate::fs;
use crate::git::git;

/// Packs the objects of the commit that HEAD of the copy `to` is into the copy itself, as git reads them from
/// `from`, and has each give its id again.
///
/// # Errors
/// One of them does not.
pub(super) fn pack(from: &Path, to: &Path) -> Result<()> {
    let list = ["rev-list", "--objects", "--no-walk", "--missing=print", "HEAD"];
    let list = git(to, list).env("GIT_NO_LAZY_FETCH", "1").checked()?;
    // What a partial clone lacks comes over the network.
    let lines = list.stdout.split_inclusive(|b| *b == b'\n').filter(|line| line[0] != b'?');
    let list: Vec<u8> = lines.flatten().copied().collect();
    let packs = to.join(".git/objects/pack");
    let pack = ["-c", "pack.compression=0", "pack-objects", "--quiet", "--window=0"];
    git(to, pack).arg(packs.join("pack")).stdin(list).checked()?;
    for name in fs::entries(&packs)? {
        let path = packs.join(name);
        let is_pack = path.extension().is_some_and(|ending| ending == "pack");
        if is_pack && !git(to, ["verify-pack", "--"]).arg(path).output()?.status.success() {
            return Err(differs(from));
        }
    }
    Ok(())
}

/// The error for a repository with other objects than their ids say.
pub(super) fn differs(repository: &Path) -> anyhow::Error {
    bad_input(format!(
        "`{}` has objects that are not what their ids say, so it does not have the source of this commit: run `git fsck` there, or clone it again",
        visible(&repository.display().to_string())
    ))
}
