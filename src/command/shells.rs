//! Completion scripts for shells, made from the table: names of commands, their flags, and words, files and folders as their types say.
//!
//! The scripts are complete in themselves: they do not call baton, so completing is instant and works without a server.

use std::fmt::Write as _;

use super::action::Shell;
use super::cli::GLOBAL_FLAGS;
use super::spec::{CommandSpec, FlagSpec, Place, Takes};
use super::table;

/// The script for `shell`.
#[must_use]
pub fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    table::all().filter(|spec| spec.scope.includes(Place::Shell))
}

/// First words of two-word names, each once.
fn groups() -> Vec<&'static str> {
    let mut out: Vec<&str> = Vec::new();
    for (group, _) in commands().filter_map(|spec| spec.name.split_once(' ')) {
        if !out.contains(&group) {
            out.push(group);
        }
    }
    out
}

/// The second words of a group with what they do.
fn members(group: &str) -> impl Iterator<Item = (&'static str, &'static CommandSpec)> {
    commands().filter_map(move |spec| spec.name.split_once(' ').filter(|(first, _)| *first == group).map(|(_, second)| (second, spec)))
}

/// The words that flags are written as.
fn flag_words(flags: &[FlagSpec]) -> Vec<String> {
    flags
        .iter()
        .flat_map(|flag| [flag.short.map(|short| format!("-{short}")), flag.long.map(|long| format!("--{long}"))])
        .flatten()
        .collect()
}

/// A text in single quotes, as all three shells read it; fish also reads backslashes there.
fn quoted(text: &str, fish: bool) -> String {
    let text = if fish { text.replace('\\', "\\\\").replace('\'', "\\'") } else { text.replace('\'', "'\\''") };
    format!("'{text}'")
}

fn bash() -> String {
    let mut out = String::from("# bash completion for baton; made by `baton completions bash`\n_baton() {\n");
    out.push_str("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=1 name words=\n    COMPREPLY=()\n");
    out.push_str("    while ((at < COMP_CWORD)); do\n        case ${COMP_WORDS[at]} in\n            -L|-S|-f) ((at += 2)) ;;\n            -*) ((at += 1)) ;;\n            *) break ;;\n        esac\n    done\n");
    let mut names: Vec<&str> = commands().flat_map(CommandSpec::names).filter(|name| !name.contains(' ')).chain(groups()).collect();
    names.sort_unstable();
    let _ = writeln!(out, "    if ((at >= COMP_CWORD)); then");
    out.push_str("        case $prev in\n            -S|-f) ((at > COMP_CWORD)) && { COMPREPLY=($(compgen -f -- \"$cur\")); return; } ;;\n            -L) return ;;\n        esac\n");
    let _ = writeln!(
        out,
        "        COMPREPLY=($(compgen -W '{} {}' -- \"$cur\"))\n        return\n    fi",
        names.join(" "),
        flag_words(GLOBAL_FLAGS).join(" ")
    );
    out.push_str("    name=${COMP_WORDS[at]}\n    case $name in\n");
    for group in groups() {
        let seconds: Vec<&str> = members(group).map(|(second, _)| second).collect();
        let _ = writeln!(
            out,
            "        {group})\n            if ((at + 1 == COMP_CWORD)); then\n                COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n                return\n            fi\n            name=\"$name ${{COMP_WORDS[at+1]}}\" ;;",
            seconds.join(" ")
        );
    }
    out.push_str("    esac\n    case $name in\n");
    for spec in commands() {
        let patterns: Vec<String> = spec.names().map(|name| quoted(name, false)).collect();
        let _ = writeln!(out, "        {})", patterns.join("|"));
        let mut cases = String::new();
        for flag in spec.flags.iter().filter(|flag| flag.takes != Takes::Nothing) {
            let _ = writeln!(cases, "                {}) {} ;;", flag_words(std::slice::from_ref(flag)).join("|"), bash_values(flag.takes));
        }
        if !cases.is_empty() {
            let _ = write!(out, "            case $prev in\n{cases}            esac\n");
        }
        let mut words = flag_words(spec.flags);
        words.push("--help".to_owned());
        let _ = writeln!(out, "            words='{}'", words.join(" "));
        let arguments = spec.args.iter().map(|arg| bash_argument(arg.takes)).find(|argument| !argument.is_empty()).unwrap_or_default();
        if !arguments.is_empty() {
            let _ = writeln!(out, "            [[ $cur != -* ]] && {{ {arguments}; return; }}");
        }
        out.push_str("            ;;\n");
    }
    out.push_str("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _baton baton\n");
    out
}

fn bash_values(takes: Takes) -> String {
    let argument = bash_argument(takes);
    if argument.is_empty() { "return".to_owned() } else { format!("{argument}; return") }
}

fn bash_argument(takes: Takes) -> String {
    match takes {
        Takes::Folder => "COMPREPLY=($(compgen -d -- \"$cur\"))".to_owned(),
        Takes::File => "COMPREPLY=($(compgen -f -- \"$cur\"))".to_owned(),
        Takes::Program => "COMPREPLY=($(compgen -c -f -- \"$cur\"))".to_owned(),
        Takes::OneOf(words) => format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", words.join(" ")),
        Takes::Layout => format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", super::complete::LAYOUT_PRESETS.join(" ")),
        Takes::CommandName => {
            let names: Vec<&str> = commands().map(|spec| spec.name).filter(|name| !name.contains(' ')).collect();
            format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", names.join(" "))
        }
        _ => String::new(),
    }
}

/// A description inside of an `_arguments` specification.
fn zsh_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '[' | ']' | ':' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn zsh_action(takes: Takes) -> String {
    match takes {
        Takes::Folder => "_files -/".to_owned(),
        Takes::File => "_files".to_owned(),
        Takes::Program => "_command_names -e".to_owned(),
        Takes::OneOf(words) => format!("({})", words.join(" ")),
        Takes::Layout => format!("({})", super::complete::LAYOUT_PRESETS.join(" ")),
        Takes::CommandName => {
            let names: Vec<&str> = commands().map(|spec| spec.name).filter(|name| !name.contains(' ')).collect();
            format!("({})", names.join(" "))
        }
        _ => String::new(),
    }
}

fn zsh_flags(flags: &[FlagSpec]) -> Vec<String> {
    let mut out = Vec::new();
    for flag in flags {
        let star = if flag.repeats { "*" } else { "" };
        let value = match flag.takes {
            Takes::Nothing => String::new(),
            takes => format!(":{}:{}", zsh_text(takes.placeholder()), zsh_action(takes)),
        };
        for word in flag_words(std::slice::from_ref(flag)) {
            out.push(quoted(&format!("{star}{word}[{}]{value}", zsh_text(flag.help)), false));
        }
    }
    out
}

fn zsh() -> String {
    let mut out = String::from(
        "#compdef baton\n# zsh completion for baton; made by `baton completions zsh`\n_baton() {\n    local curcontext=\"$curcontext\" state line name\n    typeset -A opt_args\n    _arguments -C \\\n",
    );
    for flag in zsh_flags(GLOBAL_FLAGS) {
        let _ = writeln!(out, "        {flag} \\");
    }
    out.push_str("        '1: :->command' '*:: :->arguments' && return\n    case $state in\n    command)\n        local -a commands=(\n");
    for spec in commands().filter(|spec| !spec.name.contains(' ')) {
        let _ = writeln!(out, "            {}", quoted(&format!("{}:{}", spec.name, spec.summary), false));
    }
    for group in groups() {
        let seconds: Vec<&str> = members(group).map(|(second, _)| second).collect();
        let _ = writeln!(out, "            {}", quoted(&format!("{group}:{}", seconds.join(", ")), false));
    }
    out.push_str("        )\n        _describe command commands ;;\n    arguments)\n        name=$words[1]\n        case $name in\n");
    for group in groups() {
        let _ = writeln!(out, "        {group})\n            if ((CURRENT == 2)); then\n                local -a seconds=(");
        for (second, spec) in members(group) {
            let _ = writeln!(out, "                    {}", quoted(&format!("{second}:{}", spec.summary), false));
        }
        out.push_str("                )\n                _describe command seconds\n                return\n            fi\n            name=\"$name $words[2]\"\n            shift words\n            ((CURRENT -= 1)) ;;\n");
    }
    out.push_str("        esac\n        case $name in\n");
    for spec in commands() {
        let patterns: Vec<String> = spec.names().map(|name| quoted(name, false)).collect();
        let mut parts = zsh_flags(spec.flags);
        parts.push("'--help[Explain the command]'".to_owned());
        for (at, arg) in spec.args.iter().enumerate() {
            let (name, action) = (zsh_text(arg.name), zsh_action(arg.takes));
            parts.push(quoted(&if arg.many { format!("*:{name}:{action}") } else { format!("{}::{name}:{action}", at + 1) }, false));
        }
        let _ = writeln!(out, "        {})\n            _arguments -s {} ;;", patterns.join("|"), parts.join(" \\\n                "));
    }
    out.push_str("        esac ;;\n    esac\n}\nif [[ $funcstack[1] == _baton ]]; then _baton \"$@\"; else compdef _baton baton; fi\n");
    out
}

fn fish() -> String {
    let mut out = String::from("# fish completion for baton; made by `baton completions fish`\ncomplete -c baton -f\n");
    for flag in GLOBAL_FLAGS {
        fish_flag(&mut out, "__fish_use_subcommand", flag);
    }
    for spec in commands().filter(|spec| !spec.name.contains(' ')) {
        let _ = writeln!(out, "complete -c baton -n __fish_use_subcommand -a {} -d {}", spec.name, quoted(spec.summary, true));
    }
    for group in groups() {
        let seconds: Vec<&str> = members(group).map(|(second, _)| second).collect();
        let _ = writeln!(out, "complete -c baton -n __fish_use_subcommand -a {group} -d {}", quoted(&seconds.join(", "), true));
        for (second, spec) in members(group) {
            let condition = format!("__fish_seen_subcommand_from {group}; and not __fish_seen_subcommand_from {}", seconds.join(" "));
            let _ = writeln!(out, "complete -c baton -n {} -a {second} -d {}", quoted(&condition, true), quoted(spec.summary, true));
        }
    }
    for spec in commands() {
        let one: Vec<&str> = spec.names().filter(|name| !name.contains(' ')).collect();
        let mut condition = format!("__fish_seen_subcommand_from {}", one.join(" "));
        if let Some((group, second)) = spec.name.split_once(' ') {
            // fish takes `and` and `or` from left to right.
            condition = format!("__fish_seen_subcommand_from {group}; and __fish_seen_subcommand_from {second}; or {condition}");
        }
        let condition = quoted(&condition, true);
        for flag in spec.flags {
            fish_flag(&mut out, &condition, flag);
        }
        let _ = writeln!(out, "complete -c baton -n {condition} -l help -d 'Explain the command'");
        for arg in spec.args {
            if let Some(values) = fish_values(arg.takes) {
                let _ = writeln!(out, "complete -c baton -n {condition} {values}");
            }
        }
    }
    out
}

fn fish_flag(out: &mut String, condition: &str, flag: &FlagSpec) {
    let _ = write!(out, "complete -c baton -n {condition}");
    if let Some(short) = flag.short {
        let _ = write!(out, " -s {short}");
    }
    if let Some(long) = flag.long {
        let _ = write!(out, " -l {long}");
    }
    if flag.takes != Takes::Nothing {
        out.push_str(" -r ");
        out.push_str(&fish_values(flag.takes).unwrap_or_default());
    }
    let _ = writeln!(out, " -d {}", quoted(flag.help, true));
}

fn fish_values(takes: Takes) -> Option<String> {
    let words = |words: &[&str]| Some(format!("-a {}", quoted(&words.join(" "), true)));
    match takes {
        Takes::Folder => Some("-a '(__fish_complete_directories)'".to_owned()),
        Takes::File => Some("-F".to_owned()),
        Takes::Program => Some("-a '(__fish_complete_subcommand)'".to_owned()),
        Takes::OneOf(choices) => words(choices),
        Takes::Layout => words(&super::complete::LAYOUT_PRESETS),
        Takes::CommandName => words(&commands().map(|spec| spec.name).filter(|name| !name.contains(' ')).collect::<Vec<_>>()),
        _ => None,
    }
}
