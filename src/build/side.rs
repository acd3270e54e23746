//! What one side finds on disk before its build starts: copies of the source and of the cargo home, in the
//! modes and the order of this side, and a home directory.

use std::path::Path;

use anyhow::Result;

use super::{Plan, check_out};
use crate::build_dirs::BuildDirs;
use crate::cargo::home;
use crate::variation::{Side, Value, VariationId};
use crate::{fs, source};

/// Who git takes for the user where no setting names one.
const NO_USER: &str = "user";

impl Plan<'_> {
    /// Copies the source if that is not done yet, and makes everything around it.
    pub(super) fn prepare(&self, side: Side, dirs: &BuildDirs) -> Result<()> {
        if !dirs.source.exists() {
            check_out(self.source, self.config, &dirs.source)?;
        }
        self.sign_logs(side, &dirs.source)?;
        self.as_unpacked(side, &dirs.source)?;
        let mtime = (self.values)(VariationId::SourceMtime).number(side);
        fs::set_mtimes(&dirs.source, mtime)?;
        source::refresh_index(&dirs.source)?;
        fs::create_dir(&dirs.target)?;
        dirs.empty.iter().try_for_each(|(id, dir)| self.fill(side, *id, dir))?;
        let library = self.library_lockfile();
        let lockfiles = [self.lockfile, library.as_deref().unwrap_or_default()];
        home::make(
            self.cargo_home, &dirs.cargo_home, self.config, &lockfiles, self.registry_sources,
        )?;
        let checkouts = dirs.cargo_home.join("git/checkouts");
        self.sign_logs(side, &checkouts)?;
        for unpacked in [&dirs.cargo_home.join("registry/src"), &checkouts] {
            self.as_unpacked(side, unpacked)?;
        }
        // Files of a registry's crate have the times that are in its archive, everywhere.
        if checkouts.exists() {
            fs::set_mtimes(&checkouts, mtime)?;
        }
        Ok(())
    }

    /// Makes a directory of one side that is empty, but for what others carry into it.
    pub fn fill(&self, side: Side, id: VariationId, dir: &Path) -> Result<()> {
        fs::create_dir(dir)?;
        match (id, (self.values)(VariationId::GitConfig).of(side)) {
            (VariationId::Home, Value::Text(name)) => {
                fs::write(&dir.join(".gitconfig"), git_config(name))
            }
            _ => Ok(()),
        }
    }

    /// The user of this side is who made the copies, by the clock of this side.
    fn sign_logs(&self, side: Side, copies: &Path) -> Result<()> {
        let settings = (self.values)(VariationId::GitConfig);
        let user = match settings.of(side) {
            Value::Text(name) => name,
            _ => NO_USER,
        };
        let ahead = (self.values)(VariationId::Clock).number(side);
        let began = self.since().map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
        match copies.exists() {
            true => source::sign_logs(copies, user, began + ahead),
            false => Ok(()),
        }
    }

    /// Copies get the modes that files have which are unpacked under the umask of this side, and on
    /// all sides but A they are put into their directories in another order.
    fn as_unpacked(&self, side: Side, root: &Path) -> Result<()> {
        if !root.exists() {
            return Ok(());
        }
        fs::set_modes(root, (self.values)(VariationId::Umask).number(side) as u32)?;
        match u32::try_from((self.values)(VariationId::DirectoryOrder).number(side)) {
            Ok(order @ 1..) => fs::reorder(root, order),
            _ => Ok(()),
        }
    }
}

/// Settings of git of a user of this name. The length of short ids is none of them: the recipe fixes it
/// by variables, which libgit2 does not read, and cargo names directories of git dependencies by it.
fn git_config(name: &str) -> String {
    format!(
        "[user]\n\tname = {name}\n\temail = {name}@example.org\n[init]\n\tdefaultBranch = {name}\n[log]\n\tdate = format:%Y-%m-%d by {name}\n"
    )
}
