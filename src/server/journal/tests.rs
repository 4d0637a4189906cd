//! What the journal promises: numbers without gaps whatever happens, whole lines, bounded files, and that nobody changes it unseen.

use super::*;
use crate::ids::OperatorId;
use crate::operator::journal::{Cause, Fact};
use crate::operator::{Kind, Millis, Party};
use crate::protocol::message::JournalQuery;

fn entry(ts: u64, fact: Fact) -> Entry {
    Entry::note(Millis(ts), 0, Some(Party { id: OperatorId(3), kind: Kind::Agent }), Cause::Command, fact)
}

fn fact(bytes: u64) -> Fact {
    Fact::InputRejected { bytes }
}

struct Place {
    _root: tempfile::TempDir,
    folder: PathBuf,
}

fn place() -> Place {
    let root = tempfile::tempdir().unwrap();
    Place { folder: root.path().join("state/journal/test"), _root: root }
}

fn write(journal: &mut Journal, count: u64) {
    for bytes in 0..count {
        journal.append(Some(PaneId(7)), Some("claude@%7"), entry(1000 + bytes, fact(bytes))).unwrap();
    }
}

fn all(folder: &Path) -> Vec<u64> {
    read::query(folder, &JournalQuery::default()).0.iter().filter_map(|line| seq_of(line.as_bytes())).collect()
}

#[test]
fn numbers_go_on_after_a_restart_and_lines_read_back_as_records() {
    let place = place();
    write(&mut Journal::new(place.folder.clone(), Limits::default()), 3);
    write(&mut Journal::new(place.folder.clone(), Limits::default()), 2);
    assert_eq!(all(&place.folder), [1, 2, 3, 4, 5]);
    let (lines, _) = read::query(&place.folder, &JournalQuery::default());
    let record = Record::from_line(&lines[4]).unwrap();
    assert_eq!((record.seq, record.pane, record.entry.fact), (5, Some(PaneId(7)), fact(1)));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.folder), mode(&place.folder.join(NEWEST))), (0o700, 0o600));
}

#[test]
fn a_line_whose_writer_was_killed_is_cut_off_at_every_byte() {
    let place = place();
    write(&mut Journal::new(place.folder.clone(), Limits::default()), 3);
    let path = place.folder.join(NEWEST);
    let whole = std::fs::read(&path).unwrap();
    let third = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    for cut in third..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut journal = Journal::new(place.folder.clone(), Limits::default());
        assert_eq!(journal.append(None, None, entry(1, fact(9))).unwrap(), 3, "cut at {cut}");
        assert_eq!(all(&place.folder), [1, 2, 3]);
        assert_eq!(read::verify(&place.folder, &journal.end()), Ok(Some((1, 3))), "cut at {cut}");
    }
    std::fs::write(&path, b"no line of ours").unwrap();
    assert_eq!(Journal::new(place.folder.clone(), Limits::default()).append(None, None, entry(1, fact(9))).unwrap(), 1);
}

#[test]
fn files_are_bounded_and_the_chain_goes_on_from_one_to_the_next() {
    let place = place();
    let limits = Limits { file_bytes: 1000, old_files: 2 };
    let mut journal = Journal::new(place.folder.clone(), limits);
    write(&mut journal, 30);
    let names = || {
        let mut names: Vec<String> =
            std::fs::read_dir(&place.folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["journal.1.jsonl", "journal.2.jsonl", "journal.jsonl"]);
    for name in names() {
        assert!(std::fs::metadata(place.folder.join(&name)).unwrap().len() <= 1000, "{name}");
    }
    let seqs = all(&place.folder);
    assert!(seqs.len() < 30 && seqs.last() == Some(&30), "{seqs:?}");
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    assert_eq!(read::verify(&place.folder, &journal.end()), Ok(Some((seqs[0], 30))));
    // A server that comes when the newest file was just begun finds the end in the one before.
    std::fs::rename(place.folder.join("journal.jsonl"), place.folder.join("journal.1.jsonl")).unwrap();
    let mut next = Journal::new(place.folder.clone(), Limits { file_bytes: 1000, old_files: 1 });
    assert_eq!(next.append(None, None, entry(1, fact(0))).unwrap(), 31);
    write(&mut next, 20);
    assert_eq!(names(), ["journal.1.jsonl", "journal.jsonl"], "what a larger setting left is deleted");
}

#[test]
fn a_full_disk_refuses_and_recovers_without_a_gap() {
    let place = place();
    let mut journal = Journal::new(place.folder.clone(), Limits::default());
    write(&mut journal, 2);
    for room in [0, 1, 50] {
        journal.room = Some(room);
        let (next, _) = journal.end();
        let error = journal.append(None, None, entry(1, fact(9))).unwrap_err();
        assert!(error.to_string().contains("the journal cannot be written"), "{error}");
        assert!(journal.failure().is_some());
        // What happened anyway waits.
        journal.note(None, None, entry(2, fact(room as u64)));
        assert!(!journal.is_ready(), "still full");
        assert_eq!(all(&place.folder).len() as u64, next - 1, "nothing was written, not even a part");
        journal.room = None;
        assert!(journal.is_ready());
        assert_eq!(journal.failure(), None);
        assert_eq!(journal.append(None, None, entry(3, fact(7))).unwrap(), next + 1);
    }
    let seqs = all(&place.folder);
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(read::verify(&place.folder, &journal.end()), Ok(Some((1, seqs.len() as u64))));
    // What waits is bounded.
    journal.room = Some(0);
    for at in 0..WAITING_MAX as u64 + 10 {
        journal.note(None, None, entry(at, fact(at)));
    }
    assert_eq!(journal.dropped(), 10);
}

#[test]
fn a_folder_or_file_that_is_not_ours_is_not_written() {
    let place = place();
    std::fs::create_dir_all(place.folder.parent().unwrap()).unwrap();
    let elsewhere = place.folder.parent().unwrap().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place.folder).unwrap();
    let mut journal = Journal::new(place.folder.clone(), Limits::default());
    assert!(journal.append(None, None, entry(1, fact(1))).is_err(), "followed a link to a folder");
    std::fs::remove_file(&place.folder).unwrap();
    assert!(journal.append(None, None, entry(1, fact(1))).is_ok(), "recovers");
    let target = elsewhere.join("target");
    std::fs::write(&target, "").unwrap();
    std::fs::remove_file(place.folder.join(NEWEST)).unwrap();
    std::os::unix::fs::symlink(&target, place.folder.join(NEWEST)).unwrap();
    assert!(journal.append(None, None, entry(1, fact(1))).is_err(), "followed a link to a file");
    assert_eq!(std::fs::read(&target).unwrap(), b"");
}

#[test]
fn two_writers_do_not_disturb_each_other() {
    let place = place();
    let mut old = Journal::new(place.folder.clone(), Limits { file_bytes: 2000, old_files: 50 });
    let mut new = Journal::new(place.folder.clone(), Limits { file_bytes: 2000, old_files: 50 });
    for _ in 0..40 {
        write(&mut old, 1);
        write(&mut new, 2);
    }
    assert_eq!(all(&place.folder), (1..=120).collect::<Vec<_>>());
    assert_eq!(read::verify(&place.folder, &new.end()), Ok(Some((1, 120))));
}

#[test]
fn what_was_changed_left_out_or_cut_off_is_seen() {
    let place = place();
    let mut journal = Journal::new(place.folder.clone(), Limits::default());
    write(&mut journal, 5);
    let path = place.folder.join(NEWEST);
    let whole = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let check = |lines: &[String]| {
        std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        read::verify(&place.folder, &journal.end())
    };
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(check(&owned(&lines)), Ok(Some((1, 5))));
    assert!(matches!(check(&owned(&[lines[0], lines[2], lines[3], lines[4]])), Err(Tampered::Gap { line: 2, found: 3, expected: 2, .. })));
    let changed = lines[1].replace("\"bytes\":1", "\"bytes\":2");
    assert_ne!(changed, lines[1]);
    let forged: Vec<String> =
        lines.iter().enumerate().map(|(at, line)| if at == 1 { changed.clone() } else { (*line).to_owned() }).collect();
    assert!(matches!(check(&forged), Err(Tampered::Changed { line: 3, before: 2, .. })));
    assert_eq!(check(&owned(&lines[..4])), Err(Tampered::Cut { found: 4, expected: 5 }));
    let last = lines[4].replace("\"bytes\":4", "\"bytes\":9");
    let forged: Vec<String> = lines[..4].iter().map(|line| (*line).to_owned()).chain([last]).collect();
    assert_eq!(check(&forged), Err(Tampered::Cut { found: 5, expected: 5 }));
    assert!(matches!(check(&["{}".to_owned()]), Err(Tampered::Garbage { line: 1, .. })));
}

use read::Tampered;

#[test]
fn questions_find_what_they_ask_for_newest_and_bounded() {
    let place = place();
    let mut journal = Journal::new(place.folder.clone(), Limits { file_bytes: 2000, old_files: 50 });
    for at in 1..=30 {
        let pane = Some(PaneId(at % 3));
        let by = if at % 2 == 0 { "claude@%7" } else { "deploy" };
        let fact = if at % 5 == 0 { Fact::Detached } else { fact(at) };
        journal.append(pane, Some(by), entry(at * 10, fact)).unwrap();
    }
    let ask = |query: JournalQuery| {
        let (lines, more) = read::query(&place.folder, &query);
        (lines.iter().filter_map(|line| seq_of(line.as_bytes())).collect::<Vec<_>>(), more)
    };
    let any = JournalQuery::default;
    assert_eq!(ask(JournalQuery { limit: 3, ..any() }), (vec![28, 29, 30], true));
    assert_eq!(ask(JournalQuery { after_seq: Some(28), ..any() }), (vec![29, 30], false));
    assert_eq!(ask(JournalQuery { since_ms: Some(280), ..any() }), (vec![28, 29, 30], false));
    assert_eq!(ask(JournalQuery { pane: Some(PaneId(0)), limit: 2, ..any() }), (vec![27, 30], true));
    assert_eq!(ask(JournalQuery { by: Some("claude".into()), limit: 1, ..any() }), (vec![30], true));
    assert_eq!(ask(JournalQuery { by: Some("agent:deploy".into()), limit: 1, ..any() }), (vec![29], true));
    assert_eq!(ask(JournalQuery { by: Some("human:deploy".into()), ..any() }), (vec![], false));
    assert_eq!(ask(JournalQuery { by: Some("o3".into()), limit: 1, ..any() }), (vec![30], true));
    assert_eq!(ask(JournalQuery { kinds: vec!["operator.".into()], limit: 2, ..any() }), (vec![25, 30], true));
}
