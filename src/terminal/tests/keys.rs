use super::*;
use crate::geometry::Point;
use crate::terminal::keys::{
    Key, KeyCode, Mods, Mouse, MouseAction, MouseButton, clean_paste, encode_focus, encode_key, encode_mouse, paste,
};
use crate::terminal::{Modes, MouseEncoding, MouseTracking};

fn sends(name: &str, modes: Modes) -> String {
    String::from_utf8(encode_key(Key::parse(name).unwrap(), modes)).unwrap()
}

#[test]
fn keys_send_what_xterm_sends() {
    for (name, bytes) in [
        ("a", "a"),
        ("M-a", "\x1ba"),
        ("C-a", "\x01"),
        ("C-M-a", "\x1b\x01"),
        ("S-a", "A"),
        ("é", "é"),
        ("C-Space", "\0"),
        ("C-[", "\x1b"),
        ("C-\\", "\x1c"),
        ("C-_", "\x1f"),
        ("C-/", "\x1f"),
        ("C-1", "1"),
        ("Enter", "\r"),
        ("M-Enter", "\x1b\r"),
        ("Tab", "\t"),
        ("BTab", "\x1b[Z"),
        ("S-Tab", "\x1b[Z"),
        ("BSpace", "\x7f"),
        ("C-BSpace", "\x08"),
        ("Escape", "\x1b"),
        ("Up", "\x1b[A"),
        ("C-Up", "\x1b[1;5A"),
        ("S-M-C-Left", "\x1b[1;8D"),
        ("Home", "\x1b[H"),
        ("M-End", "\x1b[1;3F"),
        ("PPage", "\x1b[5~"),
        ("S-NPage", "\x1b[6;2~"),
        ("IC", "\x1b[2~"),
        ("C-DC", "\x1b[3;5~"),
        ("F1", "\x1bOP"),
        ("S-F1", "\x1b[1;2P"),
        ("F5", "\x1b[15~"),
        ("F6", "\x1b[17~"),
        ("F10", "\x1b[21~"),
        ("F11", "\x1b[23~"),
        ("C-F12", "\x1b[24;5~"),
        ("F13", "\x1b[1;2P"),
        ("F20", "\x1b[19;2~"),
    ] {
        assert_eq!(sends(name, Modes::default()), bytes, "{name}");
    }
    let application = Modes { application_cursor: true, ..Modes::default() };
    assert_eq!((sends("Up", application).as_str(), sends("End", application).as_str()), ("\x1bOA", "\x1bOF"));
    assert_eq!(sends("C-Up", application), "\x1b[1;5A");
}

#[test]
fn names_are_read_as_tmux_has_them() {
    for (name, shown) in [
        ("c-b", "C-b"),
        ("^B", "C-b"),
        ("C-B", "C-b"),
        ("M-C-x", "C-M-x"),
        ("PageUp", "PPage"),
        ("pgdn", "NPage"),
        ("Delete", "DC"),
        ("esc", "Escape"),
        (" ", "Space"),
        ("S-Tab", "BTab"),
        ("C-@", "C-Space"),
        ("-", "-"),
        ("C--", "C--"),
        ("^", "^"),
        ("C-^", "C-^"),
        ("M--", "M--"),
        ("f5", "F5"),
        ("F", "F"),
    ] {
        assert_eq!(Key::parse(name).map(|key| key.to_string()).as_deref(), Ok(shown), "{name}");
    }
    for name in ["", "C-", "M-C-", "F0", "F25", "F1x", "Upp", "ab", "X-a", "\x1b"] {
        assert!(Key::parse(name).is_err(), "{name:?}");
    }
}

#[test]
fn the_mouse_is_told_as_asked() {
    let at = Point { col: 9, row: 4 };
    let press = Mouse { action: MouseAction::Press(MouseButton::Left), at, mods: Mods::NONE };
    let modes = |mouse_tracking, mouse_encoding| Modes { mouse_tracking, mouse_encoding, ..Modes::default() };
    assert_eq!(encode_mouse(press, Modes::default()), None);
    let sgr = modes(MouseTracking::ButtonMotion, MouseEncoding::Sgr);
    assert_eq!(encode_mouse(press, sgr).unwrap(), b"\x1b[<0;10;5M");
    assert_eq!(encode_mouse(Mouse { action: MouseAction::Release(MouseButton::Right), ..press }, sgr).unwrap(), b"\x1b[<2;10;5m");
    assert_eq!(
        encode_mouse(Mouse { action: MouseAction::Drag(MouseButton::Middle), mods: Mods::CTRL, ..press }, sgr).unwrap(),
        b"\x1b[<49;10;5M"
    );
    assert_eq!(encode_mouse(Mouse { action: MouseAction::Move, ..press }, sgr), None);
    assert_eq!(encode_mouse(Mouse { action: MouseAction::Press(MouseButton::WheelDown), ..press }, sgr).unwrap(), b"\x1b[<65;10;5M");
    let plain = modes(MouseTracking::AnyMotion, MouseEncoding::Default);
    assert_eq!(encode_mouse(press, plain).unwrap(), b"\x1b[M *%");
    assert_eq!(encode_mouse(Mouse { action: MouseAction::Release(MouseButton::Left), ..press }, plain).unwrap(), b"\x1b[M#*%");
    // Beyond what a byte can say.
    let far = Mouse { at: Point { col: 300, row: 0 }, ..press };
    assert_eq!(encode_mouse(far, plain), None);
    assert_eq!(encode_mouse(far, modes(MouseTracking::AnyMotion, MouseEncoding::Utf8)).unwrap(), "\x1b[M \u{14d}!".as_bytes());
    assert_eq!(encode_focus(true, Modes::default()), None);
    assert_eq!(encode_focus(false, Modes { focus_events: true, ..Modes::default() }), Some(&b"\x1b[O"[..]));
}

#[test]
fn a_paste_cannot_end_itself() {
    let bracketed = Modes { bracketed_paste: true, ..Modes::default() };
    assert_eq!(paste("a\x1b[201~rm -rf\r\nb\nc\u{9b}201~\x07\x03", bracketed), b"\x1b[200~a[201~rm -rf\rb\rc201~\x1b[201~");
    // A marker hidden in a marker.
    assert_eq!(paste("\x1b[20\x1b[201~1~", bracketed), b"\x1b[200~[20[201~1~\x1b[201~");
    assert_eq!(paste("x\ty", Modes::default()), b"x\ty");
}

fn key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        any::<char>().prop_filter("controls are not typed", |c| !c.is_control()).prop_map(KeyCode::Char),
        (b' '..=b'~').prop_map(|byte| KeyCode::Char(char::from(byte))),
        (1u8..=24).prop_map(KeyCode::F),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Backspace,
            KeyCode::Esc,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Insert,
            KeyCode::Delete,
            KeyCode::Null,
        ]),
    ];
    (code, any::<(bool, bool, bool)>()).prop_map(|(code, (ctrl, alt, shift))| Key { code, mods: Mods { ctrl, alt, shift } })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_keys_name_is_read_back_as_it(key in key()) {
        let key = key.canonical();
        prop_assert_eq!(key.canonical(), key);
        prop_assert_eq!(Key::parse(&key.to_string()), Ok(key), "{}", key);
    }

    #[test]
    fn any_name_is_read_or_refused(name in "[CMSF^a-z0-9-]{0,6}|\\PC{0,4}") {
        if let Ok(key) = Key::parse(&name) {
            prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
            let _ = encode_key(key, Modes::default());
        }
    }

    #[test]
    fn a_paste_holds_no_control_but_its_markers(text in any::<String>()) {
        let bytes = paste(&text, Modes { bracketed_paste: true, ..Modes::default() });
        let inner = bytes.strip_prefix(b"\x1b[200~").and_then(|rest| rest.strip_suffix(b"\x1b[201~")).unwrap();
        let inner = std::str::from_utf8(inner).unwrap();
        prop_assert!(inner.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\r')));
        prop_assert_eq!(clean_paste(inner), inner);
    }
}
