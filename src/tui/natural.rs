//! The order of names as people count: `work 2` before `work 10`.
//!
//! Runs of digits compare by their value, the rest by characters, capitals and small letters apart only when nothing else is. Sessions are walked
//! and listed in this order.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

/// Compares two names as people count. Names that differ are never equal.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let order = match (left.peek().copied(), right.peek().copied()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(l), Some(r)) if l.is_ascii_digit() && r.is_ascii_digit() => {
                let (l, r) = (number(&mut left), number(&mut right));
                l.len().cmp(&r.len()).then(l.cmp(&r))
            }
            (Some(l), Some(r)) => {
                left.next();
                right.next();
                l.to_lowercase().cmp(r.to_lowercase())
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The digits that come next, without leading zeroes.
fn number(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if digit != '0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_their_value() {
        let mut names = ["10", "9", "work 10", "work 2", "Work 3", "a1b10", "a1b9", "007", "7", "99999999999999999999999", "", "日"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "007", "7", "9", "10", "99999999999999999999999", "a1b9", "a1b10", "work 2", "Work 3", "work 10", "日"]);
    }
}
