//! How AI agents are recognised: `config/agents/NAME.toml`, of which the part `match.argv0` is read here.
//!
//! A manifest names programs. A process is that program if the last part of its first word says so, or, where an interpreter runs it, that of the first word
//! behind the interpreter that is no option. An agent that hides its name is not recognised; this attributes, it is no sandbox.

use toml::Value;

/// What is known of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What it is called.
    pub id: String,
    /// Names of its program; none: it is never recognised.
    pub argv0: Vec<String>,
}

/// The manifests that come with the program.
const BUILTIN: &[(&str, &str)] = &[
    ("aider", include_str!("../../config/agents/aider.toml")),
    ("claude", include_str!("../../config/agents/claude.toml")),
    ("codex", include_str!("../../config/agents/codex.toml")),
    ("gemini", include_str!("../../config/agents/gemini.toml")),
    ("opencode", include_str!("../../config/agents/opencode.toml")),
];

/// Programs that run others and are not meant themselves.
const INTERPRETERS: &[&str] =
    &["node", "bun", "deno", "python", "python3", "ruby", "sh", "bash", "zsh", "dash", "fish", "env", "npx", "uv", "uvx"];

/// Most names in a manifest.
const NAMES_MAX: usize = 64;

/// A manifest that will not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// It is not TOML.
    #[error("{0}")]
    Toml(String),
    /// Something in it is missing or of another type.
    #[error("`{0}` must be {1}")]
    Field(&'static str, &'static str),
}

impl Manifest {
    /// Reads one.
    ///
    /// # Errors
    /// [`BadManifest`] says what is wrong; what this does not know is left alone.
    pub fn parse(text: &str) -> Result<Self, BadManifest> {
        let value: toml::Table = text.parse().map_err(|error: toml::de::Error| BadManifest::Toml(error.message().to_owned()))?;
        let id = value.get("id").and_then(Value::as_str).filter(|id| is_name(id));
        let id = id.ok_or(BadManifest::Field("id", "a name of letters, digits, `-` and `_`"))?.to_owned();
        let names = match value.get("match").and_then(|found| found.get("argv0")) {
            None => Vec::new(),
            Some(names) => {
                let bad = BadManifest::Field("match.argv0", "a list of names of programs");
                let names = names.as_array().filter(|names| names.len() <= NAMES_MAX).ok_or_else(|| bad.clone())?;
                let names = names.iter().map(|name| name.as_str().filter(|name| !name.is_empty()).map(str::to_owned));
                names.collect::<Option<Vec<String>>>().ok_or(bad)?
            }
        };
        Ok(Self { id, argv0: names })
    }

    /// Whether a process with these first words is it.
    #[must_use]
    pub fn matches(&self, words: &[String]) -> bool {
        program_of(words).is_some_and(|program| self.argv0.iter().any(|name| name == program))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The name of the program that a process with these first words runs: the script, where an interpreter runs one.
#[must_use]
pub fn program_of(words: &[String]) -> Option<&str> {
    let base = |word: &'_ str| -> usize { word.rfind('/').map_or(0, |at| at + 1) };
    let first = words.first()?;
    // A login shell's first word begins with a dash; titles that programs give themselves have more behind the name.
    let name = first.get(base(first)..)?.trim_start_matches('-').split_whitespace().next()?;
    if !INTERPRETERS.contains(&name) {
        return Some(name);
    }
    let script = words.iter().skip(1).find(|word| !word.starts_with('-'));
    let Some(script) = script else { return Some(name) };
    let script = script.get(base(script)..)?;
    let short = [".js", ".mjs", ".cjs", ".ts", ".py", ".sh", ".rb"].iter().find_map(|ending| script.strip_suffix(ending));
    Some(short.unwrap_or(script)).filter(|script| !script.is_empty() && !script.contains(char::is_whitespace)).or(Some(name))
}

/// The manifests that come with the program.
#[must_use]
pub fn builtin() -> Vec<Manifest> {
    BUILTIN.iter().filter_map(|(_, text)| Manifest::parse(text).ok()).collect()
}

/// Puts `manifest` in the place of the one with its name, or behind the others.
pub fn overrule(manifests: &mut Vec<Manifest>, manifest: Manifest) {
    match manifests.iter_mut().find(|known| known.id == manifest.id) {
        Some(known) => *known = manifest,
        None => manifests.push(manifest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn all_that_come_along_can_be_read_and_bear_their_names() {
        let all = builtin();
        assert_eq!(all.len(), BUILTIN.len());
        for (manifest, (name, _)) in all.iter().zip(BUILTIN) {
            assert_eq!((&manifest.id, &manifest.argv0), (&(*name).to_owned(), &vec![(*name).to_owned()]));
        }
    }

    #[test]
    fn programs_are_known_by_name_and_behind_interpreters() {
        for (line, program) in [
            ("claude --resume x", "claude"),
            ("/usr/local/bin/claude", "claude"),
            ("node /usr/lib/bin/gemini", "gemini"),
            ("/usr/bin/node --max-old-space-size=1 /x/codex.js exec", "codex"),
            ("python3 -m aider", "aider"),
            ("-zsh", "zsh"),
            ("bash", "bash"),
            ("sh -c", "sh"),
            ("bash ./deploy.sh now", "deploy"),
            ("vim claude", "vim"),
            ("/opt/claude/bin/tool", "tool"),
        ] {
            assert_eq!(program_of(&words(line)), Some(program), "{line}");
        }
        assert_eq!(program_of(&[]), None);
        assert_eq!(program_of(&words("")), None);
    }

    #[test]
    fn a_users_file_takes_the_place_of_ours() {
        let mut all = builtin();
        overrule(&mut all, Manifest::parse("id = \"claude\"\nmatch = { argv0 = [] }\nengine = 9\n[[rule]]\nid = \"x\"").unwrap());
        overrule(&mut all, Manifest::parse("id = \"mine\"\nmatch = { argv0 = [\"my-agent\"] }").unwrap());
        assert!(!all.iter().any(|manifest| manifest.matches(&words("claude"))));
        assert!(all.iter().any(|manifest| manifest.matches(&words("my-agent"))));
        for bad in ["", "id = 3", "id = \"a b\"", "id = \"a\"\nmatch = { argv0 = [1] }", "id = \"a\"\nmatch = { argv0 = \"a\" }", "]["] {
            assert!(Manifest::parse(bad).is_err(), "{bad}");
        }
    }
}
