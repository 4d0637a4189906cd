//! The account of whoever runs this: what the user database says, for where the environment is silent (cron, containers, `env -i`).

use std::ffi::{CStr, OsString};
use std::os::unix::ffi::OsStringExt as _;

/// Largest entry of the database that is read, in bytes.
const ENTRY_MAX_BYTES: usize = 1024 * 1024;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: OsString,
    /// Its shell; empty: none is set.
    pub shell: OsString,
}

/// The account of this process's effective user; none if the database has none, as in containers that run under a bare number.
#[must_use]
pub fn user() -> Option<User> {
    let uid = rustix::process::geteuid().as_raw();
    let mut strings = vec![0u8; 1024];
    loop {
        let mut found = std::ptr::null_mut();
        // SAFETY: `passwd` is plain data for which all zeroes is a value.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        // SAFETY: entry, buffer with its length, and result pointer are ours and outlive the call.
        let error = unsafe { libc::getpwuid_r(uid, &raw mut entry, strings.as_mut_ptr().cast(), strings.len(), &raw mut found) };
        match error {
            0 if found.is_null() => return None,
            0 => {
                let text = |pointer: *const libc::c_char| {
                    if pointer.is_null() {
                        return OsString::new();
                    }
                    // SAFETY: a successful call leaves strings that end in NUL inside `strings`, which is not touched before they are copied.
                    OsString::from_vec(unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec())
                };
                return Some(User { name: text(entry.pw_name), shell: text(entry.pw_shell) });
            }
            libc::EINTR => {}
            libc::ERANGE if strings.len() < ENTRY_MAX_BYTES => strings.resize(strings.len() * 2, 0),
            _ => return None,
        }
    }
}

/// The name of whoever runs this: `$USER` or `$LOGNAME`, else the user database's, else `uid N`.
#[must_use]
pub fn user_name() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let known = || user().and_then(|user| user.name.into_string().ok()).filter(|name| !name.is_empty());
    named.or_else(known).unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_the_one_that_id_names() {
        let said = std::process::Command::new("id").arg("-un").output().expect("every system has id");
        let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let found = user().map(|user| user.name.to_string_lossy().into_owned());
        assert_eq!(found.unwrap_or_else(|| said.clone()), said);
        assert!(!user_name().is_empty());
    }
}
