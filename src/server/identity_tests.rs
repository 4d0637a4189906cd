//! Forged and honest identities, as findings in and verdicts out.

use super::*;
use crate::config::agents;
use crate::platform::Process;

const ME: u32 = 1000;
const KEEPER: u32 = 50;
/// The terminals of panes 7 and 9, and one outside.
const TTY7: u64 = 7;
const TTY9: u64 = 9;
const OUTER: u64 = 99;

struct World {
    tokens: BTreeMap<PaneId, Hash>,
    minted: Vec<Minted>,
    users: BTreeMap<PaneId, Identity>,
    words: BTreeMap<u32, &'static str>,
    admitted: Option<Role>,
}

/// Pane 7 runs process 70, pane 9 process 90; the keeper is 50. Outside are terminal 20 and shell 21.
fn world() -> World {
    World {
        tokens: [(PaneId(7), secret::hash(b"seven")), (PaneId(9), secret::hash(b"nine"))].into(),
        minted: Vec::new(),
        users: BTreeMap::new(),
        words: [
            (70, "-zsh"),
            (90, "bash"),
            (21, "zsh"),
            (75, "claude --resume x"),
            (76, "bash -c x"),
            (80, "baton send"),
            (22, "node /usr/bin/codex"),
        ]
        .into(),
        admitted: Some(Role::Admin),
    }
}

fn process(pid: u32, parent: u32, terminal: Option<u64>) -> Process {
    Process { pid, parent, started: u64::from(pid), terminal }
}

/// A chain of processes, each the child of the next, all at `terminal`.
fn chain(pids: &[u32], terminal: Option<u64>, end: End) -> Lineage {
    let parents = pids.iter().skip(1).copied().chain([0]);
    Lineage { processes: pids.iter().zip(parents).map(|(pid, parent)| process(*pid, parent, terminal)).collect(), end }
}

fn shown(lineage: Lineage, token: Option<&'static str>) -> Shown<'static> {
    Shown { uid: ME, lineage, token, name: None, origin_pane: None, ssh: false }
}

impl World {
    fn look(&self, shown: &Shown<'_>) -> Result<Found, Forged> {
        let manifests = agents::builtin();
        let place = |pane, pid: u32, terminal| PanePlace {
            pane: PaneId(pane),
            process: ProcessName { pid, started: u64::from(pid) },
            terminal: Some(terminal),
        };
        let measure = Measure {
            server_uid: ME,
            keeper_pid: KEEPER,
            user: if shown.uid == ME { "sam".to_owned() } else { "bob".to_owned() },
            admitted: self.admitted,
            panes: vec![place(7, 70, TTY7), place(9, 90, TTY9)],
            pane_tokens: &self.tokens,
            minted: &self.minted,
            manifests: &manifests,
            users: self.users.clone(),
        };
        investigate(&measure, shown, |pid| self.words.get(&pid).map_or_else(Vec::new, |line| line.split(' ').map(str::to_owned).collect()))
    }

    fn is(&self, shown: &Shown<'_>) -> String {
        match self.look(shown) {
            Ok(found) => {
                let Identity { kind, name, on_behalf_of, assurance, origin_pane } = found.identity;
                let pane = origin_pane.map_or_else(|| "outside".to_owned(), |pane| pane.to_string());
                let human = on_behalf_of.map_or_else(String::new, |human| format!(" for {human}"));
                let doubts = if found.doubts.is_empty() { "" } else { " (doubted)" };
                format!("{kind} {name}{human}, {assurance}, {pane}{doubts}")
            }
            Err(forged) => format!("refused: {forged}"),
        }
    }
}

fn minted(name: &str, secret: &[u8], root: Option<u32>) -> Minted {
    Minted {
        operator: OperatorId(4),
        kind: Kind::Agent,
        name: name.to_owned(),
        hash: secret::hash(secret),
        minter: None,
        rights: "view,request".parse().unwrap(),
        panes: vec![PaneId(9)],
        until_ms: None,
        until: None,
        root: root.map(|pid| ProcessName { pid, started: u64::from(pid) }),
        origin: Some(PaneId(7)),
        inherited: false,
    }
}

#[test]
fn outside_of_all_panes_is_the_human() {
    let world = world();
    assert_eq!(world.is(&shown(chain(&[30, 21, 20, 1], Some(OUTER), End::Root), None)), "human sam, uid, outside");
    assert_eq!(world.is(&shown(chain(&[30, 1], None, End::Root), None)), "human sam, claimed, outside", "a key of the desktop");
    let ssh = Shown { ssh: true, ..shown(chain(&[30], None, End::Hidden), None) };
    assert_eq!(world.is(&ssh), "human sam, uid, outside", "where other users' processes are hidden");
    assert_eq!(world.look(&ssh).unwrap().role, Role::Admin);
}

#[test]
fn a_program_in_a_pane_speaks_for_the_human_and_is_never_one() {
    let world = world();
    let inside = || chain(&[80, 70, KEEPER, 1], Some(TTY7), End::Root);
    assert_eq!(world.is(&shown(inside(), Some("seven"))), "service zsh@%7 for sam, proven, %7");
    assert_eq!(world.is(&shown(inside(), None)), "service zsh@%7 for sam, uid, %7", "BATON_TOKEN unset");
    let named = Shown { name: Some("sam"), ..shown(inside(), Some("seven")) };
    assert_eq!(world.is(&named), "refused: a program inside of pane %7 cannot be a human; it speaks on behalf of one");
    assert_eq!(world.look(&shown(inside(), None)).unwrap().role, Role::Participant);
    let other = Shown { name: Some("root"), ..shown(chain(&[30, 21, 1], Some(OUTER), End::Root), None) };
    assert_eq!(world.is(&other), "human root, claimed, outside", "one user may be several people, who say so");
    let less = Shown { name: Some("agent:bot"), ..shown(chain(&[30, 21, 1], Some(OUTER), End::Root), None) };
    assert_eq!(world.is(&less), "agent bot for sam, claimed, outside");
}

#[test]
fn who_leaves_the_pane_is_still_not_the_human() {
    let world = world();
    // setsid and two forks: a child of the keeper, without a terminal, or with one of its own making.
    for terminal in [None, Some(OUTER)] {
        let left = || chain(&[80, KEEPER, 1], terminal, End::Root);
        assert_eq!(world.is(&shown(left(), Some("seven"))), "service program@%7 for sam, token, %7");
        assert_eq!(world.is(&shown(left(), None)), "service program for sam, uid, outside");
        assert_eq!(world.is(&shown(left(), Some("of a pane that ended"))), "service program for sam, uid, outside (doubted)");
    }
    // Its terminal alone gives it away, where nobody adopts orphans.
    assert_eq!(world.is(&shown(chain(&[80, 1], Some(TTY7), End::Root), None)), "service program@%7 for sam, uid, %7");
    // What cannot be found out is taken for inside.
    assert_eq!(world.is(&shown(Lineage { processes: Vec::new(), end: End::Lost }, None)), "service program for sam, uid, outside");
    assert_eq!(world.is(&shown(chain(&[80], None, End::Hidden), None)), "service program for sam, uid, outside");
}

#[test]
fn tokens_of_others_are_refused_and_claims_about_panes_put_right() {
    let world = world();
    let inside = || chain(&[80, 70, KEEPER, 1], Some(TTY7), End::Root);
    assert_eq!(
        world.is(&shown(inside(), Some("nine"))),
        "refused: a token of pane %9 was shown from inside of pane %7; each pane has its own"
    );
    assert_eq!(world.is(&shown(inside(), Some("guess"))), "service zsh@%7 for sam, uid, %7 (doubted)");
    let outside = chain(&[30, 21, 1], Some(OUTER), End::Root);
    assert!(world.is(&shown(outside.clone(), Some("guess"))).starts_with("refused: the token in BATON_TOKEN is of no pane"));
    assert_eq!(world.is(&shown(outside, Some("seven"))), "service zsh@%7 for sam, token, %7", "copied out of the pane");
    let edited = Shown { origin_pane: Some(PaneId(9)), ..shown(inside(), Some("seven")) };
    assert_eq!(world.is(&edited), "service zsh@%7 for sam, proven, %7 (doubted)");
}

#[test]
fn agents_are_recognised_inside_and_outside() {
    let mut world = world();
    let inside = || chain(&[80, 76, 75, 70, KEEPER, 1], Some(TTY7), End::Root);
    assert_eq!(world.is(&shown(inside(), Some("seven"))), "agent claude@%7 for sam, proven, %7");
    assert_eq!(world.look(&shown(inside(), None)).unwrap().root, Some(ProcessName { pid: 75, started: 75 }));
    assert_eq!(world.is(&shown(chain(&[30, 22, 21, 1], Some(OUTER), End::Root), None)), "agent codex for sam, uid, outside");
    // A person who works in an agent's terminal outside, and starts panes there, is not the agent in them.
    assert_eq!(world.is(&shown(chain(&[80, 90, KEEPER, 22, 1], Some(TTY9), End::Root), None)), "service bash@%9 for sam, uid, %9");
    // What an agent started, or where it typed, is the agent.
    let claude = world.look(&shown(inside(), Some("seven"))).unwrap().identity;
    world.users.insert(PaneId(9), claude);
    assert_eq!(world.is(&shown(chain(&[80, 90, KEEPER, 1], Some(TTY9), End::Root), Some("nine"))), "agent claude@%7 for sam, proven, %9");
}

#[test]
fn declared_identities_are_bound_to_their_process() {
    let mut world = world();
    world.minted = vec![minted("deploy@%7", b"minted", Some(75))];
    let inside = || chain(&[80, 76, 75, 70, KEEPER, 1], Some(TTY7), End::Root);
    assert_eq!(world.is(&shown(inside(), Some("minted"))), "agent deploy@%7 for sam, proven, %7");
    assert_eq!(world.is(&shown(inside(), None)), "agent deploy@%7 for sam, uid, %7", "declared beats the manifest");
    let found = world.look(&shown(inside(), Some("minted"))).unwrap();
    assert_eq!((found.cap.to_string().as_str(), found.minted), ("view,request", Some(OperatorId(4))));
    // The secret of a process is good for its children alone.
    for elsewhere in [chain(&[80, 90, KEEPER, 1], Some(TTY9), End::Root), chain(&[30, 21, 1], Some(OUTER), End::Root)] {
        assert!(world.is(&shown(elsewhere, Some("minted"))).starts_with("refused: "));
    }
    // A stranger with the number of the process is not it.
    let mut stranger = inside();
    stranger.processes[2].started = 99;
    assert_eq!(world.is(&shown(stranger, None)), "agent claude@%7 for sam, uid, %7");
    // Without a process the secret is good wherever it is shown, and for what it was made.
    world.minted = vec![minted("sub@%7", b"free", None)];
    assert_eq!(world.is(&shown(chain(&[80, 90, KEEPER, 1], Some(TTY9), End::Root), Some("free"))), "agent sub@%7 for sam, token, %9");
    // A process that declared itself twice is what it said last.
    world.minted = vec![minted("one@%7", b"one", Some(75)), Minted { operator: OperatorId(5), ..minted("two@%7", b"two", Some(75)) }];
    assert_eq!(world.is(&shown(inside(), Some("two"))), "agent two@%7 for sam, proven, %7");
}

#[test]
fn other_users_are_themselves_or_turned_away() {
    let mut world = world();
    world.admitted = None;
    let foreign = || Shown { uid: 2000, ..shown(chain(&[30, 21, 1], Some(OUTER), End::Root), None) };
    assert_eq!(world.is(&foreign()), "refused: user 2000 is not admitted; the option `access` lists who is");
    world.admitted = Some(Role::Observer);
    assert_eq!(world.is(&foreign()), "human bob, uid, outside");
    assert_eq!(world.look(&foreign()).unwrap().role, Role::Observer);
}

#[test]
fn reasons_are_one_line() {
    let world = world();
    let found = world.look(&shown(chain(&[80, 76, 75, 70, KEEPER, 1], Some(TTY7), End::Root), Some("seven"))).unwrap();
    assert_eq!(
        found.because,
        "user sam (uid 1000) by the kernel; its ancestors lead into pane %7; its terminal is that of pane %7; it shows the token of pane %7; \
         the manifest of claude knows one of its ancestors"
    );
}
