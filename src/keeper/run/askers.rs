//! Who asks on the control socket, and what they are told.

use std::time::Instant;

use super::Keeper;
use crate::ids::PaneId;
use crate::keeper::control::Want;
use crate::keeper::server::Phase;
use crate::protocol::keeper::{ERR_UNKNOWN, Message};

impl Keeper<'_> {
    pub(super) fn read_asker(&mut self, index: usize) {
        let Some(asker) = self.askers.get_mut(index) else { return };
        match asker.socket.recv() {
            Ok(Some(received)) => match Message::decode(&received.packet) {
                Ok(Message::Probe) => asker.want = Want::Probe,
                Ok(Message::Start) => asker.want = Want::Start,
                Ok(Message::Shutdown) => {
                    self.ended = true;
                    return;
                }
                _ => {
                    let refusal = Message::Err {
                        of: 0,
                        pane: PaneId(0),
                        code: ERR_UNKNOWN,
                        detail: 0,
                        text: "ask probe, start or shutdown".to_owned(),
                    };
                    let _ = refusal.encode().map(|packet| asker.socket.send(&packet, &[]));
                }
            },
            Ok(None) => return,
            Err(_) => {
                self.askers.remove(index);
                return;
            }
        }
        if self.restart_at.is_some() {
            // Somebody waits: the back-off has served its purpose.
            self.start_server();
        }
        let until = Instant::now() + self.options.probe;
        let wants_life = self.askers.get(index).is_some_and(|asker| asker.want == Want::Probe);
        let Some(server) = &mut self.serving else { return };
        if !wants_life {
            if server.phase == Phase::Serving {
                self.answer_askers();
            }
        } else if server.is_attached() {
            if server.ping.is_none() {
                self.nonce += 1;
                let nonce = self.nonce;
                server.ping = Some((nonce, until));
                self.say(&Message::Ping { nonce });
            }
        } else if server.phase == Phase::Silent && server.deadline.is_none() {
            server.deadline = Some(until);
        }
    }

    /// The server lives: tell everybody who asked.
    pub(super) fn answer_askers(&mut self) {
        let Some(server) = &self.serving else { return };
        let (server_pid, serving) = (server.watch.pid().into(), server.phase == Phase::Serving);
        for asker in &mut self.askers {
            if asker.want == Want::Probe || (asker.want == Want::Start && serving) {
                asker.want = Want::Nothing;
                let answer = Message::Ok { server_pid, restarted: std::mem::take(&mut asker.restarted) };
                let _ = answer.encode().map(|packet| asker.socket.send(&packet, &[]));
            }
        }
    }
}
