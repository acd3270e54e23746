//! The preload shim: what the environment cannot carry into a build (clock, times of new files, names
//! of host and kernel, CPU count, order of directories).
//!
//! Owns the compiling, patching and trying of the shared object whose source is `preload.rs`; decides nothing about
//! which build gets which values, nor about `LD_PRELOAD` of a build. One object, compiled once, serves every build:
//! its configuration is a block of bytes that begins with [`MAGIC`].
//!
//! Not reached: statically linked programs, set-user-ID programs, programs that make their system
//! calls themselves, and `/proc`. Of the order of directories
//! also what the C library reads within itself: scandir, glob, nftw and fts.

mod preloaded;
pub mod ran;
pub mod record;
pub mod watch;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::error::host;
use crate::fs;
use crate::process::Cmd;
use crate::variation::{Carrier, Side, Values, VariationId, carried_by};

/// The parts of the object; the first one names the others.
const SOURCES: [(&str, &str); 7] = [
    ("preload.rs", include_str!("preload.rs")),
    ("cpus.rs", include_str!("cpus.rs")),
    ("directories.rs", include_str!("directories.rs")),
    ("moment.rs", include_str!("moment.rs")),
    ("programs.rs", include_str!("programs.rs")),
    ("times.rs", include_str!("times.rs")),
    preloaded::ENVIRONMENT,
];
/// How the block begins. Its integers are little-endian; its texts end in NUL, and are empty where there is none.
const MAGIC: &[u8; 32] = b"repro-shim/2:8d1f0b67c4e95a23\r\n\x1a";

/// Seconds added to the clock (signed).
const OFFSET: Range<usize> = 32..40;
/// CPU count, 0 for the real one.
const CPUS: Range<usize> = 40..44;
/// Order of directories: 0 as it is, 1 by name, 2 by name from the end, else by a digest.
const ORDER: Range<usize> = 44..48;
/// Host name, of at most [`NAME`] bytes; all zero for the real one. Then the kernel's release and version alike.
const HOST: Range<usize> = 48..120;
const RELEASE: Range<usize> = 120..192;
const KERNEL: Range<usize> = 192..264;
/// The variable that preloads the object.
const PRELOAD: Range<usize> = 264..536;
/// The file that lists programs that it cannot be loaded into, and calls of compilers.
const UNREACHED: Range<usize> = 536..808;
/// Nanoseconds added to the clock.
const NANOS: Range<usize> = 808..816;
/// Seconds since 1970 at which the clock stands, 0 if it runs.
const STILL: Range<usize> = 816..824;
/// Nanoseconds since 1970, by the kernel's clock, from which on files are new; 0 if none is.
const SINCE: Range<usize> = 824..832;
/// Directory for records of how build scripts start.
const RECORDS: Range<usize> = 832..1344;
const BLOCK: usize = RECORDS.end;
/// Of the fields of a utsname, without their NUL.
const NAME: usize = 64;

/// The architectures whose system call numbers the source holds.
const ARCHITECTURES: [&str; 4] = ["x86_64", "aarch64", "riscv64gc", "loongarch64"];

/// How far the clock under the shim may be from the one expected, in seconds.
const CLOCK_SLACK: i64 = 60;

/// What the processes of one build are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Seconds added to the wall clock.
    pub clock_offset: i64,
    /// Nanoseconds added to it besides.
    pub nanos: i64,
    /// Seconds since 1970 at which it stands; `None` if it runs.
    pub still: Option<i64>,
    /// Files written after this time (the kernel's clock, since 1970) are new: their times are moved to
    /// the clock that programs see. `None` leaves all times as they are.
    pub since: Option<Duration>,
    /// How many CPUs there are; 0 for the real number.
    pub cpu_count: u32,
    /// The name of the host; `None` for the real one.
    pub host_name: Option<String>,
    /// The kernel's release; `None` for the real one.
    pub kernel: Option<String>,
    /// In which order directories are listed, as the block has it: 0 as they are, else one more than the
    /// value of the variation.
    pub order: u32,
    /// Where programs are written down that the object cannot be loaded into, and calls of compilers.
    pub unreached: Option<PathBuf>,
    /// Where the starts of build scripts are written down.
    pub records: Option<PathBuf>,
}

/// The version of a kernel of this release.
pub fn kernel_version(release: &str) -> String {
    format!("#1 SMP {release}")
}

impl Settings {
    /// Those of one side: the hook of each variation that is carried by preloading.
    pub fn of(side: Side, value: &dyn Fn(VariationId) -> Values) -> Settings {
        let varied = |id| Some(value(id)).filter(Values::varied);
        Settings {
            clock_offset: value(VariationId::Clock).number(side),
            cpu_count: u32::try_from(value(VariationId::CpuCount).number(side)).unwrap_or(0),
            host_name: Some(value(VariationId::Hostname).of(side).to_string()),
            // Not varied means this machine's: what a rebuilder has is not known.
            kernel: varied(VariationId::Kernel).map(|v| v.of(side).to_string()),
            order: varied(VariationId::DirectoryOrder)
                .and_then(|v| u32::try_from(v.number(side) + 1).ok())
                .unwrap_or(0),
            ..Settings::default()
        }
    }
}

/// Whether a build on this host (a target triple) can be reached at all; an error says why not.
pub fn supported(host: &str) -> Result<(), String> {
    if !host.ends_with("-linux-gnu") {
        return Err("the host is not Linux with glibc".into());
    }
    let arch = host.split('-').next().unwrap_or_default();
    if !ARCHITECTURES.contains(&arch) {
        return Err(format!("the preload shim has no system call numbers for {arch}"));
    }
    Ok(())
}

/// The compiled shim.
pub struct Shim {
    object: Vec<u8>,
    /// Where the configuration block begins in `object`.
    block: usize,
}

impl Shim {
    /// Compiles the shim with `rustc`, in the directory `scratch`.
    pub fn compile(rustc: &Path, scratch: &Path) -> Result<Shim> {
        let object = preloaded::compile(rustc, scratch, "repro_shim", &SOURCES)
            .context("failed to compile the preload shim")?;
        let bytes = std::fs::read(&object)
            .with_context(|| format!("failed to read `{}`", object.display()))?;
        Shim::from_object(bytes)
    }

    fn from_object(object: Vec<u8>) -> Result<Shim> {
        let mut found = object
            .windows(MAGIC.len())
            .enumerate()
            .filter(|(_, window)| window == MAGIC)
            .map(|(at, _)| at);
        match (found.next(), found.next()) {
            (Some(block), None) if object.len() - block >= BLOCK => Ok(Shim { object, block }),
            _ => Err(host("the compiled preload shim has no configuration block")),
        }
    }

    /// The object's bytes with the settings in them. `seen` is the path by which it is preloaded.
    fn patched(&self, settings: &Settings, seen: &Path) -> Result<Vec<u8>> {
        let kernel = settings.kernel.as_deref();
        let names = [
            (HOST, settings.host_name.clone()),
            (RELEASE, kernel.map(str::to_string)),
            (KERNEL, kernel.map(kernel_version)),
        ];
        let mut bytes = self.object.clone();
        // Within bounds: `from_object` has seen the whole block.
        let block = &mut bytes[self.block..self.block + BLOCK];
        let since = settings.since.map_or(0, |t| i64::try_from(t.as_nanos()).unwrap_or(0));
        block[OFFSET].copy_from_slice(&settings.clock_offset.to_le_bytes());
        block[NANOS].copy_from_slice(&settings.nanos.to_le_bytes());
        block[STILL].copy_from_slice(&settings.still.unwrap_or(0).to_le_bytes());
        block[SINCE].copy_from_slice(&since.to_le_bytes());
        block[CPUS].copy_from_slice(&settings.cpu_count.to_le_bytes());
        block[ORDER].copy_from_slice(&settings.order.to_le_bytes());
        for (field, name) in names {
            let name = name.unwrap_or_default();
            if name.len() > NAME || name.contains('\0') {
                return Err(host(format!(
                    "a name of a host or kernel has at most {NAME} bytes and no NUL, unlike {name:?}"
                )));
            }
            fill(&mut block[field], name.as_bytes());
        }
        let variable = format!("LD_PRELOAD={}", seen.display()).into_bytes();
        let (list, records) = (encoded(&settings.unreached), encoded(&settings.records));
        if records.len() >= RECORDS.len() {
            let path = records.escape_ascii();
            return Err(host(format!("the path `{path}` is too long for the preload shim")));
        }
        fill(&mut block[RECORDS], records);
        fill(&mut block[UNREACHED], list);
        fill(&mut block[PRELOAD], &variable);
        Ok(bytes)
    }

    /// Writes the shared object with these settings to `path`, for all to read and execute. A build
    /// preloads it as `seen`, which must be a path that `LD_PRELOAD` can carry.
    pub fn write(&self, settings: &Settings, path: &Path, seen: &Path) -> Result<()> {
        if !preloaded::can_carry(seen) {
            return Err(host(format!(
                "LD_PRELOAD cannot carry the path `{}`: it must be absolute, without blanks, `:` and `$`",
                seen.display()
            )));
        }
        fs::write(path, self.patched(settings, seen)?)?;
        executable(path).with_context(|| format!("failed to set the mode of `{}`", path.display()))
    }
}

fn encoded(path: &Option<PathBuf>) -> &[u8] {
    path.as_deref().map_or(b"", |path| path.as_os_str().as_encoded_bytes())
}

/// Puts a text into a field, or nothing where it is too long.
fn fill(field: &mut [u8], text: &[u8]) {
    field.fill(0);
    if text.len() < field.len() {
        field[..text.len()].copy_from_slice(text);
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Runs the system's own tools under the shim and returns which variations of `settings`, those it
/// was written with, they do not see, and why. A setting that changes nothing counts as seen.
///
/// # Errors
/// No program can be run with the shim.
pub fn probe(shim: &Path, settings: &Settings) -> Result<Vec<(VariationId, String)>, String> {
    let ask = |question| ask(shim, question);
    ask("env true")?;
    let says = |question, want: Option<&str>| match want {
        None => Ok(()),
        Some(want) => ask(question).and_then(|said| judge(&said, want)),
    };
    let cpus = Some(settings.cpu_count).filter(|count| *count != 0).map(|count| count.to_string());
    // nproc heeds variables and control groups as well.
    let of_cpus = "getconf _NPROCESSORS_ONLN 2>/dev/null || nproc";
    let tried = |id| match (id, settings.order) {
        (VariationId::Hostname, _) => says("uname -n", settings.host_name.as_deref()),
        (VariationId::Kernel, _) => says("uname -r", settings.kernel.as_deref()),
        (VariationId::CpuCount, _) => says(of_cpus, cpus.as_deref()),
        (VariationId::DirectoryOrder, 0) => Ok(()),
        (VariationId::DirectoryOrder, order) => {
            listing(shim).and_then(|said| judge(&said, if order == 1 { "a b c" } else { "c b a" }))
        }
        (VariationId::Clock, _) => match settings.clock_offset {
            0 => Ok(()),
            offset => ask("date +%s").and_then(|said| judge_clock(&said, offset)),
        },
        // A row that nothing asks for is not taken for varied.
        _ => Err("the preload shim has no probe for it".into()),
    };
    let rows = carried_by(|carrier| *carrier == Carrier::Preload);
    Ok(rows.filter_map(|row| Some((row.id, tried(row.id).err()?))).collect())
}

/// How a directory is listed under the shim, beside which it is made.
fn listing(shim: &Path) -> Result<String, String> {
    let dir = shim.with_extension("listed");
    for name in ["b", "a", "c"] {
        fs::write(&dir.join(name), "").map_err(|e| crate::error::one_line(&e))?;
    }
    let said = ask(shim, &format!("ls -U '{}'", dir.display()))?;
    Ok(said.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn ask(shim: &Path, question: &str) -> Result<String, String> {
    let out = Cmd::new("sh")
        .args(["-c", question])
        .env("LD_PRELOAD", shim)
        .output()
        .map_err(|e| crate::error::one_line(&e))?;
    if !out.status.success() {
        return Err(format!("`{question}` failed under the preload shim"));
    }
    Ok(out.text())
}

fn judge(said: &str, want: &str) -> Result<(), String> {
    if said == want {
        return Ok(());
    }
    Err(format!("the preload shim has no effect: {said:?} instead of {want:?}"))
}

fn judge_clock(said: &str, offset: i64) -> Result<(), String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
    let want = now.saturating_add(offset);
    match said.parse::<i64>() {
        Ok(time) if time.saturating_sub(want).saturating_abs() <= CLOCK_SLACK => Ok(()),
        _ => judge(said, &want.to_string()),
    }
}

#[cfg(test)]
mod tests;
