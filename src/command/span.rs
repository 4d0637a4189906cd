//! Lengths of time and moments, as people write them: `90s`, `10m`, `1h30m`, `2d`; `2026-11-22T19:05:00Z`, `@1795374300`.

/// The longest length of time that is understood: a hundred years.
const SPAN_MAX_MS: u64 = 100 * 365 * 86_400_000;

/// A length of time in milliseconds: numbers with `ms`, `s`, `m`, `h`, `d` behind them; a number alone is seconds. None for anything else, and for nothing.
#[must_use]
pub fn span_ms(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "" if number.len() == text.len() => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = tail;
    }
    Some(total).filter(|total| (1..=SPAN_MAX_MS).contains(total))
}

/// A moment in milliseconds since the Unix epoch: a date, or a date and a time, with `Z` or an offset behind it (without: UTC), or `@` and seconds.
#[must_use]
pub fn moment_ms(text: &str) -> Option<u64> {
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse::<u64>().ok()?.checked_mul(1_000);
    }
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let mut date = date.splitn(3, '-').map(|part| number(part, 4));
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    };
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=length).contains(&day) {
        return None;
    }
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at)?, time.get(at..)?),
        None => (time, "Z"),
    };
    let clock = |text: &str| -> Option<i64> {
        let mut parts = text.splitn(3, ':').map(|part| number(part, 2));
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
        (hours <= 23 && minutes <= 59 && seconds <= 59).then_some((hours * 60 + minutes) * 60 + seconds)
    };
    let offset = match offset.chars().next() {
        Some('+') => clock(offset.get(1..)?)?,
        Some('-') => -clock(offset.get(1..)?)?,
        _ if offset.len() == 1 => 0,
        _ => return None,
    };
    // Days since the epoch, with the year beginning in March so that the leap day comes last (Hinnant, "chrono-compatible low-level date algorithms").
    let (shifted_year, shifted_month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * shifted_month + 2) / 5 + day - 1 - 719_468;
    u64::try_from((days * 86_400 + clock(time)? - offset) * 1_000).ok()
}

fn number(text: &str, digits_max: usize) -> Option<i64> {
    let fits = !text.is_empty() && text.len() <= digits_max && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// A length of time in words, in its largest unit: `40 s`, `10 min`, `2 h`, `3 days`.
#[must_use]
pub fn in_words(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("10m", Some(600_000)),
            ("90", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2d", Some(172_800_000)),
            ("", None),
            ("0s", None),
            ("m", None),
            ("5 m", None),
            ("-5m", None),
            ("1h30", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(span_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn spans_have_one_unit() {
        assert_eq!(
            [5_999, 600_000, 7_200_000, 1_000_000_000].map(in_words),
            ["5 s".to_owned(), "10 min".into(), "2 h".into(), "11 days".into()]
        );
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("2026-11-22T19:05:00Z", Some(1_795_374_300_000)),
            ("2026-11-22 20:05:00+01:00", Some(1_795_374_300_000)),
            ("2026-11-22T19:05", Some(1_795_374_300_000)),
            ("2024-02-29", Some(1_709_164_800_000)),
            ("@12", Some(12_000)),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026-11-22T25:00Z", None),
            ("1970-01-01T00:00+01:00", None),
            ("yesterday", None),
            ("2026-é1-01", None),
        ] {
            assert_eq!(moment_ms(text), expected, "{text}");
        }
    }
}
