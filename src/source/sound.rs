//! Whether the objects of a commit are what their ids say. Git looks at ids where objects come over a
//! network, and believes the store of a repository on this machine, which may have come with a download.

use std::path::Path;

use anyhow::Result;
use repro_formats::names::visible;

use super::repository::all_below;
use crate::error::bad_input;
use crate::fs;
use crate::git::git;

/// Checks the commits of a copy and of the submodules in it: each object is packed as git reads it, and
/// has to give its id again. `called` is the repository in messages.
pub fn check(copy: &Path, scratch: &Path, called: &str) -> Result<()> {
    let found = all_below(copy)?;
    for repository in found.iter().filter(|p| p.is_dir() && p.ends_with(".git")) {
        let repository = repository.parent().unwrap_or(copy);
        if !is_sound(repository, &scratch.join("objects"))? {
            let inside = repository.strip_prefix(copy).unwrap_or(repository);
            let place = if inside.as_os_str().is_empty() {
                String::new()
            } else {
                format!(" (submodule `{}`)", visible(&inside.display().to_string()))
            };
            return Err(bad_input(format!(
                "`{}` has objects that are not what their ids say{place}, so it does not have the source of this commit: run `git fsck` there, or clone it again",
                visible(called)
            )));
        }
    }
    Ok(())
}

fn is_sound(repository: &Path, place: &Path) -> Result<bool> {
    fs::create_dir(place)?;
    let list = ["rev-list", "--objects", "--no-walk", "--missing=print", "HEAD"];
    let list = git(repository, list).env("GIT_NO_LAZY_FETCH", "1").checked()?;
    // What a partial clone lacks comes over the network.
    let lines = list.stdout.split_inclusive(|b| *b == b'\n').filter(|line| line[0] != b'?');
    let list: Vec<u8> = lines.flatten().copied().collect();
    let pack = ["-c", "pack.compression=0", "pack-objects", "--quiet", "--window=0"];
    git(repository, pack).arg(place.join("pack")).stdin(list).checked()?;
    let mut sound = true;
    for name in fs::entries(place)? {
        if Path::new(&name).extension().is_some_and(|ending| ending == "pack") {
            let verify = git(repository, ["verify-pack", "--"]).arg(place.join(name));
            sound &= verify.output()?.status.success();
        }
    }
    fs::remove_tree(place)?;
    Ok(sound)
}
