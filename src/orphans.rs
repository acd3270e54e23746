//! Processes that a build leaves running without a sandbox. A daemon leaves the process group and
//! loses its parent, so ending those does not end it. While builds run, this process adopts
//! orphans; afterwards it ends the ones it adopted.

/// Processes that lost their parents while builds ran. Dropping it ends them.
pub struct Orphans(());

impl Orphans {
    /// From now on they become children of this process. Only one of these may exist, and nothing else of
    /// this process may run when it is dropped.
    pub fn adopt() -> Orphans {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Orphans(())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Orphans {
    fn drop(&mut self) {
        use rustix::process::{Signal, WaitOptions, getpid, kill_process, waitpid};
        // What one of them started becomes a child in its turn.
        loop {
            let left = children_of(getpid());
            if left.is_empty() {
                break;
            }
            for child in left {
                let _ = kill_process(child, Signal::KILL);
                let _ = waitpid(Some(child), WaitOptions::empty());
            }
        }
        let _ = rustix::process::set_child_subreaper(None);
    }
}

#[cfg(target_os = "linux")]
fn children_of(parent: rustix::process::Pid) -> Vec<rustix::process::Pid> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|process| {
        let pid: i32 = process.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        (parent_in(&stat)? == parent.as_raw_nonzero().get())
            .then(|| rustix::process::Pid::from_raw(pid))?
    })
    .collect()
}

/// The parent's id in a line of `/proc/PID/stat`: the second field after the name, which is in brackets and
/// may itself have brackets and blanks.
#[cfg(any(target_os = "linux", test))]
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent_in("12 (sleep) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a) b) R 1 (c) S 9 12"), Some(9));
        assert_eq!(parent_in("12 sleep"), None);
    }
}
