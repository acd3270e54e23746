//! Extracts an untrusted archive into a new directory: tar, also compressed (and so `.crate`), and zip.
//!
//! The readers refuse names and links that lead out of the archive, and anything above the caps. Of a mode
//! only the exec bit is kept; owners and times are not.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::compress::container::Compression;
use crate::compress::unpack::Unpacked;
use crate::detect::{self, FileType};
use crate::error::{Error, Malformed, ReadError, Stop};
use crate::limits::Limits;
use crate::names::{Folded, printable};
use crate::tar::read::{Kind, Walk};
use crate::zip::read as zip;

/// What was unpacked.
#[derive(Debug, Default)]
pub struct Extracted {
    /// Names of the files in the archive, and where each is now.
    pub files: Vec<(Vec<u8>, PathBuf)>,
    /// The latest time of a member, seconds since 1970; none where the format has no zone.
    pub newest: Option<i64>,
    /// The earliest one.
    pub oldest: Option<i64>,
}

/// Unpacks the archive at `path` into the new directory `to`.
///
/// # Errors
/// It is no archive that is known here, is malformed or beyond the caps, or cannot be written.
pub fn extract(path: &Path, to: &Path, limits: &Limits, stop: Stop) -> Result<Extracted, Error> {
    let mut file = File::open(path).map_err(Error::reading(path))?;
    let (found, _) = detect::of_file(&file).map_err(Error::reading(path))?;
    // After the compressed data. In a plain tar the last member may be a zip.
    let compressed = matches!(found, FileType::Tar(c) if c != Compression::None);
    if compressed && zip::is_at_the_end(&file).map_err(Error::reading(path))? {
        let why = Malformed::at(0, "a zip is at its end, which some readers take in its place");
        return Err(Error::Unsound { path: path.to_owned(), format: "compressed tar", why });
    }
    let format = match found {
        FileType::Zip => "zip",
        FileType::Tar(Compression::None) => "tar",
        FileType::Tar(_) => "compressed tar",
        _ => return Err(Error::NoArchive(path.to_owned())),
    };
    let mut place = Place::make((path, format), to, stop)?;
    match found {
        FileType::Tar(compression) => {
            of_tar(Unpacked::new(&file, compression, limits)?, &mut place, limits)?;
        }
        _ => of_zip(&mut file, &mut place, limits)?,
    }
    place.links_stay_inside()?;
    Ok(place.done)
}

/// Whether a file is an archive that [`extract`] unpacks.
pub fn is_archive(path: &Path) -> Result<bool, Error> {
    let file = File::open(path).map_err(Error::reading(path))?;
    let (found, _) = detect::of_file(&file).map_err(Error::reading(path))?;
    Ok(matches!(found, FileType::Zip | FileType::Tar(_)))
}

fn of_tar(input: impl Read, place: &mut Place, limits: &Limits) -> Result<(), Error> {
    let mut walk = Walk::new(input, limits);
    while let Some(entry) = walk.next().map_err(place.unsound())? {
        place.stop.check()?;
        let done = &mut place.done;
        done.newest = done.newest.max(Some(entry.mtime));
        done.oldest = Some(done.oldest.map_or(entry.mtime, |t| t.min(entry.mtime)));
        match &entry.kind {
            Kind::Dir => place.dir(&entry.name)?,
            Kind::File => place.file(&entry.name, entry.mode & 0o100 != 0, &mut walk)?,
            Kind::Symlink(target) => place.symlink(&entry.name, target)?,
            Kind::Hardlink(target) => place.same(&entry.name, target)?,
            Kind::Sparse | Kind::Special(_) => {
                let what = "it is a sparse file, which is not unpacked here";
                return Err(place.unsound()(Malformed::of(entry.at, &entry.written, what)));
            }
        }
    }
    Ok(())
}

fn of_zip(file: &mut File, place: &mut Place, limits: &Limits) -> Result<(), Error> {
    let index = zip::read(file, limits).map_err(place.unsound())?;
    for entry in &index.entries {
        place.stop.check()?;
        match &entry.kind {
            zip::Kind::Dir => place.dir(&entry.name)?,
            zip::Kind::Symlink(target) => place.symlink(&entry.name, target)?,
            zip::Kind::File => {
                let exec = entry.mode.is_some_and(|m| m & 0o100 != 0);
                let mut content = entry.content(&mut *file).map_err(place.unsound())?;
                place.file(&entry.name, exec, &mut content)?;
            }
        }
    }
    Ok(())
}

/// The new directory, and what was put there.
struct Place<'a> {
    /// The archive, and what it claims to be.
    archive: (&'a Path, &'static str),
    root: PathBuf,
    links: Vec<PathBuf>,
    done: Extracted,
    stop: Stop,
    /// The names so far, where letter case does not count on this disk.
    folded: Option<Folded>,
}

impl<'a> Place<'a> {
    fn make(
        archive: (&'a Path, &'static str),
        root: &Path,
        stop: Stop,
    ) -> Result<Place<'a>, Error> {
        if let Some(parent) = root.parent() {
            create_dir(parent)?;
        }
        let create = Error::io(format!("failed to create directory `{}`", root.display()));
        fs::create_dir(root).map_err(create)?;
        let folded = ignores_case(root)?.then(Folded::default);
        let (root, links, done) = (root.to_owned(), Vec::new(), Extracted::default());
        Ok(Place { archive, root, links, done, stop, folded })
    }

    /// The error of an archive that is not what it claims to be.
    fn unsound<E: Into<ReadError>>(&self) -> impl Fn(E) -> Error + use<'a, E> {
        let (path, format) = self.archive;
        move |e| e.into().in_file(path, format)
    }

    fn dir(&mut self, name: &[u8]) -> Result<(), Error> {
        self.check_case(name)?;
        create_dir(&self.path(name)?)
    }

    /// On a disk that ignores letter case, one file would replace the other, or a link a directory.
    fn check_case(&mut self, name: &[u8]) -> Result<(), Error> {
        let Some(Err(other)) = self.folded.as_mut().map(|names| names.add(name)) else {
            return Ok(());
        };
        let other = printable(&other);
        let what = format!(
            "its name differs from `{other}` in letter case only, and this disk takes both for one file"
        );
        Err(self.unsound()(Malformed::of(0, name, what)))
    }

    fn file(&mut self, name: &[u8], exec: bool, content: &mut dyn Read) -> Result<(), Error> {
        let path = self.new_path(name)?;
        let failed = |e| Error::io(format!("failed to write `{}`", path.display()))(e);
        let mut options = OpenOptions::new();
        // Never through a link, never over a file: the name was not there before.
        let mut out = options.write(true).create_new(true).open(&path).map_err(failed)?;
        let mut buf = vec![0; 128 << 10];
        loop {
            match content.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => io::Write::write_all(&mut out, &buf[..n]).map_err(failed)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.unsound()(e)),
            }
        }
        set_mode(&out, exec).map_err(failed)?;
        self.done.files.push((name.to_vec(), path));
        Ok(())
    }

    fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), Error> {
        let path = self.new_path(name)?;
        let to = path_of(target)?;
        let is_dir = path.parent().is_some_and(|p| p.join(&to).is_dir());
        let make = Error::io(format!("failed to make the link `{}`", path.display()));
        symlink(&to, &path, is_dir).map_err(make)?;
        self.links.push(path);
        Ok(())
    }

    /// Another name of a file that came before, as a file of its own.
    fn same(&mut self, name: &[u8], target: &[u8]) -> Result<(), Error> {
        let (from, to) = (self.path(target)?, self.new_path(name)?);
        let write = Error::io(format!("failed to write `{}`", to.display()));
        fs::copy(&from, &to).map_err(write)?;
        self.done.files.push((name.to_vec(), to));
        Ok(())
    }

    fn path(&self, name: &[u8]) -> Result<PathBuf, Error> {
        Ok(self.root.join(path_of(name)?))
    }

    fn new_path(&mut self, name: &[u8]) -> Result<PathBuf, Error> {
        self.check_case(name)?;
        let path = self.path(name)?;
        if let Some(dir) = path.parent() {
            create_dir(dir)?;
        }
        Ok(path)
    }

    /// A link may lead through another one, so its target alone does not show where it ends.
    fn links_stay_inside(&self) -> Result<(), Error> {
        let resolve = Error::io(format!("failed to resolve `{}`", self.root.display()));
        let root = fs::canonicalize(&self.root).map_err(resolve)?;
        for link in &self.links {
            let leads_out = fs::canonicalize(link).is_ok_and(|end| !end.starts_with(&root));
            if leads_out {
                let name = link.strip_prefix(&self.root).unwrap_or(link);
                return Err(Error::LeadsOut {
                    path: self.archive.0.to_owned(),
                    link: printable(name.as_os_str().as_encoded_bytes()),
                });
            }
        }
        Ok(())
    }
}

/// Whether the disk of an empty directory ignores letter case.
fn ignores_case(dir: &Path) -> Result<bool, Error> {
    let probe = dir.join("case");
    create_dir(&probe)?;
    let found = dir.join("CASE").exists();
    let remove = Error::io(format!("failed to remove `{}`", probe.display()));
    fs::remove_dir(&probe).map_err(remove)?;
    Ok(found)
}

fn create_dir(path: &Path) -> Result<(), Error> {
    let create = Error::io(format!("failed to create directory `{}`", path.display()));
    fs::create_dir_all(path).map_err(create)
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path, _to_dir: bool) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path, to_dir: bool) -> io::Result<()> {
    match to_dir {
        true => std::os::windows::fs::symlink_dir(target, link),
        false => std::os::windows::fs::symlink_file(target, link),
    }
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> Result<PathBuf, Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<PathBuf, Error> {
    let text = std::str::from_utf8(name).ok().filter(|t| !t.contains(':'));
    text.map(PathBuf::from).ok_or_else(|| Error::ImpossibleName(printable(name)))
}

#[cfg(unix)]
fn set_mode(file: &File, exec: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if exec { 0o755 } else { 0o644 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _exec: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::tar::write as writer;
    use std::os::unix::fs::PermissionsExt;

    fn tar(members: &[(&str, writer::Kind, u32, &str)]) -> Vec<u8> {
        let mut out = writer::Writer::new(Vec::new());
        for (name, kind, mode, content) in members {
            let member = writer::Member {
                name: name.as_bytes().to_vec(),
                kind: kind.clone(),
                mode: *mode,
                mtime: 1_700_000_000,
                owner: writer::Owner::default(),
            };
            out.member(&member, &mut content.as_bytes()).unwrap();
        }
        out.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> (tempfile::TempDir, Result<Extracted, Error>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tar");
        fs::write(&path, bytes).unwrap();
        let done = extract(&path, &dir.path().join("to/here"), &Limits::default(), Stop::NEVER);
        (dir, done)
    }

    #[test]
    fn files_links_and_exec_bits_come_out() {
        use writer::Kind::{Dir, File, Hardlink, Symlink};
        let (dir, done) = unpacked(&tar(&[
            ("a/", Dir, 0o777, ""),
            ("a/tool", File(2), 0o4775, "hi"),
            ("a/text", File(0), 0o600, ""),
            ("a/link", Symlink(b"tool".to_vec()), 0o777, ""),
            ("b", Hardlink(b"a/tool".to_vec()), 0o755, ""),
        ]));
        let done = done.unwrap();
        assert_eq!(done.newest, Some(1_700_000_000));
        let at = |name: &str| dir.path().join("to/here").join(name);
        let mode = |name: &str| at(name).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("a/tool"), 0o755);
        assert_eq!(mode("a/text"), 0o644);
        assert_eq!(fs::read(at("a/link")).unwrap(), b"hi");
        assert_eq!(fs::read(at("b")).unwrap(), b"hi");
        let names: Vec<_> = done.files.iter().map(|(n, _)| printable(n)).collect();
        assert_eq!(names, ["a/tool", "a/text", "b"]);
    }

    #[test]
    fn what_leads_out_is_refused_and_not_followed() {
        use writer::Kind::{Dir, File, Symlink};
        let link = |to: &str| Symlink(to.as_bytes().to_vec());
        let hostile: [&[(&str, writer::Kind, u32, &str)]; 4] = [
            &[("../x", File(0), 0o644, "")],
            &[("x", link("/etc/passwd"), 0o777, "")],
            &[("x", link("y"), 0o777, ""), ("x/z", File(0), 0o644, "")],
            // By its words each link stays inside; together they lead out.
            &[
                ("a/b/c/", Dir, 0o755, ""),
                ("a/b/c/up", link("../../.."), 0o777, ""),
                ("x", link("a/b/c/up/.."), 0o777, ""),
            ],
        ];
        for members in hostile {
            let (dir, done) = unpacked(&tar(members));
            let error = done.unwrap_err();
            let input = matches!(error, Error::Unsound { .. } | Error::LeadsOut { .. });
            assert!(input, "{error:?}");
            assert!(!dir.path().join("to/x").exists() && !dir.path().join("x").exists());
        }
    }

    #[test]
    fn names_that_differ_in_case_need_a_disk_that_tells_them_apart() {
        use writer::Kind::File;
        let members = [("a/README", File(1), 0o644, "1"), ("a/readme", File(1), 0o644, "2")];
        let (dir, done) = unpacked(&tar(&members));
        let disk = tempfile::tempdir().unwrap();
        match ignores_case(disk.path()).unwrap() {
            true => assert!(matches!(done, Err(Error::Unsound { .. })), "{done:?}"),
            false => {
                assert_eq!(done.unwrap().files.len(), 2);
                assert_eq!(fs::read(dir.path().join("to/here/a/README")).unwrap(), b"1");
            }
        }
        // The same as if this disk did not.
        let root = disk.path().join("x");
        let mut place = Place::make((disk.path(), "tar"), &root, Stop::NEVER).unwrap();
        place.folded = Some(Folded::default());
        let found = of_tar(&tar(&members)[..], &mut place, &Limits::default());
        assert!(matches!(found, Err(Error::Unsound { .. })));
        assert_eq!(fs::read(root.join("a/README")).unwrap(), b"1");
    }

    #[test]
    fn zips_come_out_and_other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.zip");
        let mut zip = ::zip::ZipWriter::new(File::create(&path).unwrap());
        let options = ::zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file("d/tool", options).unwrap();
        io::Write::write_all(&mut zip, b"hi").unwrap();
        zip.finish().unwrap();
        let done =
            extract(&path, &dir.path().join("out"), &Limits::default(), Stop::NEVER).unwrap();
        assert_eq!(fs::read(&done.files[0].1).unwrap(), b"hi");
        assert_eq!(done.newest, None);
        fs::write(&path, "neither").unwrap();
        let error =
            extract(&path, &dir.path().join("other"), &Limits::default(), Stop::NEVER).unwrap_err();
        assert!(matches!(error, Error::NoArchive(_)), "{error:?}");
    }
}
