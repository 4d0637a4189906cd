//! Control by hand: what a full-screen client does when a key, its menu or a card says so.
//!
//! The verbs of the command line (`control take`) say exactly one thing and are the server's business. These are what fingers want: one key, whose meaning
//! follows from how the pane stands (lock, or unlock; a list to choose from; a question for a note), and the answers to the card that is shown.

/// What is done about control of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Steer {
    /// Choose somebody to hand over to.
    HandOver,
    /// Take control.
    Take,
    /// Ask for a note, then hand back.
    HandBack,
    /// Ask why, then request control.
    Request,
    /// Give control up, or withdraw what I offered or asked for.
    Release,
    /// Lock the pane, or unlock it.
    Lock,
    /// Supervise whoever has control, or no longer.
    Supervise,
    /// Open the pane's menu.
    Menu,
    /// Show who is here.
    Who,
    /// Yes to the card that is shown: grant, accept, approve, take.
    Yes,
    /// No to it: deny, decline.
    No,
    /// Show all of it.
    Look,
    /// Put it aside; it is counted on the status line.
    Later,
}

impl Steer {
    /// All, in the order of [`Steer::WORDS`].
    pub const ALL: [Self; 13] = [
        Self::HandOver,
        Self::Take,
        Self::HandBack,
        Self::Request,
        Self::Release,
        Self::Lock,
        Self::Supervise,
        Self::Menu,
        Self::Who,
        Self::Yes,
        Self::No,
        Self::Look,
        Self::Later,
    ];

    /// The words for them on a command line.
    pub const WORDS: [&'static str; 13] =
        ["hand-over", "take", "hand-back", "request", "release", "lock", "supervise", "menu", "who", "yes", "no", "look", "later"];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().zip(Self::WORDS).find(|(steer, _)| **steer == self).map_or("", |(_, word)| word)
    }

    /// What a word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::WORDS).find(|(_, known)| *known == word).map(|(steer, _)| steer)
    }
}
