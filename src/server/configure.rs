//! The configuration file: read at the start and whenever it changes.
//!
//! Its path is `$BATON_CONFIG`, or `config.toml` in the user's configuration folder (by the `directories` crate). A file with errors is taken as far
//! as it can be; what is wrong is shown by `status`. The folder is watched, not the file, because editors replace files; nothing polls. While
//! that folder does not exist the nearest one above it is watched for the next to appear.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::Sender;

use super::access::Access;
use super::event::Event;
use super::journal::Limits;
use super::options::{NewPaneCwd, Options, WindowSize};
use super::owner::{Server, refusal};
use crate::config::agents::{self, Manifest};
use crate::config::{self, AccessRole, Config, CwdPolicy, PaneTitles};
use crate::operator::Role;
use crate::platform::FolderWatch;
use crate::protocol::message::{Notice, Refusal, ServerMessage};
use crate::session::{ArrangeOptions, Command, RemainOnExit};

/// Largest file that is read, in bytes.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

impl Options {
    /// What of `config` the server goes by.
    pub(super) fn of(config: &Config) -> Self {
        let general = &config.general;
        Self {
            default_shell: general.shell.clone(),
            default_command: general.default_command.clone(),
            login_shell: general.login_shell,
            switch_at_end: general.session_end == config::SessionEnd::Switch,
            new_pane_cwd: match general.cwd {
                CwdPolicy::Pane => NewPaneCwd::Pane,
                CwdPolicy::Session => NewPaneCwd::Session,
                CwdPolicy::Home => NewPaneCwd::Home,
            },
            main_pane_percent: general.main_pane_percent,
            pane_base_index: general.pane_base_index,
            default_terminal: if general.term.is_empty() { "screen-256color".to_owned() } else { general.term.clone() },
            update_environment: general.update_environment.clone(),
            window_size: match general.window_size {
                config::WindowSize::Latest => WindowSize::Latest,
                config::WindowSize::Largest => WindowSize::Largest,
                config::WindowSize::Smallest => WindowSize::Smallest,
                config::WindowSize::Manual => WindowSize::Manual,
            },
            remain_on_exit: if general.remain_on_exit { RemainOnExit::On } else { RemainOnExit::Off },
            exit_empty: general.exit_empty,
            base_index: general.base_index,
            renumber_windows: general.renumber_windows,
            history_lines: config.history.lines.max(1),
            history_bytes: config.history.bytes,
            set_clipboard: config.clipboard.programs,
            automatic_rename: general.automatic_rename,
            monitor_activity: general.monitor_activity,
            supervised: config.control.supervised,
            secrets_by_approval: config.control.secret_prompt == config::SecretPrompt::Approve,
            pane_titles: config.titles.panes != PaneTitles::Off,
            ..Self::default()
        }
    }
}

/// Where the file is, whether it exists or not.
pub(super) fn path() -> Option<PathBuf> {
    let named = std::env::var_os("BATON_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(directories::ProjectDirs::from("", "", "baton")?.config_dir().join("config.toml")))
}

/// Reads the file: the configuration, what is wrong with it, and whether there is one.
pub(super) fn read(path: Option<&Path>) -> (Config, Vec<String>, bool) {
    let Some(path) = path else { return (Config::default(), Vec::new(), false) };
    let bounded = || -> std::io::Result<String> {
        if std::fs::metadata(path)?.len() > FILE_MAX_BYTES {
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "larger than a megabyte"));
        }
        std::fs::read_to_string(path)
    };
    match bounded() {
        Ok(text) => {
            let (config, warnings) = config::parse(&text, &path.to_string_lossy());
            (config, warnings.iter().map(ToString::to_string).collect(), true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Config::default(), Vec::new(), false),
        Err(error) => (Config::default(), vec![format!("{}: {error}", path.display())], true),
    }
}

/// Most files of manifests that are read.
const MANIFESTS_MAX: usize = 256;

/// How agents are recognised: the manifests that come along, and over them those in the folder `agents` beside the configuration file.
pub(super) fn manifests() -> Vec<Manifest> {
    let mut all = agents::builtin();
    let folder = path().and_then(|path| Some(path.parent()?.join("agents")));
    let mut files: Vec<PathBuf> = folder.into_iter().flat_map(std::fs::read_dir).flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    for path in files.into_iter().take(MANIFESTS_MAX) {
        let small = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= FILE_MAX_BYTES);
        let text = small.then(|| std::fs::read_to_string(&path).ok()).flatten();
        match text.map(|text| Manifest::parse(&text)) {
            Some(Ok(manifest)) => agents::overrule(&mut all, manifest),
            Some(Err(error)) => tracing::warn!(path = %path.display(), %error, "manifest not read"),
            None => tracing::warn!(path = %path.display(), "manifest cannot be read"),
        }
    }
    all
}

/// Tells the owner when the file changes, for ever.
///
/// After each change it watches anew: the folder may be another one. Only then is the owner told, so that nothing falls between two watches.
pub(super) async fn watch(path: PathBuf, events: Sender<Event>) {
    let mut changed = false;
    while let Some((folder, name)) = nearest(&path) {
        #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
        let watch = match FolderWatch::new(&folder).and_then(AsyncFd::new) {
            Ok(watch) => watch,
            Err(error) => {
                tracing::info!(folder = %folder.display(), %error, "configuration not watched");
                return;
            }
        };
        if changed && events.send(Event::ConfigChanged).await.is_err() {
            return;
        }
        loop {
            let Ok(mut ready) = watch.readable().await else { return };
            ready.clear_ready();
            if watch.get_ref().changed(&name) {
                break;
            }
        }
        changed = true;
    }
}

/// The deepest folder on the way to `path` that exists, and what is looked for in it.
fn nearest(path: &Path) -> Option<(PathBuf, OsString)> {
    let mut below = path;
    for folder in path.ancestors().skip(1) {
        if folder.is_dir() {
            return Some((folder.to_owned(), below.file_name()?.to_owned()));
        }
        below = folder;
    }
    None
}

impl Server {
    /// Reads the file again; what is wrong with it is a warning, not an error.
    ///
    /// # Errors
    /// There is no file.
    pub(super) fn reload_config(&mut self) -> Result<(), Refusal> {
        let path = path();
        let (config, warnings, exists) = read(path.as_deref());
        if !exists {
            self.set_config(&config, warnings, None);
            let place = path.map_or_else(|| "nowhere to be found".to_owned(), |path| path.display().to_string());
            return Err(refusal("failed", format!("there is no configuration file at {place}; the defaults are in force")));
        }
        self.set_config(&config, warnings, path);
        Ok(())
    }

    /// Takes over the limits of the journal, and who is let in; the modes of the socket and its folder follow.
    pub(super) fn set_journal_and_access(&mut self, config: &Config) {
        self.journal.set_limits(Limits { file_bytes: config.journal.size, old_files: config.journal.files });
        let role = match config.access.role {
            AccessRole::Observer => Role::Observer,
            AccessRole::Participant => Role::Participant,
            AccessRole::Admin => Role::Admin,
        };
        let (access, warnings) = Access::new(&config.access.users, &config.access.groups, role);
        self.config_warnings.extend(warnings.iter().cloned());
        warnings.into_iter().for_each(|warning| self.warn_once(warning));
        let Ok(mut known) = self.access.write() else { return };
        let modes = access.modes();
        let before = std::mem::replace(&mut *known, access.clone());
        drop(known);
        if (before != access || modes.differ(&self.about.paths))
            && let Err(error) = modes.apply(&self.about.paths)
        {
            self.warn_once(format!("access: the modes of the socket cannot be set: {error}"));
        }
        if before == access {
            return;
        }
        // Who is not let in any more is let go.
        let mine = rustix::process::geteuid().as_raw();
        let unwelcome = |client: &super::clients::Client| {
            let foreign = client.greeting.as_ref().map(|greeting| greeting.uid).filter(|uid| *uid != mine);
            foreign.is_some_and(|uid| self.access.read().is_ok_and(|access| access.role_of(uid).is_none()))
        };
        let gone: Vec<_> =
            self.clients.iter().filter(|(_, client)| unwelcome(client)).map(|(id, client)| (*id, client.attachment)).collect();
        for (connection, attachment) in gone {
            match attachment {
                Some(attachment) => self.detach(attachment, "access_ended"),
                None => self.hang_up(connection, refusal("not_permitted", "you are no longer let in")),
            }
        }
    }

    fn set_config(&mut self, config: &Config, warnings: Vec<String>, path: Option<PathBuf>) {
        tracing::info!(warnings = warnings.len(), "configuration read");
        self.options = Options::of(config);
        // What the configuration says of control comes in here.
        let control = &config.control;
        self.policy_changed(control.policy(), control.times(), control.takeover);
        self.config_path = path;
        self.manifests = manifests();
        self.set_journal_and_access(config);
        let gone = std::mem::replace(&mut self.config_warnings, warnings);
        self.warnings.retain(|warning| !gone.contains(warning));
        for warning in self.config_warnings.clone() {
            self.warn_once(warning);
        }
        self.apply_late(Command::SetArrangeOptions { options: ArrangeOptions { titles: self.options.pane_titles } });
        self.sizes_due.extend(self.state.windows.keys().copied());
        for client in self.clients.values().filter(|client| client.attachment.is_some()) {
            client.wire.outbox.send(&ServerMessage::Notice(Notice::ConfigChanged));
        }
    }
}
