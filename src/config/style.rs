//! Colours and attributes as texts: `fg=black,bg=green,bold`, in tmux's words.
//!
//! A [`Style`] is a change: what it does not name stays as it was underneath, so that styles are laid over each other with [`Style::over`].
//! Colours by name are the terminal's own sixteen, which never clash with its background; `colour0`..`colour255` and `#rrggbb` are there too.

use std::fmt;

/// A colour of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// The terminal's own foreground or background.
    Default,
    /// One of 256; the first sixteen are the terminal's palette.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The names of the first sixteen colours, in their order.
pub const COLOR_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "brightblack",
    "brightred",
    "brightgreen",
    "brightyellow",
    "brightblue",
    "brightmagenta",
    "brightcyan",
    "brightwhite",
];

/// The names of attributes, in the order of the bits of [`Attributes`].
pub const ATTRIBUTE_NAMES: [&str; 8] = ["bold", "dim", "italics", "underscore", "blink", "reverse", "hidden", "strikethrough"];

/// A set of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes(pub u8);

impl Attributes {
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Dim.
    pub const DIM: Self = Self(2);
    /// Italics.
    pub const ITALICS: Self = Self(4);
    /// Underlined.
    pub const UNDERSCORE: Self = Self(8);
    /// Blinking.
    pub const BLINK: Self = Self(16);
    /// Foreground and background exchanged.
    pub const REVERSE: Self = Self(32);
    /// Not shown.
    pub const HIDDEN: Self = Self(64);
    /// Struck through.
    pub const STRIKETHROUGH: Self = Self(128);

    /// Whether all of `other` are in it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A change of colours and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// Foreground; none: as underneath.
    pub fg: Option<Color>,
    /// Background; none: as underneath.
    pub bg: Option<Color>,
    /// Attributes it sets.
    pub set: Attributes,
    /// Attributes it takes away.
    pub unset: Attributes,
}

impl Style {
    /// Changes nothing.
    pub const NONE: Self = Self { fg: None, bg: None, set: Attributes(0), unset: Attributes(0) };

    /// This style laid over `under`.
    #[must_use]
    pub const fn over(self, under: Self) -> Self {
        Self {
            fg: if self.fg.is_some() { self.fg } else { under.fg },
            bg: if self.bg.is_some() { self.bg } else { under.bg },
            set: Attributes((under.set.0 & !self.unset.0) | self.set.0),
            unset: Attributes((under.unset.0 & !self.set.0) | self.unset.0),
        }
    }

    /// Reads a style; parts are separated by commas or blanks. `none` takes all attributes away, `default` is an empty style.
    ///
    /// # Errors
    /// The part that is no part of a style.
    pub fn parse(text: &str) -> Result<Self, BadStyle> {
        let mut style = Self::NONE;
        for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
            style = Self::part(part)?.over(style);
        }
        Ok(style)
    }

    fn part(part: &str) -> Result<Self, BadStyle> {
        let bad = || BadStyle { part: part.to_owned() };
        let attribute = |name: &str| {
            let name = match name {
                "bright" => "bold",
                "underline" => "underscore",
                "italic" => "italics",
                "strike" => "strikethrough",
                name => name,
            };
            ATTRIBUTE_NAMES.iter().position(|known| *known == name).map(|bit| Attributes(1 << bit))
        };
        if let Some(color) = part.strip_prefix("fg=") {
            Ok(Self { fg: Some(Color::parse(color).ok_or_else(bad)?), ..Self::NONE })
        } else if let Some(color) = part.strip_prefix("bg=") {
            Ok(Self { bg: Some(Color::parse(color).ok_or_else(bad)?), ..Self::NONE })
        } else if part == "default" {
            Ok(Self::NONE)
        } else if part == "none" {
            Ok(Self { unset: Attributes(u8::MAX), ..Self::NONE })
        } else if let Some(set) = attribute(part) {
            Ok(Self { set, ..Self::NONE })
        } else if let Some(unset) = part.strip_prefix("no").and_then(attribute) {
            Ok(Self { unset, ..Self::NONE })
        } else {
            Err(bad())
        }
    }
}

/// A part of a style text that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{part}` is no part of a style; expected fg=COLOUR, bg=COLOUR, bold, dim, italics, underscore, blink, reverse, hidden, strikethrough, or no before one of them"
)]
pub struct BadStyle {
    /// The part.
    pub part: String,
}

impl BadStyle {
    /// What was probably meant.
    #[must_use]
    pub fn similar(&self) -> Option<String> {
        for side in ["fg=", "bg="] {
            if let Some(color) = self.part.strip_prefix(side) {
                return crate::command::spec::similar(color, COLOR_NAMES.into_iter()).first().map(|name| format!("{side}{name}"));
            }
        }
        if Color::parse(&self.part).is_some() {
            return Some(format!("fg={}", self.part));
        }
        crate::command::spec::similar(&self.part, ATTRIBUTE_NAMES.into_iter()).first().map(|name| (*name).to_owned())
    }
}

impl Color {
    /// Reads a colour: a name, `default`, `colour12` (or `color12`, or just the number), `#rrggbb` or `#rgb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "default" || text == "terminal" {
            return Some(Self::Default);
        }
        if let Some(at) = COLOR_NAMES.iter().position(|name| *name == text) {
            return u8::try_from(at).ok().map(Self::Indexed);
        }
        if let Some(hex) = text.strip_prefix('#') {
            if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let channel = |from: usize, to: usize| u8::from_str_radix(hex.get(from..to)?, 16).ok();
            return match hex.len() {
                6 => Some(Self::Rgb(channel(0, 2)?, channel(2, 4)?, channel(4, 6)?)),
                3 => Some(Self::Rgb(channel(0, 1)? * 17, channel(1, 2)? * 17, channel(2, 3)? * 17)),
                _ => None,
            };
        }
        let number = text.strip_prefix("colour").or_else(|| text.strip_prefix("color")).unwrap_or(text);
        if number.bytes().all(|byte| byte.is_ascii_digit()) { number.parse().ok().map(Self::Indexed) } else { None }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Indexed(index) => match COLOR_NAMES.get(usize::from(*index)) {
                Some(name) => f.write_str(name),
                None => write!(f, "colour{index}"),
            },
            Self::Rgb(r, g, b) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.fg.map(|color| format!("fg={color}")));
        parts.extend(self.bg.map(|color| format!("bg={color}")));
        if self.unset == Attributes(u8::MAX) {
            parts.push("none".to_owned());
        } else {
            parts.extend(names(self.unset).map(|name| format!("no{name}")));
        }
        parts.extend(names(self.set).map(str::to_owned));
        if parts.is_empty() { f.write_str("default") } else { f.write_str(&parts.join(",")) }
    }
}

fn names(attributes: Attributes) -> impl Iterator<Item = &'static str> {
    ATTRIBUTE_NAMES.into_iter().enumerate().filter(move |(bit, _)| attributes.0 & (1 << bit) != 0).map(|(_, name)| name)
}
