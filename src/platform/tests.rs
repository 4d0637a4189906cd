//! The system does what the rest of the program counts on.
use super::*;
use std::os::fd::AsFd;

#[test]
fn memory_objects_are_sealed_and_sparse() {
    let object = memory_object(1 << 20).expect("memory");
    assert!(is_sealed(object.as_fd()).expect("seals"), "could be cut under a mapping");
    assert_eq!(object_len(object.as_fd()).expect("length"), 1 << 20);
    assert!(rustix::fs::ftruncate(&object, 10).is_err(), "was cut");
}

#[test]
fn sockets_carry_packets_and_descriptors() {
    let (mut one, mut other) = KeeperSocket::pair().expect("pair");
    assert!(other.recv().expect("empty").is_none());
    let object = memory_object(4096).expect("memory");
    one.send(b"hello, that is a packet of some size", &[object.as_fd()]).expect("send");
    one.send(&[7; 65_536], &[]).expect("send");
    let first = other.recv().expect("recv").expect("a packet");
    assert_eq!((first.packet.as_slice(), first.fds.len()), (&b"hello, that is a packet of some size"[..], 1));
    assert_eq!(other.recv().expect("recv").expect("a packet").packet.len(), 65_536);
    drop(one);
    assert_eq!(other.recv().expect_err("gone").kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_watched_process_tells_its_status_to_a_stranger() {
    let mut child =
        std::process::Command::new("/bin/sh").args(["-c", "read x; exit 42"]).stdin(std::process::Stdio::piped()).spawn().expect("sh");
    let watch = ProcessWatch::open(child.id()).expect("watch");
    assert!(!watch.is_dead());
    assert_eq!(watch.exit_status(), None);
    drop(child.stdin.take());
    assert!(wait_readable(watch.as_fd(), Some(Duration::from_secs(10))).expect("poll"), "the child did not end");
    if cfg!(target_os = "linux") {
        assert_eq!(watch.exit_status(), Some(42 << 8), "before it is reaped");
    }
    child.wait().expect("reaped");
    let after = watch.exit_status();
    // Older kernels forget.
    assert!(matches!(after, None | Some(0x2a00)), "{after:?}");
}

#[test]
fn the_runtime_folder_is_private_or_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("folder");
    let dir = place.path().join("baton");
    runtime_dir(&dir).expect("made");
    runtime_dir(&dir).expect("found");
    assert_eq!(std::fs::metadata(&dir).expect("stat").permissions().mode() & 0o777, 0o700);
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&dir, &link).expect("link");
    assert!(matches!(runtime_dir(&link), Err(DirError::NotAFolder { .. })), "followed a link");
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    assert!(matches!(runtime_dir(&dir), Err(DirError::Open { mode: 0o755, .. })), "took an open folder");
    std::fs::write(place.path().join("file"), "").expect("file");
    assert!(matches!(runtime_dir(&place.path().join("file")), Err(DirError::NotAFolder { .. })));
}

#[test]
fn a_bound_socket_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("folder");
    let path = place.path().join("s");
    let _one = bind_private(&path, KeeperSocket::kind(), 8).expect("bound");
    let _two = bind_private(&path, KeeperSocket::kind(), 8).expect("bound in its place");
    assert_eq!(std::fs::metadata(&path).expect("stat").permissions().mode() & 0o777, 0o600);
}
