use super::*;
use crate::geometry::Point;
use crate::terminal::{Attrs, Color, CursorShape, MouseEncoding, MouseTracking, Underline};

const SIZE: Size = Size { cols: 20, rows: 4 };

fn screen_of(bytes: &[u8]) -> Screen {
    run(SIZE, bytes).0.screen().clone()
}

fn replies(bytes: &[u8]) -> Vec<(u64, String)> {
    run(SIZE, bytes).1.replies.into_iter().map(|reply| (reply.seq, String::from_utf8(reply.bytes).unwrap())).collect()
}

#[test]
fn text_stands_where_it_was_written() {
    let screen = screen_of("one\r\n日本 e\u{301}x\x1b[4;18Hend".as_bytes());
    assert_eq!(text(&screen), "one\n日本 e\u{301}x\n\n                 end");
    assert_eq!(screen.cursor.at, Point { col: 20, row: 3 });
    let widths: Vec<(u16, u8)> = screen.rows[1].row.cells().map(|cell| (cell.col, cell.width)).collect();
    assert_eq!(widths, [(0, 2), (2, 2), (4, 1), (5, 1), (6, 1)]);
}

#[test]
fn styles_come_through_on_screen_and_in_history() {
    let line = b"\x1b[1;31mred\x1b[0m \x1b[3;4;48;5;200mx\x1b[22;7;38;2;1;2;3;49my\x1b[m\r\n";
    let screen = screen_of(line);
    let mut scrolled = run(SIZE, &[&line[..], b"\n\n\n\n"].concat()).1.scrolled;
    assert_eq!(scrolled.remove(0), screen.rows[0].row);
    let row = &screen.rows[0].row;
    assert_eq!(row.runs[0].style.fg, Color::Indexed(1));
    assert_eq!(row.runs[0].style.attrs, Attrs::BOLD);
    assert_eq!(row.runs[2].style.bg, Color::Indexed(200));
    assert_eq!((row.runs[2].style.underline, row.runs[2].style.attrs), (Underline::Single, Attrs::ITALIC));
    assert_eq!((row.runs[3].style.fg, row.runs[3].style.bg), (Color::Rgb(1, 2, 3), Color::Default));
}

#[test]
fn sgr_with_colons_and_underline_colours_is_understood() {
    let style = |sgr: &str| screen_of(format!("\x1b[{sgr}mx").as_bytes()).rows[0].row.runs[0].style;
    assert_eq!(style("4:3").underline, Underline::Single);
    assert_eq!(style("4;4:0").underline, Underline::None);
    assert_eq!(style("38:2::9:8:7").fg, Color::Rgb(9, 8, 7));
    assert_eq!(style("38:2:9:8:7").fg, Color::Rgb(9, 8, 7));
    assert_eq!(style("48:5:77").bg, Color::Indexed(77));
    assert_eq!(style("58;2;1;4;7"), style(""));
    assert_eq!(style("58:2::1:4:7"), style(""));
    assert_eq!(style("38;5;58").fg, Color::Indexed(58));
    assert_eq!(style("1;58;5;3;31").fg, Color::Indexed(1));
    // What is not understood must not turn into a reset.
    assert_eq!(screen_of(b"\x1b[1m\x1b[58;5;3mx").rows[0].row.runs[0].style.attrs, Attrs::BOLD);
}

#[test]
fn wrapped_rows_scroll_off_as_one_line_and_the_top_row_goes_on() {
    let (mut engine, effects) = run(Size::new(4, 2), b"abcdefghij");
    assert_eq!(texts(&effects.scrolled), ["abcd"]);
    assert!(effects.scrolled[0].wrapped);
    assert!(engine.screen().continued);
    let (mut engine, effects) = run(Size::new(4, 2), b"ab  cdefgh\r\nx\r\ny");
    assert_eq!(texts(&effects.scrolled), ["ab  ", "cdef", "gh"]);
    assert!(!engine.screen().continued);
}

#[test]
fn the_alternate_screen_leaves_no_history() {
    let (mut engine, effects) = run(SIZE, b"main\x1b[?1049h\x1b[Hl1\r\nl2\r\nl3\r\nl4\r\nl5\r\nl6");
    assert!(effects.scrolled.is_empty());
    assert!(engine.screen().modes.alternate_screen);
    let mut effects = Effects::default();
    engine.feed(b"\x1b[?1049l", 0, &mut effects);
    assert_eq!(text(engine.screen()), "main");
}

#[test]
fn growing_brings_no_blank_rows_to_the_top() {
    let (mut engine, mut effects) = run(SIZE, b"1\r\n2\r\n3\r\n4\r\n5\r\n6");
    assert_eq!(texts(&effects.scrolled), ["1", "2"]);
    engine.resize(Size::new(20, 6), &mut effects);
    assert_eq!(text(engine.screen()), "3\n4\n5\n6");
    assert_eq!(engine.screen().cursor.at, Point { col: 1, row: 3 });
    engine.feed(b"\r\n7\r\n8\r\n9", 0, &mut effects);
    assert_eq!(texts(&effects.scrolled), ["1", "2", "3"]);
    engine.resize(Size::new(20, 2), &mut effects);
    assert_eq!(texts(&effects.scrolled), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(text(engine.screen()), "8\n9");
    // The same while the alternate screen is shown.
    engine.feed(b"\r\na\r\nb\x1b[?1049h", 0, &mut effects);
    engine.resize(Size::new(20, 5), &mut effects);
    engine.feed(b"\x1b[?1049l", 0, &mut effects);
    assert_eq!(text(engine.screen()), "a\nb");
}

#[test]
fn queries_are_answered_and_numbered_by_where_they_began() {
    assert_eq!(
        replies(b"ab\x1b[c\x1b[3;5H\x1b[6n\x1b[?6n"),
        [(3, "\x1b[?62;22c".into()), (12, "\x1b[3;5R".into()), (16, "\x1b[?3;5;1R".into())]
    );
    assert_eq!(
        replies(b"\x1b[5n\x1b[>c\x1b[=c\x1b[?u"),
        [(1, "\x1b[0n".into()), (5, "\x1b[>65;1000;0c".into()), (9, "\x1bP!|00000000\x1b\\".into()), (13, "\x1b[?0u".into())]
    );
    assert_eq!(replies(b"\x1b[>q")[0].1, concat!("\x1bP>|baton ", env!("CARGO_PKG_VERSION"), "\x1b\\"));
    assert_eq!(
        replies(b"\x1b[18t\x1b[14t\x1b[16t\x1b[21t").iter().map(|reply| reply.1.as_str()).collect::<Vec<_>>(),
        ["\x1b[8;4;20t", "\x1b[4;64;160t", "\x1b[6;16;8t"]
    );
    // A cursor behind the right edge is reported at it.
    assert_eq!(replies(b"01234567890123456789\x1b[6n")[0].1, "\x1b[1;20R");
}

#[test]
fn modes_are_reported_as_they_are() {
    let report = |before: &str, mode: &str| replies(format!("{before}\x1b[{mode}$p").as_bytes()).remove(0).1;
    assert_eq!(report("", "?2004"), "\x1b[?2004;2$y");
    assert_eq!(report("\x1b[?2004h", "?2004"), "\x1b[?2004;1$y");
    assert_eq!(report("\x1b[?1004;1006h", "?1004"), "\x1b[?1004;1$y");
    assert_eq!(report("", "?25"), "\x1b[?25;1$y");
    assert_eq!(report("", "?7"), "\x1b[?7;3$y");
    assert_eq!(report("", "?4711"), "\x1b[?4711;0$y");
    assert_eq!(report("", "4"), "\x1b[4;4$y");
    assert_eq!(report("", "99"), "\x1b[99;0$y");
}

#[test]
fn colours_are_told_and_texts_are_not() {
    assert_eq!(replies(b"\x1b]11;?\x07")[0].1, "\x1b]11;rgb:0000/0000/0000\x07");
    assert_eq!(replies(b"\x1b]10;?;?\x1b\\")[0].1, "\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\\x1b]11;rgb:0000/0000/0000\x1b\\");
    assert_eq!(replies(b"\x1b]4;1;?;255;?\x07")[0].1, "\x1b]4;1;rgb:cdcd/0000/0000\x07\x1b]4;255;rgb:eeee/eeee/eeee\x07");
    assert!(replies(b"\x1b]2;evil\x07\x1b[21t\x1b]52;c;?\x07\x1b]4;evil;?\x07\x1b]11;evil\x07\x05").is_empty());
    assert_eq!(
        replies(b"\x1bP$qevil\x1b\\\x1bP+q6576696c\x1b\\\x1b[1;31m\x1bP$qm\x1b\\\x1b[4 q\x1bP$q q\x1b\\")
            .into_iter()
            .map(|reply| reply.1)
            .collect::<Vec<_>>(),
        ["\x1bP0$r\x1b\\", "\x1bP0+r\x1b\\", "\x1bP1$r0;1;38;5;1m\x1b\\", "\x1bP1$r4 q\x1b\\"]
    );
}

#[test]
fn modes_and_cursor_shape_are_on_the_screen() {
    let screen = screen_of(b"\x1b[?1h\x1b=\x1b[?2004h\x1b[?1002;1006h\x1b[?1004h\x1b[5 q\x1b[?25l");
    assert!(
        screen.modes.application_cursor && screen.modes.application_keypad && screen.modes.bracketed_paste && screen.modes.focus_events
    );
    assert_eq!((screen.modes.mouse_tracking, screen.modes.mouse_encoding), (MouseTracking::ButtonMotion, MouseEncoding::Sgr));
    assert_eq!((screen.cursor.shape, screen.cursor.visible), (CursorShape::Bar { blink: true }, false));
    assert_eq!(screen_of(b"\x1b[?1h\x1b[?1004h\x1bc").modes, Default::default());
}

#[test]
fn titles_are_cleaned_and_stacked() {
    let (mut engine, effects) = run(SIZE, "\x1b]0;a\u{202e}b\u{9b}c\x07\x1b[22;0t\x1b]2;other\x1b\\\x1b[23;0t".as_bytes());
    assert_eq!(effects.title.as_deref(), Some("abc"));
    assert_eq!(engine.screen().title, "abc");
    // Strings of any length cost their cap, and are ignored when longer than that.
    let mut engine = Vt100::new(SIZE, Look::default());
    let mut effects = Effects::default();
    engine.feed(b"\x1b]2;", 0, &mut effects);
    for _ in 0..100 {
        engine.feed(&[b'x'; 1000], 0, &mut effects);
    }
    engine.feed(b"\x07ok", 0, &mut effects);
    assert_eq!((effects.title, effects.unknown, text(engine.screen()).as_str()), (None, 1, "ok"));
}

#[test]
fn directories_notifications_and_the_clipboard_are_effects() {
    let of = |bytes: &[u8]| run(SIZE, bytes).1;
    assert_eq!(of(b"\x1b]7;file://host/home/a%20b\x07").cwd.as_deref(), Some("/home/a b"));
    assert_eq!(of(b"\x1b]7;file://host/a%0ab\x07").cwd, None);
    assert_eq!(of(b"\x1b]7;relative\x07").cwd, None);
    assert_eq!(of(b"\x1b]9;done\x07").notification, Some((String::new(), "done".into())));
    assert_eq!(of(b"\x1b]9;4;1;50\x07").notification, None);
    assert_eq!(of(b"\x1b]777;notify;T;B;b\x1b\\").notification, Some(("T".into(), "B;b".into())));
    assert_eq!(of(b"\x1b]52;c;aGk=\x07").clipboard.as_deref(), Some(&b"hi"[..]));
    assert_eq!(of(b"\x1b]52;c;aGk\x07").clipboard.as_deref(), Some(&b"hi"[..]));
    assert_eq!(of(b"\x1b]52;c;?\x07").clipboard, None);
    assert_eq!(of(b"\x1b]52;c;!!\x07").clipboard, None);
    assert!(of(b"a\x07").bell);
    let big = [b"\x1b]52;c;", "QUFB".repeat(300_000).as_bytes(), b"\x07"].concat();
    assert_eq!(of(&big).clipboard.map(|data| data.len()), Some(900_000));
    let too_big = [b"\x1b]52;c;", "QUFB".repeat(400_000).as_bytes(), b"\x07"].concat();
    assert_eq!(of(&too_big).clipboard, None);
}

#[test]
fn what_the_crate_does_not_know_is_said_in_its_words() {
    let shows = |bytes: &[u8]| text(&screen_of(bytes));
    assert_eq!(shows(b"\x1b(0lqk\x1b(Bx"), "┌─┐x");
    assert_eq!(shows(b"\x1b)0q\x0eq\x0fq"), "q─q");
    assert_eq!(shows(b"ab\x1b[scd\x1b[uX"), "abXd");
    assert_eq!(shows(b"ab\x1b7cd\x1b[?1048lX"), "abXd");
    assert_eq!(shows(b"ab\x1bDc\x1bEd"), "ab\n  c\nd");
    assert_eq!(shows(b"\x1b[2Ix\x1b[Zy"), "                y");
    assert_eq!(shows(b"abcdefghi\x1b[2Zx"), "xbcdefghi");
    assert_eq!(shows(b"a\x1b[2ab\x1b[ec"), "a  b\n    c");
    assert_eq!(shows(b"\x1bkscreen title\x1b\\x"), "x");
    assert_eq!(shows(b"m\x1b[?1047hA\x1b[?1047l\x1b[?1047h\x1b[?1047l"), "m");
}

#[test]
fn repeat_counts_cost_no_more_than_a_row() {
    let started = std::time::Instant::now();
    let (mut engine, _) = run(SIZE, &[b"x".to_vec(), b"\x1b[65535b".repeat(1100)].concat());
    assert_eq!(engine.screen().rows[0].row.text, "x".repeat(20));
    assert!(started.elapsed().as_secs() < 2, "took {:?}", started.elapsed());
    // And scrolling by a count leaves no flood of blank rows.
    assert!(run(SIZE, &[b"x".to_vec(), b"\x1b[99S".repeat(100)].concat()).1.scrolled.len() <= 4);
}

#[test]
fn clearing_the_scrollback_takes_what_scrolled_before_it() {
    let (_, effects) = run(Size::new(5, 1), b"a\r\nb\r\n\x1b[3Jc\r\n");
    assert!(effects.clear_history);
    assert_eq!(texts(&effects.scrolled), ["c"]);
}

#[test]
fn emoji_at_the_edge_do_not_break_the_crate() {
    for cols in 1..6 {
        let text = "🏳️‍🌈❤️👍️x❤️\x1b[9;7b❤️\x1b[@\x1b(0❤️\x1b(B\r\n".repeat(9);
        let (mut engine, _) = run(Size::new(cols, 3), text.as_bytes());
        engine.screen();
        assert_eq!(engine.panics(), 0, "{cols} columns");
    }
    assert_eq!(screen_of("❤️x".as_bytes()).rows[0].row.cells().map(|cell| cell.col).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn a_pane_whose_engine_gave_up_is_shown_as_text_until_a_fresh_screen() {
    let (mut engine, mut effects) = run(Size::new(5, 3), b"lost\x1b[?2004h");
    engine.give_up();
    assert!(engine.degraded());
    engine.feed("\x1b[31mab\x1b[9;9H日本\x08\x08xy\r\n\x1b]0;t\x07\x1b[6n\x07 1\t2\r\n3\r\n".as_bytes(), 10, &mut effects);
    assert_eq!(texts(&effects.scrolled), ["ab日", "xy"]);
    assert!(effects.scrolled[0].wrapped && effects.bell);
    assert_eq!(text(engine.screen()), " 1  2\n3");
    assert_eq!(effects.title.as_deref(), Some("t"));
    assert_eq!(effects.replies[0].bytes, b"\x1b[3;1R");
    engine.resize(Size::new(3, 2), &mut effects);
    assert_eq!((text(engine.screen()), effects.scrolled.len()), ("3".into(), 3));
    engine.feed(b"x\x1bcnew", 0, &mut effects);
    assert!(!engine.degraded());
    assert_eq!(text(engine.screen()), "new");
    engine.give_up();
    engine.feed(b"x\x1b[?1049hvim", 0, &mut effects);
    assert_eq!((text(engine.screen()), engine.screen().modes.alternate_screen), ("vim".into(), true));
}

#[test]
fn what_is_typed_over_anything_stands_there_after_each_byte() {
    use crate::terminal::diff::{apply, diff};
    let size = Size::new(12, 2);
    for line in ["", "plain", "日本語", "a日b本", "ab\x1b[31;44mcd\x1b[m", "\x1b[44m    \x1b[m", "e\u{301}xx", "   x"] {
        for at in 1..=11 {
            let mut typed = format!("{line}\x1b[1;{at}H").into_bytes();
            let (mut engine, mut effects) = (Vt100::new(size, Look::default()), Effects::default());
            engine.feed(&typed, 0, &mut effects);
            let mut client = Screen::new(size);
            for piece in ["", "x", " ", "\x08", "\x08 \x08", "yz", "\r", "q", "\x08\x08w", "      ", "\x1b[1mb", "\x1b[m", "end"] {
                engine.feed(piece.as_bytes(), typed.len() as u64, &mut effects);
                typed.extend_from_slice(piece.as_bytes());
                let change = diff(engine.screen(), client.version);
                apply(&mut client, &change).expect("the base it has");
                let fresh = run(size, &typed).0.screen().clone();
                assert!(engine.screen().looks_like(&fresh), "{:?}: {:#?}", String::from_utf8_lossy(&typed), engine.screen());
                assert!(client.looks_like(&fresh), "{:?}: {client:#?}", String::from_utf8_lossy(&typed));
            }
        }
    }
}

/// Feeds `bytes` cut at `cuts`, and gives everything that can be seen of it.
fn seen(size: Size, bytes: &[u8], cuts: &[usize]) -> (Screen, Effects, bool) {
    let mut engine = Vt100::new(size, Look::default());
    let mut effects = Effects::default();
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let to = to.clamp(from, bytes.len());
        engine.feed(&bytes[from..to], from as u64, &mut effects);
        from = to;
    }
    let screen = engine.screen().clone();
    (screen, effects, engine.panics() > 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_where_the_stream_is_cut(size in size(), bytes in output(), mut cuts in prop::collection::vec(0usize..400, 0..6)) {
        cuts.sort_unstable();
        let (whole, whole_effects, panicked) = seen(size, &bytes, &[]);
        let each: Vec<usize> = (0..bytes.len()).collect();
        for cuts in [&cuts, &each] {
            let (screen, effects, _) = seen(size, &bytes, cuts);
            prop_assert_eq!(&effects.replies.iter().map(|reply| reply.seq).collect::<Vec<_>>(), &whole_effects.replies.iter().map(|reply| reply.seq).collect::<Vec<_>>());
            // What is lost by a panic of the crate depends on what was gathered before.
            if !panicked {
                prop_assert!(screen.looks_like(&whole), "{screen:#?} is not {whole:#?}");
                prop_assert_eq!(&effects, &whole_effects);
            }
        }
        prop_assert!(whole_effects.replies.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    }

    #[test]
    fn looking_often_shows_what_looking_once_does(size in size(), bytes in output(), step in 1usize..9) {
        let (mut often, mut once) = (Vt100::new(size, Look::default()), Vt100::new(size, Look::default()));
        let (mut effects, mut at) = (Effects::default(), 0);
        for piece in bytes.chunks(step) {
            often.feed(piece, at, &mut effects);
            once.feed(piece, at, &mut effects);
            at += piece.len() as u64;
            often.screen();
        }
        prop_assert!(often.screen().looks_like(once.screen()));
    }

    #[test]
    fn replies_are_of_fixed_forms(size in size(), bytes in output()) {
        let grammar = regex::Regex::new(concat!(
            r"^(?:\x1b\[\??[0-9]+;[0-9]+(?:;1)?R|\x1b\[0n|\x1b\[\?997;[12]n|\x1b\[\?62;22c|\x1b\[>65;1000;0c|\x1bP!\|0{8}\x1b\\|\x1b\[\?0u",
            r"|\x1bP>\|baton [0-9.]+\x1b\\|\x1b\[\??[0-9]+;[0-4]\$y|\x1b\[[4689];[0-9]+;[0-9]+t|\x1bP0[$+]r\x1b\\|\x1bP1\$r[0-9;]+(?: q|m)\x1b\\",
            r"|(?:\x1b\](?:4;[0-9]+|1[012]);rgb:[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{4}(?:\x07|\x1b\\)){1,16})$"
        )).unwrap();
        for reply in run(size, &bytes).1.replies {
            let reply = String::from_utf8(reply.bytes).unwrap();
            prop_assert!(grammar.is_match(&reply), "{reply:?}");
        }
    }

    #[test]
    fn rows_are_sound_and_never_wider_than_the_screen(size in size(), bytes in output(), other in size(), more in output()) {
        let (mut engine, mut effects) = run(size, &bytes);
        engine.screen();
        engine.resize(other, &mut effects);
        engine.feed(&more, bytes.len() as u64, &mut effects);
        let screen = engine.screen().clone();
        prop_assert_eq!((screen.size, screen.rows.len()), (other, usize::from(other.rows)));
        for row in &screen.rows {
            prop_assert_eq!(row.row.check(), Ok(()));
            prop_assert!(row.row.cols() <= other.cols);
            let mut again = Row { wrapped: row.row.wrapped, ..Row::default() };
            for cell in row.row.cells() {
                again.push(cell.text, cell.width, cell.style, cell.link);
            }
            prop_assert_eq!(&again, &row.row);
        }
        for row in &effects.scrolled {
            prop_assert_eq!(row.check(), Ok(()));
        }
    }
}
