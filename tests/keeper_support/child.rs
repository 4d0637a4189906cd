//! Children: one writes numbered lines as fast or as unevenly as it can, one checks the numbered lines it is typed.

use std::fs::File;
use std::io::{Read, Write};

use super::Random;
use super::board::{self, Board, of_pane};

/// Bytes of one line as the terminal prints it: fourteen digits, CR, LF.
pub const LINE: u64 = 16;

fn terminal() -> File {
    File::options().read(true).write(true).open("/dev/tty").unwrap()
}

/// The code with which the writer of `pane` ends.
pub fn exit_code(pane: u64) -> i32 {
    17 + (pane % 100) as i32
}

pub fn write_lines(board: &Board) {
    let pane: u64 = std::env::var("BATON_PANE").unwrap().parse().unwrap();
    let mut terminal = terminal();
    let mut random = Random::new(board.get(board::SEED) + pane);
    let flat_out = board.get(board::FLAT_OUT) != 0;
    let (mut line, mut text) = (0_u64, String::new());
    while board.get(board::STOP) == 0 {
        text.clear();
        for _ in 0..=random.below(200) {
            text.push_str(&format!("{line:014}\n"));
            line += 1;
        }
        terminal.write_all(text.as_bytes()).unwrap();
        if !flat_out && random.below(3) == 0 {
            // Part of the load, not a wait: bursts leave moments in which nothing is there to read.
            std::thread::sleep(std::time::Duration::from_micros(random.below(2000)));
        }
    }
    board.set(Board::pane(pane, of_pane::WROTE), line * LINE + 1);
    std::process::exit(exit_code(pane));
}

pub fn check_typing(board: &Board) {
    let mut terminal = terminal();
    let mut modes = rustix::termios::tcgetattr(&terminal).unwrap();
    modes.make_raw();
    rustix::termios::tcsetattr(&terminal, rustix::termios::OptionalActions::Now, &modes).unwrap();
    board.set(board::READER_READY, 1);
    let (mut line, mut expected, mut buffer) = (Vec::new(), 1_u64, [0; 4096]);
    loop {
        let read = terminal.read(&mut buffer).unwrap();
        for byte in &buffer[..read] {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            if text == "end" {
                std::process::exit(9);
            }
            if text.parse() == Ok(expected) {
                expected += 1;
            } else {
                board.add(board::MISTYPED, 1);
                expected = text.parse().map_or(expected, |number: u64| number + 1);
            }
            board.set(board::SEEN, expected - 1);
            line.clear();
        }
    }
}
