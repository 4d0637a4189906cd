//! This terminal: is it one, what is it called, does it speak UTF-8, how many colours, how large is it.

use std::io::IsTerminal;

use super::Finding;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    pub is_terminal: bool,
    pub term: Option<String>,
    pub color_term: Option<String>,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set.
    pub locale: Option<(&'static str, String)>,
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
    /// The pane this runs in.
    pub pane: Option<String>,
    /// Inside another multiplexer.
    pub inside: Option<&'static str>,
}

impl Facts {
    pub(super) fn gather() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let inside = [("TMUX", "tmux"), ("STY", "screen"), ("ZELLIJ", "zellij")];
        Self {
            is_terminal: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
            term: variable("TERM"),
            color_term: variable("COLORTERM"),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, variable(name)?))),
            size: rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| (size.ws_col, size.ws_row)),
            pane: variable(crate::cli::paths::PANE_VARIABLE),
            inside: inside.into_iter().find(|(name, _)| variable(name).is_some()).map(|(_, what)| what),
        }
    }
}

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.is_terminal {
        findings.push(match facts.size {
            Some((cols, rows)) if cols > 0 && rows > 0 && (cols < 20 || rows < 5) => Finding::note(
                "terminal",
                format!("{cols}x{rows} cells: little is left for panes"),
                "make the window larger; 20x5 is the least that is useful",
            ),
            Some((0, _) | (_, 0)) | None => {
                Finding::mend("terminal", "the terminal does not say how large it is", "set it by hand: `stty cols 80 rows 24`")
            }
            Some((cols, rows)) => Finding::fine("terminal", format!("{cols}x{rows} cells")),
        });
    } else {
        findings.push(Finding::note(
            "terminal",
            "standard input and output are not a terminal",
            "run this in the terminal you want to know about",
        ));
    }
    findings.push(term(facts));
    findings.push(locale(facts));
    findings.push(colours(facts));
    if let Some(pane) = &facts.pane {
        findings.push(Finding::fine("nesting", format!("this is pane {pane} of baton")));
    } else if let Some(inside) = facts.inside {
        findings.push(Finding::note(
            "nesting",
            format!("inside {inside}: two prefix keys and two scrollbacks"),
            format!("leave {inside} first, if you can"),
        ));
    }
    findings
}

fn term(facts: &Facts) -> Finding {
    match facts.term.as_deref() {
        None => Finding::mend("term", "TERM is not set", "set it to what your terminal is: `export TERM=xterm-256color`"),
        Some(name @ ("dumb" | "unknown")) => Finding::mend(
            "term",
            format!("TERM is `{name}`: no full-screen program can run"),
            "set it to what your terminal is: `export TERM=xterm-256color`",
        ),
        Some(name @ ("vt52" | "vt100" | "vt102" | "vt220" | "ansi")) => Finding::note(
            "term",
            format!("TERM is `{name}`, a terminal without colours"),
            "if your terminal is newer than that: `export TERM=xterm-256color`",
        ),
        Some(name) => Finding::fine("term", format!("TERM is `{name}`")),
    }
}

fn locale(facts: &Facts) -> Finding {
    let fix = "set a UTF-8 locale: `export LANG=C.UTF-8` (or en_US.UTF-8, after `locale -a`)";
    match &facts.locale {
        None => Finding::mend("locale", "no locale is set: programs in panes write ASCII only", fix),
        Some((name, value)) => {
            let lower = value.to_ascii_lowercase();
            if lower.contains("utf-8") || lower.contains("utf8") {
                Finding::fine("locale", format!("{name} is `{value}`"))
            } else {
                Finding::mend("locale", format!("{name} is `{value}`, which is not UTF-8"), fix)
            }
        }
    }
}

fn colours(facts: &Facts) -> Finding {
    let term = facts.term.as_deref().unwrap_or_default();
    let full = matches!(facts.color_term.as_deref(), Some("truecolor" | "24bit"));
    if full || term.ends_with("-direct") {
        Finding::fine("colours", "16 million")
    } else if term.contains("256color") {
        Finding::note(
            "colours",
            "256; programs that ask for more get the nearest",
            "if your terminal can do more: `export COLORTERM=truecolor`",
        )
    } else {
        Finding::note("colours", "8 or 16", "if your terminal can do more: `export TERM=xterm-256color COLORTERM=truecolor`")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn good() -> Facts {
        Facts {
            is_terminal: true,
            term: Some("xterm-256color".into()),
            color_term: Some("truecolor".into()),
            locale: Some(("LANG", "de_DE.UTF-8".into())),
            size: Some((80, 24)),
            pane: None,
            inside: None,
        }
    }

    fn worst(facts: &Facts) -> (Level, Vec<&'static str>) {
        let findings = check(facts);
        let worst = findings.iter().map(|finding| finding.level).max().unwrap();
        (worst, findings.iter().filter(|finding| finding.level != Level::Fine).map(|finding| finding.check).collect())
    }

    #[test]
    fn each_trouble_is_found_and_nothing_else() {
        assert_eq!(worst(&good()), (Level::Fine, vec![]));
        assert_eq!(worst(&Facts { term: Some("dumb".into()), ..good() }), (Level::Mend, vec!["term"]));
        assert_eq!(worst(&Facts { locale: Some(("LC_ALL", "C".into())), ..good() }), (Level::Mend, vec!["locale"]));
        assert_eq!(worst(&Facts { locale: None, ..good() }), (Level::Mend, vec!["locale"]));
        assert_eq!(worst(&Facts { size: Some((0, 0)), ..good() }), (Level::Mend, vec!["terminal"]));
        assert_eq!(worst(&Facts { size: Some((19, 5)), ..good() }), (Level::Note, vec!["terminal"]));
        assert_eq!(worst(&Facts { is_terminal: false, ..good() }), (Level::Note, vec!["terminal"]));
        assert_eq!(worst(&Facts { color_term: None, ..good() }), (Level::Note, vec!["colours"]));
        assert_eq!(worst(&Facts { inside: Some("tmux"), ..good() }), (Level::Note, vec!["nesting"]));
    }
}
