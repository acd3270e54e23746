use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub fn found(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    let glob = globset::Glob::new(pattern).map(|g| g.compile_matcher());
    let seen = ignore::Walk::new(dir).flatten().map(ignore::DirEntry::into_path);
    let all = walkdir::WalkDir::new(dir).into_iter().flatten().map(walkdir::DirEntry::into_path);
    seen.chain(all).filter(|p| glob.as_ref().is_ok_and(|g| g.is_match(p))).collect()
}

pub fn pack(files: &[PathBuf]) -> io::Result<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new()?;
    let zipped = flate2::write::GzEncoder::new(file.reopen()?, flate2::Compression::best());
    let mut archive = tar::Builder::new(zipped);
    for path in files {
        archive.append_path(path)?;
    }
    archive.into_inner()?.finish()?;
    Ok(file)
}

pub fn zip(text: &str) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    writer.start_file("text", zip::write::SimpleFileOptions::default())?;
    writer.write_all(text.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}
