//! RTP of many calls at little cost: one thread, a few sockets, up to 64 datagrams a system call.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::clip::Clip;
use media::codec::Codec;
use media::dtmf::Digit;
use media::rtp::{self, Header};
use media_worker::sockets::{BATCH, UdpBatch, bind_udp};

use crate::sound::tone;
use crate::wait_for;
use crate::wire::{Audio, phones_address};

/// The streams of many calls, sent and received by a thread of their own.
#[derive(Debug)]
pub struct Streams {
    addresses: Vec<SocketAddr>,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One call's audio, both ways.
pub type StreamId = usize;

/// What a stream says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Digital silence.
    Silence,
    /// A tone of 700 Hz.
    Tone,
    /// The time of sending, so that whoever receives it can say how long it took.
    Clock,
}

/// A key to press.
#[derive(Clone, Copy, Debug)]
enum Press {
    /// As an RFC 4733 event.
    Event(u8),
    /// As the sound of its two tones.
    Tone(Digit),
}

/// What has gone over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received by the stream that they were meant for.
    pub received: u64,
}

#[derive(Debug, Default)]
struct State {
    streams: Vec<Stream>,
    /// By the SSRC that the far side announced.
    expected: HashMap<u32, StreamId>,
    totals: Totals,
    delays: Vec<Duration>,
}

#[derive(Debug)]
struct Stream {
    socket: usize,
    ssrc: u32,
    far: Option<SocketAddr>,
    voice: Voice,
    keys: VecDeque<Press>,
    /// The packet of the key being pressed, from 0.
    pressed: usize,
    sequence: u16,
    timestamp: u32,
    frame: usize,
    sent: u64,
    received: u64,
    heard: Option<Vec<u8>>,
    /// The sequence numbers of what was received while listening.
    numbers: Vec<u16>,
}

impl Streams {
    /// Starts the thread with this many sockets.
    pub fn start(sockets: usize) -> Self {
        let sockets: Vec<UdpSocket> = (0..sockets)
            .map(|_| bind_udp(SocketAddr::new(phones_address(), 0)).expect("a UDP port"))
            .collect();
        let addresses = sockets
            .iter()
            .map(|socket| socket.local_addr().expect("bound"))
            .collect();
        let (state, stop) = (Arc::default(), Arc::default());
        let engine = Engine::new(sockets, Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("streams".into())
            .spawn(move || engine.run())
            .expect("a thread");
        Self {
            addresses,
            state,
            stop,
            thread: Some(thread),
        }
    }

    /// A new stream, still silent: what to say about it in SDP.
    pub fn open(&self) -> (StreamId, Audio) {
        let mut state = self.state();
        let id = state.streams.len();
        let socket = id % self.addresses.len();
        let ssrc = 0x5357_0000 + id as u32;
        state.streams.push(Stream {
            socket,
            ssrc,
            far: None,
            voice: Voice::Silence,
            keys: VecDeque::new(),
            pressed: 0,
            sequence: id as u16,
            timestamp: id as u32 * 7919,
            frame: id,
            sent: 0,
            received: 0,
            heard: None,
            numbers: Vec::new(),
        });
        (
            id,
            Audio {
                address: self.addresses[socket],
                ssrc: Some(ssrc),
                events: true,
            },
        )
    }

    /// From now on the stream sends to `far`, and what comes with its SSRC is this stream's.
    pub fn connect(&self, id: StreamId, far: Audio, voice: Voice) {
        let mut state = self.state();
        if let Some(ssrc) = far.ssrc {
            state.expected.insert(ssrc, id);
        }
        state.streams[id].far = Some(far.address);
        state.streams[id].voice = voice;
    }

    /// Says something else.
    pub fn say(&self, id: StreamId, voice: Voice) {
        self.state().streams[id].voice = voice;
    }

    /// Goes on with what it says, and waits until so many seconds more of it are sent.
    ///
    /// # Panics
    /// When they are not sent within a minute.
    pub fn go_on_for(&self, id: StreamId, seconds: u64) {
        let before = self.of(id).sent;
        wait_for("the words to be sent", Duration::from_mins(1), || {
            (self.of(id).sent >= before + PACKETS_A_SECOND * seconds).then_some(())
        });
    }

    /// Presses keys (RFC 4733).
    pub fn press(&self, id: StreamId, keys: &str) {
        let events = keys.bytes().map(|key| match key {
            b'*' => 10,
            b'#' => 11,
            digit => digit.wrapping_sub(b'0'),
        });
        self.state().streams[id]
            .keys
            .extend(events.map(Press::Event));
    }

    /// Presses keys on a phone that knows no events: they are heard.
    pub fn press_tones(&self, id: StreamId, keys: &str) {
        let digits = keys.chars().filter_map(Digit::from_char);
        self.state().streams[id]
            .keys
            .extend(digits.map(Press::Tone));
    }

    /// Keeps from now on what the stream hears.
    pub fn listen(&self, id: StreamId) {
        let mut state = self.state();
        let stream = &mut state.streams[id];
        stream.heard = Some(Vec::new());
        stream.numbers.clear();
    }

    /// What was heard since [`Streams::listen`], as linear audio in the order of arrival.
    pub fn heard(&self, id: StreamId) -> crate::sound::Sound {
        let payloads = self.state().streams[id].heard.clone().unwrap_or_default();
        let mut samples = vec![0; payloads.len()];
        media::codec::Decoder::new(Codec::Pcmu).decode(&payloads, &mut samples);
        crate::sound::Sound::of(media::pcm::Pcm {
            samples,
            rate: 8000,
        })
    }

    /// How many packets are missing, by their numbers, between the first and the last that came since [`Streams::listen`].
    pub fn missing(&self, id: StreamId) -> usize {
        let mut newest = 0_i64;
        let mut came = BTreeSet::new();
        for number in &self.state().streams[id].numbers {
            // The numbers begin anew after 65535: of those that it may be, it is the one next to the packet before.
            newest += i64::from(number.wrapping_sub(newest as u16) as i16);
            came.insert(newest);
        }
        let span = came.first().zip(came.last());
        span.map_or(0, |(first, last)| (last - first + 1) as usize - came.len())
    }

    /// Sends no more.
    pub fn close(&self, id: StreamId) {
        self.state().streams[id].far = None;
    }

    /// Sends no more of any stream.
    pub fn close_all(&self) {
        for stream in &mut self.state().streams {
            stream.far = None;
        }
    }

    /// Packets of one stream.
    pub fn of(&self, id: StreamId) -> Totals {
        let state = self.state();
        Totals {
            sent: state.streams[id].sent,
            received: state.streams[id].received,
        }
    }

    /// Packets of all streams.
    pub fn totals(&self) -> Totals {
        self.state().totals
    }

    /// The delays measured since the last time, of [`Voice::Clock`].
    pub fn take_delays(&self) -> Vec<Duration> {
        std::mem::take(&mut self.state().delays)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Engine {
    sockets: Vec<UdpSocket>,
    outgoing: Vec<UdpBatch>,
    incoming: UdpBatch,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    tone: Clip,
    began: Instant,
}

impl Engine {
    fn new(sockets: Vec<UdpSocket>, state: Arc<Mutex<State>>, stop: Arc<AtomicBool>) -> Self {
        let pcm = tone(700.0, 8000, Duration::from_secs(1));
        Self {
            outgoing: sockets.iter().map(|_| UdpBatch::new(MAX_PACKET)).collect(),
            incoming: UdpBatch::new(MAX_PACKET),
            sockets,
            state,
            stop,
            tone: Clip::encode_native(&pcm.samples, Codec::Pcmu),
            began: Instant::now(),
        }
    }

    /// Phones do not send at the same moment: every stream has one of a few slots in its 20 ms.
    fn run(mut self) {
        let mut next_slot = Instant::now();
        let mut slot = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let state = Arc::clone(&self.state);
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            self.receive(&mut state);
            if Instant::now() >= next_slot {
                self.send(&mut state, slot);
                slot = (slot + 1) % SLOTS;
                next_slot += SLOT;
            }
            drop(state);
            std::thread::sleep(LOOK.min(next_slot.saturating_duration_since(Instant::now())));
        }
    }

    fn send(&mut self, state: &mut State, slot: usize) {
        let mut packet = [0; MAX_PACKET];
        let State {
            streams, totals, ..
        } = state;
        for stream in streams.iter_mut().skip(slot).step_by(SLOTS) {
            let Some(far) = stream.far else { continue };
            let length = stream.next_packet(&mut packet, &self.tone, self.began);
            totals.sent += 1;
            let batch = &mut self.outgoing[stream.socket];
            batch.push(far, &packet[..length]);
            if batch.is_full() {
                batch.send(&self.sockets[stream.socket]);
            }
        }
        for (batch, socket) in self
            .outgoing
            .iter_mut()
            .zip(&self.sockets)
            .filter(|(batch, _)| !batch.is_empty())
        {
            batch.send(socket);
        }
    }

    fn receive(&mut self, state: &mut State) {
        for socket in &self.sockets {
            loop {
                let count = self.incoming.recv(socket).unwrap_or(0);
                let now = self.began.elapsed();
                for (_, datagram) in self.incoming.datagrams() {
                    if let Ok(packet) = rtp::parse(datagram) {
                        state.take(&packet, now);
                    }
                }
                if count < BATCH {
                    break;
                }
            }
        }
    }
}

impl State {
    fn take(&mut self, packet: &rtp::Packet<'_>, now: Duration) {
        let Some(stream) = self
            .expected
            .get(&packet.header.ssrc)
            .and_then(|id| self.streams.get_mut(*id))
        else {
            return;
        };
        stream.received += 1;
        self.totals.received += 1;
        if let Some(heard) = &mut stream.heard {
            stream.numbers.push(packet.header.sequence);
            if packet.header.payload_type == 0 {
                heard.extend_from_slice(packet.payload);
            }
        }
        if let (Voice::Clock, Some((stamp, _))) =
            (stream.voice, packet.payload.split_first_chunk::<8>())
        {
            let sent = Duration::from_nanos(u64::from_le_bytes(*stamp));
            if let Some(delay) = now
                .checked_sub(sent)
                .filter(|delay| *delay < Duration::from_secs(5))
            {
                self.delays.push(delay);
            }
        }
    }
}

impl Stream {
    fn next_packet(&mut self, packet: &mut [u8], tone: &Clip, began: Instant) -> usize {
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        self.sent += 1;
        let mut payload = [0xff; FRAME];
        if let Some(press) = self.keys.front().copied() {
            let step = self.pressed;
            self.pressed += 1;
            if self.pressed == KEY_PACKETS + KEY_PAUSE {
                self.pressed = 0;
                self.keys.pop_front();
            }
            match press {
                Press::Event(event) if step < KEY_PACKETS => {
                    return self.write_key(event, step, packet);
                }
                Press::Tone(digit) => {
                    if step < KEY_PACKETS {
                        sound(digit, step, &mut payload);
                    }
                    return self.write(0, false, self.timestamp, &payload, packet);
                }
                Press::Event(_) => {}
            }
        }
        match self.voice {
            Voice::Silence => {}
            Voice::Tone => {
                self.frame = (self.frame + 1) % tone.frame_count();
                payload.copy_from_slice(tone.frame(self.frame).unwrap_or(&[0xff; FRAME]));
            }
            Voice::Clock => {
                payload[..8].copy_from_slice(&(began.elapsed().as_nanos() as u64).to_le_bytes());
            }
        }
        self.write(0, false, self.timestamp, &payload, packet)
    }

    /// RFC 4733 section 2.5: one timestamp, a growing duration, and the end told three times.
    fn write_key(&self, event: u8, step: usize, packet: &mut [u8]) -> usize {
        let began = self.timestamp.wrapping_sub((step * FRAME) as u32);
        let held = (step + 1).min(KEY_PACKETS - 2);
        let end = if step + 3 >= KEY_PACKETS { 0x80_u8 } else { 0 };
        let duration = ((held * FRAME) as u16).to_be_bytes();
        let payload = [event, end | 0x0a, duration[0], duration[1]];
        self.write(101, step == 0, began, &payload, packet)
    }

    fn write(
        &self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: &[u8],
        packet: &mut [u8],
    ) -> usize {
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        header.write(payload, packet).unwrap_or(0)
    }
}

/// The frame of a key's two tones that is `step` frames into the press.
fn sound(digit: Digit, step: usize, payload: &mut [u8; FRAME]) {
    let mut samples = [0; FRAME];
    media::dtmf::tone(digit, 8000, step * FRAME, &mut samples);
    let clip = Clip::encode_native(&samples, Codec::Pcmu);
    payload.copy_from_slice(clip.frame(0).unwrap_or(&[0xff; FRAME]));
}

const SLOTS: usize = 4;
const SLOT: Duration = Duration::from_millis(5);
/// How often arrivals are looked for: what is measured as delay is too long by up to this.
const LOOK: Duration = Duration::from_millis(1);
const PACKETS_A_SECOND: u64 = 50;
/// µ-law octets in 20 ms.
const FRAME: usize = 160;
const MAX_PACKET: usize = 512;
const KEY_PACKETS: usize = 8;
const KEY_PAUSE: usize = 5;
