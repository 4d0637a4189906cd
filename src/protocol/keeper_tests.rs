//! Every message comes back as it went, and no bytes at all harm the reader.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..max)
}

fn name() -> impl Strategy<Value = String> {
    "[a-z-]{1,64}"
}

fn exit() -> impl Strategy<Value = Exit> {
    (any::<Option<i32>>(), any::<[u64; 3]>())
        .prop_map(|(status, [user_us, system_us, rss_max_kib])| Exit { status, usage: Usage { user_us, system_us, rss_max_kib } })
}

fn size() -> impl Strategy<Value = Size> {
    (1_u16.., 1_u16..).prop_map(|(cols, rows)| Size { cols, rows })
}

fn record() -> impl Strategy<Value = PaneRecord> {
    (any::<u64>(), any::<u32>(), any::<u64>(), proptest::option::of(exit()), any::<Option<u64>>(), vec(any::<(u64, u64)>(), 0..64))
        .prop_map(|(pane, pid, start_time, exit, quarantine, inputs)| PaneRecord {
            pane: PaneId(pane),
            pid,
            start_time,
            exit,
            quarantine,
            inputs,
        })
}

fn spawn() -> impl Strategy<Value = SpawnRequest> {
    (any::<u64>(), size(), vec(bytes(40), 0..5), vec((bytes(20), bytes(40)), 0..9), bytes(60), any::<(u32, u32, u64)>(), bytes(100))
        .prop_map(|(pane, size, argv, env, cwd, (ring_len, checkpoint_len, history_bytes), meta)| SpawnRequest {
            pane: PaneId(pane),
            size,
            argv,
            env,
            cwd,
            memory: MemoryShape { ring_len, checkpoint_len, history_bytes },
            meta,
        })
}

fn message() -> impl Strategy<Value = Message> {
    let pane = any::<u64>().prop_map(PaneId);
    let plain = prop_oneof![
        Just(Message::Ready),
        Just(Message::Quiesce),
        Just(Message::Quiesced),
        Just(Message::Active),
        Just(Message::Abort),
        Just(Message::Shutdown),
        Just(Message::Probe),
        Just(Message::Start),
        any::<u64>().prop_map(|nonce| Message::Ping { nonce }),
        any::<u64>().prop_map(|nonce| Message::Pong { nonce }),
        any::<(u64, bool)>().prop_map(|(server_pid, restarted)| Message::Ok { server_pid, restarted }),
        bytes(200).prop_map(|path| Message::StartServer { path }),
    ];
    let named = prop_oneof![
        name().prop_map(|name| Message::Put { name }),
        name().prop_map(|name| Message::Take { name }),
        name().prop_map(|name| Message::Named { name }),
        name().prop_map(|name| Message::Drop { name }),
        (any::<(u64, u64, bool)>(), ".{0,40}").prop_map(|((min, max, keeper_reads), build)| Message::Hello {
            min,
            max,
            keeper_reads,
            build
        }),
        (any::<(u64, u64, u32, u64)>(), ".{0,40}").prop_map(|((epoch, panes, caps, pid), build)| Message::Welcome {
            epoch,
            panes,
            caps,
            pid,
            build
        }),
    ];
    let of_pane = prop_oneof![
        record().prop_map(Message::Pane),
        record().prop_map(Message::Adopt),
        spawn().prop_map(Message::Spawn),
        (any::<(u32, u64, u64)>(), pane.clone(), ".{0,40}").prop_map(|((of, code, detail), pane, text)| Message::Err {
            of,
            pane,
            code,
            detail,
            text
        }),
        (pane.clone(), any::<(u64, u64)>(), bytes(300)).prop_map(|(pane, (source, seq), bytes)| Message::Input {
            pane,
            source,
            seq,
            lazy: seq % 2 == 0,
            bytes
        }),
        (pane.clone(), any::<(u64, u64)>()).prop_map(|(pane, (source, seq))| Message::Inack { pane, source, seq }),
        pane.clone().prop_map(|pane| Message::Drained { pane }),
        pane.clone().prop_map(|pane| Message::Forget { pane }),
        (pane.clone(), size()).prop_map(|(pane, size)| Message::Resize { pane, size }),
        (pane.clone(), 0..64_i32, prop_oneof![Just(SignalTo::Child), Just(SignalTo::Group), Just(SignalTo::Foreground)])
            .prop_map(|(pane, signal, to)| Message::Signal { pane, signal, to }),
        (pane.clone(), exit()).prop_map(|(pane, exit)| Message::Exited { pane, exit }),
        (pane.clone(), any::<u64>()).prop_map(|(pane, head)| Message::Output { pane, head }),
        (pane.clone(), any::<u64>()).prop_map(|(pane, to)| Message::Consumed { pane, to }),
        (pane, 1000_u32..).prop_map(|(pane, kind)| Message::Unknown { kind, pane }),
    ];
    prop_oneof![plain, named, of_pane]
}

proptest! {
    #[test]
    fn what_goes_comes(message in message()) {
        let packet = message.encode().unwrap();
        prop_assert_eq!(Message::decode(&packet).unwrap(), message);
    }

    #[test]
    fn a_longer_payload_of_a_later_version_is_read(message in message(), more in bytes(30)) {
        // Messages whose payload is one text or byte string take the rest as theirs; the others ignore it.
        let mut packet = message.encode().unwrap();
        packet.extend(more);
        let decoded = Message::decode(&packet).map(|decoded| decoded.kind());
        prop_assert!(decoded == Ok(message.kind()) || matches!(message.kind(), kind::PUT | kind::TAKE | kind::NAMED | kind::DROP), "{:?}", decoded);
    }

    #[test]
    fn garbage_is_an_error_at_most(mut packet in bytes(600), known in 0_u32..40) {
        let _ = Message::decode(&packet);
        if let Some(place) = packet.first_chunk_mut::<4>() {
            *place = known.to_le_bytes();
            let _ = Message::decode(&packet);
        }
    }

    #[test]
    fn a_broken_message_is_an_error_at_most(message in message(), at in any::<prop::sample::Index>(), value: u8, cut in any::<prop::sample::Index>()) {
        let mut packet = message.encode().unwrap();
        let place = at.index(packet.len());
        packet[place] = value;
        let _ = Message::decode(&packet);
        packet.truncate(cut.index(packet.len()));
        let _ = Message::decode(&packet);
    }
}

#[test]
fn the_limits_hold() {
    let input = |len| Message::Input { pane: PaneId(1), source: 2, seq: 3, lazy: false, bytes: vec![0; len] };
    assert_eq!(input(PAYLOAD_MAX).encode().unwrap().len(), HEADER_LEN + PAYLOAD_MAX);
    assert_eq!(input(PAYLOAD_MAX + 1).encode(), Err(EncodeError::Long { kind: kind::INPUT, len: PAYLOAD_MAX + 1 }));
    assert_eq!(Message::decode(&vec![0; HEADER_LEN + PAYLOAD_MAX + 1]), Err(DecodeError::Long { len: PAYLOAD_MAX + 1 }));
    assert_eq!(Message::decode(&[0; 31]), Err(DecodeError::Short { len: 31 }));
    // A count that promises more than is there allocates nothing.
    let mut pane = Message::Pane(PaneRecord { pane: PaneId(1), pid: 1, start_time: 1, exit: None, quarantine: None, inputs: vec![] })
        .encode()
        .unwrap();
    let count = pane.len() - 4;
    pane[count..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Message::decode(&pane), Err(DecodeError::Field { kind: kind::PANE, field: "inputs" }));
}

/// The frozen bytes: a change here breaks keepers that hold panes at this moment.
#[test]
fn the_first_version_is_frozen() {
    let input = Message::Input { pane: PaneId(7), source: 0x0102, seq: 9, lazy: false, bytes: b"ls\r".to_vec() };
    let hex = |message: &Message| message.encode().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&input), "0700000000000000070000000000000002010000000000000900000000000000".to_owned() + "6c730d");
    let hello = Message::Hello { min: 1, max: 1, keeper_reads: true, build: "x".into() };
    assert_eq!(hex(&hello), "0100000001000000000000000000000001000000000000000100000000000000".to_owned() + "78");
    let exited =
        Message::Exited { pane: PaneId(1), exit: Exit { status: Some(256), usage: Usage { user_us: 1, system_us: 2, rss_max_kib: 3 } } };
    assert_eq!(
        hex(&exited),
        "0c00000002000000010000000000000000000000000000000000000000000000".to_owned()
            + "0001000000000000010000000000000002000000000000000300000000000000"
    );
    assert_eq!(Exit { status: Some(256), ..Exit::default() }.code(), Some(1));
    assert_eq!(Exit { status: Some(9), ..Exit::default() }.signal(), Some(9));
}
