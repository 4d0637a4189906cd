//! Processes of the machine: who is alive, who descends from whom, waiting for an end.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::wait::Deadline;

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Sends `signal` to `pid`; a process that is gone is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = pid_of(pid) {
        _ = kill_process(pid, signal);
    }
}

/// Kills `pid` with SIGKILL and waits for its end.
pub fn kill_and_wait(pid: u32) {
    signal(pid, Signal::KILL);
    wait_end(pid, "a killed process is gone");
}

/// Waits until process `pid` is gone (a zombie counts as gone).
///
/// # Panics
/// When patience ends.
#[cfg(target_os = "linux")]
pub fn wait_end(pid: u32, sentence: &str) {
    let Some(id) = pid_of(pid) else { return };
    let Ok(fd) = rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()) else { return };
    let deadline = Deadline::new();
    loop {
        let Some(left) = deadline.left() else { panic!("timed out waiting until {sentence} (process {pid})") };
        let left = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(1), tv_nsec: left.subsec_nanos().into() };
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        if matches!(poll(&mut fds, Some(&left)), Ok(n) if n > 0) {
            return;
        }
    }
}

/// Waits until process `pid` is gone.
#[cfg(not(target_os = "linux"))]
pub fn wait_end(pid: u32, sentence: &str) {
    super::wait::repeat_until(sentence, || if alive(pid) { Err(format!("process {pid} lives")) } else { Ok(()) });
}

/// Whether `pid` is there and not a zombie.
pub fn alive(pid: u32) -> bool {
    match stat(pid) {
        Some((state, _)) => state != 'Z' && state != 'X',
        None if cfg!(target_os = "linux") => false,
        None => pid_of(pid).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()),
    }
}

/// State letter and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// When a process started, in clock ticks since boot: with the process id its identity.
pub fn start_time(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Arguments of a process.
pub fn cmdline(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|b| *b == 0).filter(|a| !a.is_empty()).map(|a| String::from_utf8_lossy(a).into_owned()).collect()
}

/// All living processes: process id to parent.
pub fn all() -> BTreeMap<u32, u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| stat(pid).filter(|(state, _)| *state != 'Z').map(|(_, parent)| (pid, parent))).collect()
}

/// The living children of `pid`.
pub fn children(pid: u32) -> Vec<u32> {
    all().into_iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| child).collect()
}

/// What a process calls itself.
pub fn name(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// The server that a keeper has started, if one lives: its child of that name.
pub fn server_of(keeper: u32) -> Option<u32> {
    children(keeper).into_iter().find(|pid| name(*pid) == "baton-server")
}

/// The living processes whose environment has `mark` in it: everything a story has started.
pub fn marked(mark: &Path) -> Vec<u32> {
    let mark = mark.as_os_str().as_encoded_bytes();
    let me = std::process::id();
    all()
        .into_keys()
        .filter(|pid| *pid != me)
        .filter(|pid| std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.windows(mark.len()).any(|part| part == mark)))
        .collect()
}

/// Descriptors of a process: number to what it is.
pub fn descriptors(pid: u32) -> BTreeMap<u32, String> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeMap::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = std::fs::read_link(entry.path()).ok()?;
            // The folder that is being listed is open too, for the moment.
            let own = target.starts_with("/proc") && target.ends_with("fd");
            (!own).then_some(())?;
            Some((entry.file_name().to_str()?.parse().ok()?, target.to_string_lossy().into_owned()))
        })
        .collect()
}

/// Sets how many descriptors a process may have; gives the limit it had.
#[cfg(target_os = "linux")]
pub fn limit_descriptors(pid: u32, limit: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    let before = prlimit(pid_of(pid), Resource::Nofile, Rlimit { current: Some(limit), maximum: hard });
    before.expect("our own process").current.unwrap_or(u64::MAX)
}

/// Resident memory of a process in kilobytes.
pub fn resident_kb(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}
