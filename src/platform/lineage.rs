//! Where a process comes from: the chain of its ancestors, and its controlling terminal.
//!
//! Read from the kernel one process at a time, while all of them may end: a parent counts only if its child still names it after it was read, since a
//! process that loses its parent gets another one at once. So no number that was given to a stranger meanwhile can come into the chain. The chain is
//! bounded in length and in tries; what could not be read is said by [`End`], and is never taken for "outside".

use super::sys;

/// Longest chain that is read. An honest one has some ten links.
const DEPTH_MAX: usize = 64;
/// How often the chain may change while it is read.
const CHANGES_MAX: usize = 16;

/// A process as it was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's number; 0: none that can be seen.
    pub parent: u32,
    /// When it started ([`super::start_time`]): with the number, its name for ever.
    pub started: u64,
    /// Its controlling terminal, as [`super::terminal_of`] numbers them.
    pub terminal: Option<u64>,
}

/// Where a chain of ancestors ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the first process of the system or of its namespace.
    Root,
    /// At an ancestor that we may not see: another user's, where the system hides those.
    Hidden,
    /// It could not be read: the process is gone, or the chain is too long or does not hold still.
    Lost,
}

/// A process and its ancestors, itself first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The chain.
    pub processes: Vec<Process>,
    /// Where it ends.
    pub end: End,
}

/// The ancestors of process `pid`. Never fails: what cannot be read is its [`Lineage::end`].
#[must_use]
pub fn lineage(pid: u32) -> Lineage {
    trace(pid, sys::process)
}

fn trace(pid: u32, look: impl Fn(u32) -> Option<Process>) -> Lineage {
    let mut processes = Vec::new();
    let mut changes = 0;
    let Some(mut current) = look(pid) else { return Lineage { processes, end: End::Lost } };
    while processes.len() < DEPTH_MAX && changes < CHANGES_MAX {
        if current.parent == 0 {
            processes.push(current);
            return Lineage { processes, end: End::Root };
        }
        let parent = look(current.parent);
        match look(current.pid) {
            // It had this parent before and after, so it had it meanwhile.
            Some(again) if again == current => match parent {
                Some(parent) => processes.push(std::mem::replace(&mut current, parent)),
                None => {
                    processes.push(current);
                    return Lineage { processes, end: End::Hidden };
                }
            },
            Some(again) if again.started == current.started => {
                changes += 1;
                current = again;
            }
            // Gone, and so is our way upwards, unless its child can tell another one.
            _ => {
                changes += 1;
                match processes.pop().and_then(|child| look(child.pid).filter(|again| again.started == child.started)) {
                    Some(child) => current = child,
                    None => return Lineage { processes: Vec::new(), end: End::Lost },
                }
            }
        }
    }
    Lineage { processes, end: End::Lost }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;

    fn process(pid: u32, parent: u32, started: u64) -> Process {
        Process { pid, parent, started, terminal: None }
    }

    fn pids(lineage: &Lineage) -> Vec<u32> {
        lineage.processes.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn this_process_has_ancestors_and_a_parent_that_is_in_them() {
        let mine = lineage(std::process::id());
        assert_ne!(mine.end, End::Lost, "{mine:?}");
        assert_eq!(mine.processes.first().map(|process| process.pid), Some(std::process::id()));
        let parent = std::os::unix::process::parent_id();
        assert!(parent == 0 || mine.end == End::Hidden || pids(&mine).contains(&parent), "{mine:?}");
        assert!(mine.processes.windows(2).all(|pair| pair[0].started >= pair[1].started), "a child is older than its parent: {mine:?}");
        assert_eq!(super::super::start_time(std::process::id()), mine.processes.first().map(|process| process.started));
    }

    #[test]
    fn who_is_not_there_has_none() {
        assert_eq!(lineage(0x7fff_fff0), Lineage { processes: Vec::new(), end: End::Lost });
    }

    #[test]
    fn a_parent_that_ends_while_it_is_read_is_not_replaced_by_a_stranger() {
        // 30 ─► 20 ─► 10; while 20 is looked at, it ends, 30 becomes a child of 1, and a stranger from elsewhere gets the number 20.
        let world = RefCell::new(BTreeMap::from([(30, process(30, 20, 5)), (20, process(20, 10, 4)), (10, process(10, 1, 3))]));
        world.borrow_mut().extend([(1, process(1, 0, 0)), (99, process(99, 1, 1))]);
        let looks = RefCell::new(0);
        let look = |pid: u32| {
            *looks.borrow_mut() += 1;
            if *looks.borrow() == 2 {
                world.borrow_mut().insert(30, process(30, 1, 5));
                world.borrow_mut().insert(20, process(20, 99, 9));
            }
            world.borrow().get(&pid).copied()
        };
        let found = trace(30, look);
        assert_eq!((pids(&found), found.end), (vec![30, 1], End::Root));
    }

    #[test]
    fn hidden_endless_and_restless_chains_end() {
        let hidden = trace(30, |pid| (pid == 30).then(|| process(30, 20, 5)));
        assert_eq!((pids(&hidden), hidden.end), (vec![30], End::Hidden));
        let endless = trace(30, |pid| Some(process(pid, pid + 1, 5)));
        assert_eq!(endless.end, End::Lost);
        let looks = RefCell::new(0);
        let restless = trace(30, |pid| {
            *looks.borrow_mut() += 1;
            Some(process(pid, 100 + *looks.borrow(), 5))
        });
        assert_eq!(restless.end, End::Lost);
        assert!(*looks.borrow() < 200, "looked {} times", looks.borrow());
    }

    #[test]
    fn a_terminal_is_known_by_the_same_number_from_both_sides() {
        use std::os::fd::AsFd as _;
        let (master, slave) = super::super::raw_pty_pair().expect("a terminal");
        let number = super::super::terminal_of(master.as_fd());
        assert!(number.is_some());
        let device = rustix::fs::fstat(&slave).expect("stat").st_rdev;
        assert_eq!(number, Some(device as u64));
    }
}
