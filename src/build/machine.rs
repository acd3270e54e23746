//! The machine as one side of an isolated build sees it: files about the user, host, kernel and
//! CPUs, made for that side and bind-mounted over those in /etc, /proc and /sys.
//!
//! A file is made only if this machine has one. Anything that is not varied is left as it is.

use std::path::{Path, PathBuf};

use repro_formats::digest;

use crate::error::one_line;
use crate::process::Cmd;
use crate::sandbox::{Room, Sandbox};
use crate::variation::{Carrier, Side, Value, Values, VariationId, carried_by};
use crate::{fs, shim};

/// The id of a machine of this name.
pub fn id_of(host: &str) -> String {
    digest::of_bytes(host.as_bytes()).sha256[..32].to_string()
}

/// What a kernel of a machine of this name calls the time since it was started.
pub fn boot_id_of(host: &str) -> String {
    let digits = digest::of_bytes(format!("{host} was started").as_bytes()).sha256;
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits[range].to_string());
    parts.join("-")
}

/// One side, and where its files are made.
pub struct Machine<'a> {
    /// Which.
    pub side: Side,
    /// The value of each variation.
    pub values: &'a (dyn Fn(VariationId) -> Values + Sync),
    /// Files are made in here.
    pub made_in: PathBuf,
}

/// A file that is made, and the one that it is bound over.
type Bound = (PathBuf, PathBuf);

/// What a program in namespaces is asked, to see a variation. A row that nothing asks for is not taken for
/// varied.
fn question(id: VariationId) -> &'static str {
    match id {
        VariationId::Username => "id -un",
        VariationId::UserId => "id -u",
        VariationId::Hostname => "uname -n",
        VariationId::Kernel => "cat /proc/sys/kernel/osrelease",
        VariationId::CpuCount => "grep -c ^processor /proc/cpuinfo",
        _ => "",
    }
}

impl Machine<'_> {
    /// Makes it the machine of a room.
    pub fn furnish(&self, room: &mut Room) {
        room.user = self.text(VariationId::UserId).parse().ok();
        room.hostname = Some(self.text(VariationId::Hostname));
        room.read.extend(self.files());
    }

    /// The variations that programs in a sandbox do not see although namespaces carry them, and why.
    pub fn unseen(&self, sandbox: &Sandbox) -> Vec<(VariationId, String)> {
        let mut room = Room::default();
        self.furnish(&mut room);
        let ids: Vec<_> = carried_by(|c| *c == Carrier::Namespace).map(|row| row.id).collect();
        let script: String =
            ids.iter().map(|id| format!("echo \"$({})\"\n", question(*id))).collect();
        let asked = Cmd::new("sh").args(["-c", &script]);
        let answers = match sandbox.around(asked, Path::new("/"), &room).output() {
            Ok(out) => out.text(),
            Err(error) => return ids.into_iter().map(|id| (id, one_line(&error))).collect(),
        };
        let each = ids.into_iter().zip(answers.lines().chain(std::iter::repeat("")));
        let unlike = each.filter(|(id, answer)| *answer != self.text(*id));
        let why = |(id, answer)| {
            let want = self.text(id);
            (id, format!("the sandbox has no effect: {answer:?} instead of {want:?}"))
        };
        unlike.map(why).collect()
    }

    /// All files.
    fn files(&self) -> Vec<Bound> {
        let mut texts = self.accounts();
        texts.extend(self.kernel());
        texts.extend(self.cpus());
        let mut files = Vec::new();
        for (seen, text) in texts {
            let real = self.made_in.join(seen.trim_start_matches('/'));
            let seen = PathBuf::from(seen);
            // A link may lead into what is hidden.
            let is_file = std::fs::symlink_metadata(&seen).is_ok_and(|m| m.is_file());
            if is_file && fs::write(&real, text).is_ok() {
                files.push((real, seen));
            }
        }
        files.extend(self.cpu_directory());
        files
    }

    fn text(&self, id: VariationId) -> String {
        (self.values)(id).of(self.side).to_string()
    }

    /// A value that differs between the sides.
    fn varied(&self, id: VariationId) -> Option<Value> {
        let values = (self.values)(id);
        values.varied().then(|| values.of(self.side).clone())
    }

    fn accounts(&self) -> Vec<(&'static str, String)> {
        let (name, host) = (self.text(VariationId::Username), self.text(VariationId::Hostname));
        let id = self.text(VariationId::UserId);
        let others = |file: &str| {
            let text = fs::read_text(Path::new(file)).unwrap_or_default();
            let own = |l: &&str| l.split(':').nth(2) != Some(&*id);
            text.lines().filter(own).map(|l| format!("{l}\n")).collect::<String>()
        };
        let home = self.text(VariationId::Home);
        let machine = format!("{}\n", id_of(&host));
        // By the name, as all that tells one user from another is: a replay has B's on its only side. The
        // names of neighboring sides differ in length by one.
        let shell = match name.len() % 2 == 0 && Path::new("/bin/bash").exists() {
            true => "/bin/bash",
            false => "/bin/sh",
        };
        vec![
            (
                "/etc/passwd",
                others("/etc/passwd") + &format!("{name}:x:{id}:{id}:{name}:{home}:{shell}\n"),
            ),
            ("/etc/group", others("/etc/group") + &format!("{name}:x:{id}:\n")),
            ("/etc/hostname", format!("{host}\n")),
            (
                "/etc/hosts",
                hosts(&fs::read_text(Path::new("/etc/hosts")).unwrap_or_default(), &host),
            ),
            ("/etc/machine-id", machine.clone()),
            ("/var/lib/dbus/machine-id", machine),
            ("/proc/sys/kernel/random/boot_id", format!("{}\n", boot_id_of(&host))),
            ("/proc/sys/kernel/domainname", format!("{host}\n")),
        ]
    }

    fn kernel(&self) -> Vec<(&'static str, String)> {
        let Some(release) = self.varied(VariationId::Kernel) else { return Vec::new() };
        let release = release.to_string();
        let version = shim::kernel_version(&release);
        let compiler = "(builder@localhost) (gcc (GCC) 12.2.0, GNU ld (GNU Binutils) 2.40)";
        vec![
            ("/proc/version", format!("Linux version {release} {compiler} {version}\n")),
            ("/proc/sys/kernel/osrelease", format!("{release}\n")),
            ("/proc/sys/kernel/version", format!("{version}\n")),
        ]
    }

    fn cpus(&self) -> Vec<(&'static str, String)> {
        let Some(Value::Count(count)) = self.varied(VariationId::CpuCount) else {
            return Vec::new();
        };
        let read = |file: &str| fs::read_text(Path::new(file)).unwrap_or_default();
        vec![
            ("/proc/cpuinfo", cpu_info(&read("/proc/cpuinfo"), count)),
            ("/proc/stat", cpu_times(&read("/proc/stat"), count)),
        ]
    }

    /// The directory of the CPUs: what this machine says of each, for as many as there are to be.
    fn cpu_directory(&self) -> Option<Bound> {
        let Some(Value::Count(count)) = self.varied(VariationId::CpuCount) else { return None };
        let seen = PathBuf::from("/sys/devices/system/cpu");
        let real = self.made_in.join("sys-cpu");
        let copy = |from: &Path, to: &Path| {
            for name in fs::entries(from).unwrap_or_default() {
                // Some can only be written, and some are directories.
                if let Ok(text) = std::fs::read(from.join(&name)) {
                    fs::write(&to.join(&name), text).ok()?;
                }
            }
            Some(())
        };
        fs::create_dir(&real).ok()?;
        copy(&seen, &real)?;
        let there = (0..).take_while(|i| seen.join(format!("cpu{i}")).is_dir()).count().max(1);
        for i in 0..count as usize {
            let (from, to) = (format!("cpu{}", i % there), format!("cpu{i}"));
            copy(&seen.join(&from), &real.join(&to))?;
            copy(&seen.join(&from).join("topology"), &real.join(&to).join("topology"))?;
        }
        for name in ["online", "possible", "present"] {
            fs::write(&real.join(name), format!("0-{}\n", count.saturating_sub(1))).ok()?;
        }
        seen.is_dir().then_some((real, seen))
    }
}

/// `/etc/hosts` with a name of this machine, and an address of its own, which is also its `hostid`.
fn hosts(text: &str, host: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let number = u32::from_str_radix(&id_of(host)[..4], 16).unwrap_or(0);
    format!("{text}{end}127.2.{}.{} {host}\n", number >> 8, number & 255)
}

/// `/proc/cpuinfo` with as many CPUs: one paragraph each.
fn cpu_info(text: &str, count: u32) -> String {
    let has_number = |p: &&str| p.lines().any(|l| l.starts_with("processor"));
    let each: Vec<&str> = text.split_inclusive("\n\n").filter(has_number).collect();
    let rest: String = text.split_inclusive("\n\n").filter(|p| !has_number(p)).collect();
    if each.is_empty() {
        return text.to_string();
    }
    let numbered = |i: usize| {
        let lines = each[i % each.len()].split_inclusive('\n');
        let lines = lines.map(|l| match (l.starts_with("processor"), l.split_once(':')) {
            (true, Some((name, _))) => format!("{name}: {i}\n"),
            _ => l.to_string(),
        });
        lines.collect::<String>()
    };
    (0..count as usize).map(numbered).collect::<String>() + &rest
}

/// `/proc/stat` with as many CPUs: one line each.
fn cpu_times(text: &str, count: u32) -> String {
    let of_one = |l: &&str| l.starts_with("cpu") && !l.starts_with("cpu ");
    let each: Vec<&str> = text.lines().filter(of_one).collect();
    let times = |i: usize| each[i % each.len()].split_once(' ').map_or("", |(_, times)| times);
    let mut out = String::new();
    for line in text.lines().filter(|l| !of_one(l)) {
        out += &format!("{line}\n");
        if line.starts_with("cpu ") && !each.is_empty() {
            (0..count as usize).for_each(|i| out += &format!("cpu{i} {}\n", times(i)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_counted_as_often_as_there_are_to_be() {
        let text = "processor\t: 0\nmodel\t: x\n\nprocessor\t: 1\nmodel\t: y\n\nHardware: z\n";
        let want = "processor\t: 0\nmodel\t: x\n\nprocessor\t: 1\nmodel\t: y\n\n\
            processor\t: 2\nmodel\t: x\n\nHardware: z\n";
        assert_eq!(cpu_info(text, 3), want);
        let stat = "cpu  3 4\ncpu0 1 2\ncpu1 2 2\nintr 5\n";
        assert_eq!(cpu_times(stat, 3), "cpu  3 4\ncpu0 1 2\ncpu1 2 2\ncpu2 1 2\nintr 5\n");
        assert_eq!(cpu_times(stat, 1), "cpu  3 4\ncpu0 1 2\nintr 5\n");
    }

    #[test]
    fn ids_have_the_form_that_systemd_and_the_kernel_give_them() {
        assert_eq!(id_of("h").len(), 32);
        let lengths: Vec<usize> = boot_id_of("h").split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
