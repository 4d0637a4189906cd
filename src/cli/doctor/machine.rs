//! The machine: does logging out kill what runs, can the kernel do what recovery rests on, are there enough descriptors.

use std::path::Path;

use super::Finding;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// `KillUserProcesses` of logind, if logind runs here.
    pub kill_user_processes: Option<bool>,
    /// The user lingers.
    pub linger: bool,
    /// The user's name.
    pub user: String,
    /// Sockets lie in a folder that is removed when the user's last session ends.
    pub runtime_dir_vanishes: bool,
    /// Attested reads work on this kernel.
    pub attested_reads: bool,
    /// Descriptors a process may have: now, and at most.
    pub descriptors: Option<(u64, u64)>,
}

impl Facts {
    pub(super) fn gather() -> Self {
        let user = crate::platform::user_name();
        let logind = Path::new("/run/systemd/seats").exists() || Path::new("/run/systemd/users").exists();
        let linger = !user.is_empty() && Path::new("/var/lib/systemd/linger").join(&user).exists();
        let vanishing = std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|base| Path::new(&base).starts_with("/run/user"));
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        Self {
            kill_user_processes: logind.then(kill_user_processes),
            linger,
            user,
            runtime_dir_vanishes: logind && vanishing,
            attested_reads: crate::ring::attested_read_works(),
            descriptors: Some((limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX))),
        }
    }
}

/// logind's setting by its files, the later ones over the earlier; `no` is systemd's own default.
fn kill_user_processes() -> bool {
    let mut files = vec!["/usr/lib/systemd/logind.conf".into(), std::path::PathBuf::from("/etc/systemd/logind.conf")];
    for folder in ["/usr/lib/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/etc/systemd/logind.conf.d"] {
        let mut drops: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        drops.sort();
        files.extend(drops);
    }
    let texts = files.into_iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.fold(false, |before, text| logind_setting(&text).unwrap_or(before))
}

fn logind_setting(text: &str) -> Option<bool> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("KillUserProcesses")?.trim_start().strip_prefix('='))?;
    Some(matches!(value.trim().to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on"))
}

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let enable = "`loginctl enable-linger` keeps your processes and folders when you log out".to_owned();
    match (facts.kill_user_processes, facts.linger) {
        (Some(true), false) => {
            findings.push(Finding::mend("logout", "logging out kills all your processes, panes too (KillUserProcesses=yes)", enable))
        }
        (Some(false), false) if facts.runtime_dir_vanishes => findings.push(Finding::note(
            "logout",
            "panes survive logging out, but the folder of their socket is removed with your last session",
            format!("{enable}; without it the server makes its socket anew, but not before it notices"),
        )),
        (Some(_), _) => findings
            .push(Finding::fine("logout", format!("what runs survives logging out{}", if facts.linger { " (linger is on)" } else { "" }))),
        (None, _) => findings.push(Finding::fine("logout", "no systemd-logind here that would end what runs")),
    }
    findings.push(if facts.attested_reads {
        Finding::fine("kernel", "reads of a terminal can be told apart after a crash: no byte of output is lost")
    } else {
        Finding::note(
            "kernel",
            "reads of a terminal cannot be told apart after a crash",
            "the keeper reads instead, which is slower and loses nothing either; a newer kernel is faster",
        )
    });
    if let Some((now, most)) = facts.descriptors {
        // Two descriptors a pane in the keeper; keeper and server raise the limit to the most that is allowed.
        findings.push(if most < 1024 {
            Finding::mend(
                "limits",
                format!("at most {most} descriptors: {} panes", most / 3),
                "raise the hard limit: `ulimit -Hn` as root, or limits.conf",
            )
        } else {
            Finding::fine("limits", format!("{now} descriptors, {most} at most"))
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn good() -> Facts {
        Facts {
            kill_user_processes: Some(false),
            linger: true,
            user: "me".into(),
            runtime_dir_vanishes: true,
            attested_reads: true,
            descriptors: Some((1024, 1_048_576)),
        }
    }

    fn levels(facts: &Facts) -> Vec<(&'static str, Level)> {
        check(facts).into_iter().filter(|finding| finding.level != Level::Fine).map(|finding| (finding.check, finding.level)).collect()
    }

    #[test]
    fn logging_out_is_judged_by_logind_and_linger() {
        assert_eq!(levels(&good()), []);
        assert_eq!(levels(&Facts { kill_user_processes: Some(true), ..good() }), []);
        assert_eq!(levels(&Facts { kill_user_processes: Some(true), linger: false, ..good() }), [("logout", Level::Mend)]);
        assert_eq!(levels(&Facts { linger: false, ..good() }), [("logout", Level::Note)]);
        assert_eq!(levels(&Facts { kill_user_processes: None, linger: false, ..good() }), []);
    }

    #[test]
    fn kernel_and_limits_are_judged() {
        assert_eq!(levels(&Facts { attested_reads: false, ..good() }), [("kernel", Level::Note)]);
        assert_eq!(levels(&Facts { descriptors: Some((64, 64)), ..good() }), [("limits", Level::Mend)]);
    }

    #[test]
    fn logind_files_are_read_as_systemd_does() {
        assert_eq!(logind_setting("[Login]\n#KillUserProcesses=yes\n"), None);
        assert_eq!(logind_setting("[Login]\nKillUserProcesses=yes\n"), Some(true));
        assert_eq!(logind_setting("KillUserProcesses = yes\nKillUserProcesses=no"), Some(false));
    }
}
