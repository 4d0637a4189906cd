//! Which words of `send` are names of keys.

/// Whether `word` names a key that is not just the character itself: `Enter`, `C-c`, `M-x`, `F5`.
#[must_use]
pub fn is_key_name(word: &str) -> bool {
    const NAMED: &[&str] = &[
        "Enter", "Escape", "Tab", "BTab", "BSpace", "Space", "Up", "Down", "Left", "Right", "Home", "End", "PageUp", "PageDown", "PPage",
        "NPage", "PgUp", "PgDn", "IC", "Insert", "DC", "Delete",
    ];
    let mut rest = word;
    let mut modified = false;
    while let Some(after) = ["C-", "M-", "S-"].iter().find_map(|prefix| rest.strip_prefix(prefix)).filter(|after| !after.is_empty()) {
        rest = after;
        modified = true;
    }
    let function = rest.strip_prefix('F').and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| (1..=24).contains(&number));
    function || NAMED.iter().any(|name| name.eq_ignore_ascii_case(rest)) || (modified && rest.chars().count() == 1)
}
