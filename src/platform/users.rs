//! Users and groups by name and number, as the system's databases have them.
#![allow(unsafe_code, reason = "getpwuid_r, getpwnam_r, getgrnam_r, getgrouplist")]

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

/// Room for one entry of the databases, in bytes; a group with more members than fit is not found.
const ENTRY_BYTES: usize = 256 * 1024;

/// Calls `ask` with an entry, room for its texts, and where to say that it was found; gives what `read` makes of it.
fn entry<E, T>(
    ask: impl FnOnce(*mut E, *mut libc::c_char, libc::size_t, *mut *mut E) -> libc::c_int,
    read: impl FnOnce(&E) -> Option<T>,
) -> Option<T> {
    let mut room = vec![0; ENTRY_BYTES];
    let mut entry = MaybeUninit::<E>::uninit();
    let mut found: *mut E = std::ptr::null_mut();
    let done = ask(entry.as_mut_ptr(), room.as_mut_ptr(), room.len(), &raw mut found);
    if done != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call says that it filled the entry; its texts are in `room`, which lives until the end of this function.
    read(unsafe { &*found })
}

fn text(text: *const libc::c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: texts of these databases end with a zero byte and live as long as the room they were read into.
    unsafe { CStr::from_ptr(text) }.to_str().ok().map(str::to_owned)
}

/// The name of user `uid`.
#[must_use]
pub fn name_of(uid: u32) -> Option<String> {
    // SAFETY: entry, room with its length, and result outlive the call.
    entry(|to, room, len, found| unsafe { libc::getpwuid_r(uid, to, room, len, found) }, |user: &libc::passwd| text(user.pw_name))
}

/// The number of user `name`.
#[must_use]
pub fn uid_of(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: as above, and the name ends with a zero byte.
    entry(|to, room, len, found| unsafe { libc::getpwnam_r(name.as_ptr(), to, room, len, found) }, |user: &libc::passwd| Some(user.pw_uid))
}

/// The number of group `name`.
#[must_use]
pub fn gid_of(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: as above.
    entry(|to, room, len, found| unsafe { libc::getgrnam_r(name.as_ptr(), to, room, len, found) }, |group: &libc::group| Some(group.gr_gid))
}

/// The numbers of all groups that user `uid` is in, its own among them.
#[must_use]
pub fn groups_of(uid: u32) -> Vec<u32> {
    let own = entry(
        // SAFETY: as above.
        |to, room, len, found| unsafe { libc::getpwuid_r(uid, to, room, len, found) },
        |user: &libc::passwd| Some((text(user.pw_name)?, user.pw_gid)),
    );
    let Some((name, gid)) = own else { return Vec::new() };
    let Ok(name) = CString::new(name) else { return vec![gid] };
    let mut groups = vec![0; 1024];
    let mut count = 1024;
    // SAFETY: room for as many groups as `count` says, which tells how many there are.
    let done = unsafe { libc::getgrouplist(name.as_ptr(), gid as _, groups.as_mut_ptr(), &raw mut count) };
    if done < 0 {
        return vec![gid];
    }
    groups.truncate(usize::try_from(count).unwrap_or(0));
    #[allow(clippy::unnecessary_cast, reason = "they are signed on macOS")]
    groups.into_iter().map(|group| group as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_a_name_and_nobody_has_that_of_nobody() {
        assert_eq!(name_of(0).as_deref(), Some("root"));
        assert_eq!(uid_of("root"), Some(0));
        assert!(groups_of(0).contains(&0));
        assert_eq!(uid_of("no-such-user-here"), None);
        assert_eq!((gid_of("no-such-group-here"), gid_of("root").or(gid_of("wheel"))), (None, Some(0)));
        assert_eq!(name_of(0x7fff_fff0), None);
        assert_eq!(uid_of("a\0b"), None);
    }
}
