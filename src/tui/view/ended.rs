//! How a program ended, in words: cause, status or signal, how long it ran, when it was.

use crate::protocol::message::PaneInfo;
use crate::tui::clock;

/// A signal's usual name, without SIG; those that end programs in practice.
const fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        6 => "ABRT",
        8 => "FPE",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        _ => return None,
    })
}

/// "exited 0", "ended by signal 9 (KILL)".
#[must_use]
pub fn how(exit_code: Option<i32>, signal: Option<i32>) -> String {
    match (exit_code, signal) {
        (_, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("ended by signal {signal} ({name})"),
            None => format!("ended by signal {signal}"),
        },
        (Some(code), None) => format!("exited {code}"),
        (None, None) => "ended, status unknown".to_owned(),
    }
}

/// How long a program ran: "0.4 s", "12 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
#[must_use]
pub fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..10 => format!("{}.{} s", s, ms % 1000 / 100),
        10..60 => format!("{s} s"),
        60..3_600 => format!("{} min {:02} s", s / 60, s % 60),
        3_600..86_400 => format!("{} h {:02} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d {:02} h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// How long the pane's program ran, if both ends are known.
#[must_use]
pub fn ran(info: &PaneInfo) -> Option<String> {
    let ended = info.ended_ms.filter(|_| info.started_ms > 0)?;
    Some(duration(ended.saturating_sub(info.started_ms)))
}

/// The local time of day at which it ended: "14:03:09".
#[must_use]
pub fn at(info: &PaneInfo) -> Option<String> {
    let time = clock::at(info.ended_ms? / 1000)?;
    Some(format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second))
}

/// "exited 3 after 12 s".
#[must_use]
pub fn short(info: &PaneInfo) -> String {
    let after = ran(info).map_or_else(String::new, |ran| format!(" after {ran}"));
    format!("{}{after}", how(info.exit_code, info.signal))
}

/// All of it: "exited 3 after 12 s at 14:03:09".
#[must_use]
pub fn sentence(info: &PaneInfo) -> String {
    let at = at(info).map_or_else(String::new, |at| format!(" at {at}"));
    format!("{}{at}", short(info))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        assert_eq!(how(Some(3), None), "exited 3");
        assert_eq!(how(None, Some(9)), "ended by signal 9 (KILL)");
        assert_eq!(how(None, Some(40)), "ended by signal 40");
        assert_eq!(how(None, None), "ended, status unknown");
        let all = [0, 420, 12_000, 185_000, 7_620_000, 273_600_000].map(duration);
        assert_eq!(all, ["0.0 s", "0.4 s", "12 s", "3 min 05 s", "2 h 07 min", "3 d 04 h"]);
    }
}
