//! Which other users of this machine are let in, and as what. Nobody, unless the configuration says so.
//!
//! The server's own user is always let in. Another one is if its name or number, or one of its groups, is in `[access]`; the role there is the most that its
//! attachments may have. The socket and its folder then let exactly these in as far as plain modes can say it: see [`Access::modes`].

use crate::keeper::KeeperPaths;
use crate::operator::Role;
use crate::platform;

/// The option `[access]` with names made numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Access {
    uids: Vec<u32>,
    gids: Vec<u32>,
    role: Option<Role>,
}

/// Modes of the folder of the sockets and of the socket, and the group that both are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) folder: u32,
    pub(super) socket: u32,
    pub(super) group: Option<u32>,
}

impl Modes {
    /// Whether socket and folder have other modes, perhaps from before the configuration was changed.
    pub(super) fn differ(self, paths: &KeeperPaths) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        let is =
            |path: &std::path::Path, mode: u32| std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o777 == mode);
        !is(&paths.runtime_dir, self.folder) || !is(&paths.socket, self.socket)
    }

    /// Gives socket and folder these modes, as far as they are ours.
    ///
    /// # Errors
    /// What the system says; a group that we are not in cannot be given.
    pub(super) fn apply(self, paths: &KeeperPaths) -> std::io::Result<()> {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        for (path, mode) in [(&paths.runtime_dir, self.folder), (&paths.socket, self.socket)] {
            if self.group.is_some() {
                chown(path, None, self.group)?;
            }
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}

impl Access {
    /// Resolves names; gives those that the system does not know as warnings.
    pub(super) fn new(users: &[String], groups: &[String], role: Role) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut known = |what: &str, name: &String, id: Option<u32>| {
            let id = id.or_else(|| name.parse().ok());
            if id.is_none() {
                warnings.push(format!("access: there is no {what} `{name}`"));
            }
            id
        };
        let uids = users.iter().filter_map(|name| known("user", name, platform::uid_of(name))).collect();
        let gids = groups.iter().filter_map(|name| known("group", name, platform::gid_of(name))).collect();
        let access = Self { uids, gids, role: Some(role) };
        // Nobody listed is nobody let in, whatever the role.
        (if access.uids.is_empty() && access.gids.is_empty() { Self::default() } else { access }, warnings)
    }

    /// As what user `uid` is let in; none: it is not.
    pub(super) fn role_of(&self, uid: u32) -> Option<Role> {
        let listed =
            self.uids.contains(&uid) || (!self.gids.is_empty() && platform::groups_of(uid).iter().any(|group| self.gids.contains(group)));
        self.role.filter(|_| listed)
    }

    /// What plain modes must let through: nobody; one group; or, as they know no list of users, everybody (who is then asked who they are at the accept).
    pub(super) fn modes(&self) -> Modes {
        match (self.uids.as_slice(), self.gids.as_slice()) {
            ([], []) => Modes { folder: 0o700, socket: 0o600, group: None },
            ([], [group]) => Modes { folder: 0o710, socket: 0o660, group: Some(*group) },
            _ => Modes { folder: 0o711, socket: 0o666, group: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_let_in_unless_listed() {
        let none = Access::default();
        assert_eq!(none.role_of(0), None);
        assert_eq!(none.modes(), Modes { folder: 0o700, socket: 0o600, group: None });
        let (some, warnings) = Access::new(&["root".into(), "12345".into(), "no-such-user".into()], &[], Role::Observer);
        assert_eq!(warnings, ["access: there is no user `no-such-user`"]);
        assert_eq!((some.role_of(0), some.role_of(12345), some.role_of(54321)), (Some(Role::Observer), Some(Role::Observer), None));
        assert_eq!(some.modes().socket, 0o666);
    }

    #[test]
    fn one_group_is_let_in_by_the_modes_alone() {
        let (group, warnings) = Access::new(&[], &["0".into()], Role::Participant);
        assert!(warnings.is_empty());
        assert_eq!(group.modes(), Modes { folder: 0o710, socket: 0o660, group: Some(0) });
        assert_eq!(group.role_of(0), Some(Role::Participant), "root is in the group of that number");
        assert_eq!(group.role_of(0x7fff_fff0), None);
    }
}
