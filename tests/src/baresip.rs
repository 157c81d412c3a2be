//! A real phone of another make: baresip, driven over its control port.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::office::{DOMAIN, PASSWORD, Person};
use crate::sound::Sound;
use crate::wait_for;

/// A baresip in a process of its own; ended when dropped. Without its `mwi` module, which in 1.0 does not answer the challenge to its
/// SUBSCRIBE and asks again without pause.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    folder: PathBuf,
    control: TcpStream,
    unread: Vec<u8>,
    seen: Vec<Value>,
}

impl Baresip {
    /// A phone registered as the handset of `person`, which speaks a 440 Hz tone.
    pub fn of(person: &Person, server: SocketAddr, folder: &Path) -> Self {
        let folder: PathBuf = folder.to_path_buf();
        std::fs::create_dir_all(&folder).expect("a folder for baresip");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a free port")
            .port();
        let modules = [
            "/usr/lib/baresip/modules",
            "/usr/lib/x86_64-linux-gnu/baresip/modules",
        ]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("baresip's modules: install baresip-core (./check does)");
        // At the codec's rate, and longer than any test: this baresip neither resamples nor repeats.
        let voice = folder.join("voice.wav");
        let pcm = crate::sound::tone(440.0, RATE, Duration::from_mins(4));
        std::fs::write(&voice, media::wav::write(&pcm).expect("a WAV")).expect("baresip's voice");
        let config = format!(
            "poll_method epoll\naudio_source aufile,{}\n\
             audio_alert aufile,{}\nmodule_path {modules}\nmodule g711.so\nmodule aufile.so\n\
             module sndfile.so\nsnd_path {folder}\nmodule_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{port}\n",
            voice.display(),
            folder.join("alert.wav").display(),
            folder = folder.display(),
        );
        std::fs::write(folder.join("config"), config).expect("baresip's config");
        let account = format!(
            "<sip:{user}@{DOMAIN};transport=udp>;auth_user={user};auth_pass=\"{PASSWORD}\";outbound=\"sip:{server}\";regint=300\n",
            user = person.handset()
        );
        std::fs::write(folder.join("accounts"), account).expect("baresip's account");
        std::fs::write(folder.join("contacts"), "").expect("baresip's contacts");
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("baresip starts: install baresip-core (./check does)");
        let control = wait_for("baresip's control port", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        control
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a time-out can be set");
        let mut phone = Self {
            child,
            folder,
            control,
            unread: Vec::new(),
            seen: Vec::new(),
        };
        wait_for("baresip to register", PATIENCE, || {
            phone.command("reginfo", "")["data"]
                .as_str()
                .is_some_and(|data| data.contains("OK"))
                .then_some(())
        });
        phone
    }

    /// Runs a command of baresip's menu: `dial`, `accept`, `hangup`, `hold`, `resume`, `sndcode`.
    pub fn command(&mut self, command: &str, params: &str) -> Value {
        let token = format!("{}-{}", command, self.seen.len());
        let message = json!({"command": command, "params": params, "token": token}).to_string();
        write!(self.control, "{}:{message},", message.len()).expect("baresip listens");
        self.wait(|value| value["token"] == token)
    }

    /// Presses keys, one after the other, as RFC 4733 events.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.command("sndcode", &key.to_string());
            // At a finger's pace: this baresip drops a key that is pressed before it has sent the last one.
            std::thread::sleep(KEY);
        }
    }

    /// What it has heard in its last call.
    pub fn heard(&self) -> Sound {
        self.recorded("-dec.wav")
    }

    /// Goes on speaking in its call, and waits until so many seconds more of it are sent.
    ///
    /// # Panics
    /// When they are not sent within a minute.
    pub fn go_on_for(&self, seconds: u64) {
        // It writes down what it is about to send.
        let said = || self.recorded("-enc.wav").duration();
        let enough = said() + Duration::from_secs(seconds);
        wait_for("baresip's words to be sent", PATIENCE, || {
            (said() >= enough).then_some(())
        });
    }

    /// What it has written down of its last call: what it heard or what it said.
    fn recorded(&self, which: &str) -> Sound {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten();
        let calls = files.filter_map(|file| {
            let path = file.ok()?.path();
            let name = path.file_name()?.to_str()?;
            (name.starts_with("dump-") && name.ends_with(which)).then_some(path)
        });
        // The names have the moment in them.
        calls
            .max()
            .map_or_else(|| Sound::read(Path::new("")), |path| Sound::read(&path))
    }

    /// Waits for an event of this type: `CALL_INCOMING`, `CALL_ESTABLISHED`, `CALL_CLOSED`.
    pub fn expect(&mut self, kind: &str) -> Value {
        self.wait(|value| value["event"] == true && value["type"] == kind)
    }

    fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let mut found = None;
        wait_for("baresip", PATIENCE, || {
            self.read();
            let at = self.seen.iter().position(&fits)?;
            found = Some(self.seen.remove(at));
            Some(())
        });
        found.expect("it was found")
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        if let Ok(length) = self.control.read(&mut buffer) {
            self.unread.extend_from_slice(&buffer[..length]);
        }
        while let Some((value, length)) = netstring(&self.unread) {
            self.unread.drain(..length);
            self.seen.push(value);
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One netstring (`LENGTH:BYTES,`) from the beginning of `bytes`, and how long it is in all.
fn netstring(bytes: &[u8]) -> Option<(Value, usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let text = bytes.get(colon + 1..colon + 1 + length)?;
    bytes.get(colon + 1 + length)?;
    Some((
        serde_json::from_slice(text).unwrap_or(Value::Null),
        colon + length + 2,
    ))
}

const RATE: u32 = 8000;
const KEY: Duration = Duration::from_millis(400);
/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
