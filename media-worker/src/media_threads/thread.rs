//! One media thread: sleep, receive, command, tick, send, tell.

use std::collections::VecDeque;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::engine::{Command, Engine, EngineConfig, Event, TICK};
use tokio::sync::mpsc::UnboundedSender;

use super::outbox::Outbox;
use super::stats::{ThreadStats, TickTimes};
use super::{Queue, Recorder, clock};
use crate::sockets::{BATCH, UdpBatch, set_thread_niceness};

/// What a thread starts with.
pub(super) struct Setup {
    pub(super) index: usize,
    pub(super) sockets: Vec<UdpSocket>,
    pub(super) engine: EngineConfig,
    pub(super) seed: [u8; 32],
    pub(super) queue: Arc<Queue>,
    pub(super) events: UnboundedSender<Event>,
    pub(super) stats: Arc<ThreadStats>,
    pub(super) stop: Arc<AtomicBool>,
}

/// Runs until told to stop.
pub(super) fn run(setup: Setup, recorder: Box<dyn Recorder>) {
    // Where it is not permitted, one line says so: the sound then suffers when the machine is busy.
    if let Err(error) = set_thread_niceness(NICE)
        && setup.index == 0
    {
        tracing::info!(%error, "media threads run at the usual priority");
    }
    let now = clock();
    let mut thread = Thread {
        engine: Engine::new(setup.engine, setup.seed, now),
        outbox: Outbox::new(setup.sockets),
        inbox: UdpBatch::new(MAX_PACKET),
        recorder,
        commands: VecDeque::new(),
        queue: setup.queue,
        events: setup.events,
        stats: setup.stats,
        ticks: TickTimes::default(),
        next_tick: now + TICK,
    };
    while !setup.stop.load(Ordering::Acquire) {
        thread.round();
    }
    thread.recorder.flush();
}

struct Thread {
    engine: Engine,
    outbox: Outbox,
    inbox: UdpBatch,
    recorder: Box<dyn Recorder>,
    commands: VecDeque<Command>,
    queue: Arc<Queue>,
    events: UnboundedSender<Event>,
    stats: Arc<ThreadStats>,
    ticks: TickTimes,
    next_tick: Instant,
}

impl Thread {
    /// One sleep and what it was for.
    ///
    /// Sockets are not waited on but looked at: at each tick, and between ticks every few milliseconds while legs are
    /// bridged. So many packets come with one system call, and an idle port costs next to nothing.
    fn round(&mut self) {
        let now = clock();
        let poll = if self.engine.relaying() {
            self.next_tick.min(now + RELAY_POLL)
        } else {
            self.next_tick
        };
        self.queue.wake.sleep_until(poll);
        self.obey(clock());
        self.receive();
        let now = clock();
        if now >= self.next_tick {
            self.tick(now);
        }
        self.outbox.flush();
        self.tell();
    }

    fn obey(&mut self, now: Instant) {
        self.queue.take(&mut self.commands);
        while let Some(command) = self.commands.pop_front() {
            self.engine
                .command(command, now, &mut self.outbox, self.recorder.as_mut());
        }
    }

    fn receive(&mut self) {
        for port in 0..self.outbox.sockets().count() {
            // A port under flood gives way to the others and to the tick.
            for _ in 0..BATCHES_AT_ONCE {
                let Some(socket) = self.outbox.socket(port) else {
                    break;
                };
                let count = self.inbox.recv(socket).unwrap_or(0);
                let now = clock();
                for (from, local, packet) in self.inbox.arrivals() {
                    self.outbox.came(port, from, local);
                    self.engine.receive(
                        port,
                        from,
                        packet,
                        now,
                        &mut self.outbox,
                        self.recorder.as_mut(),
                    );
                }
                if count < BATCH {
                    break;
                }
            }
        }
    }

    /// Ticks at fixed moments, so that being late once does not make the next one late.
    fn tick(&mut self, now: Instant) {
        if now.saturating_duration_since(self.next_tick) > LATE {
            self.stats.late();
        }
        self.engine
            .tick(now, &mut self.outbox, self.recorder.as_mut());
        self.recorder.flush();
        self.next_tick += TICK;
        if now.saturating_duration_since(self.next_tick) > GIVE_UP {
            // The machine stood still: nobody wants to hear the missed audio in a burst.
            self.next_tick = now + TICK;
        }
        self.ticks.add(clock().saturating_duration_since(now));
        self.stats.tick(
            &self.ticks,
            self.engine.counters(),
            self.engine.legs(),
            self.outbox.dropped(),
        );
    }

    fn tell(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            // Nobody listens any more only when the worker is going down.
            let _ = self.events.send(event);
        }
    }
}

/// An Ethernet frame's worth: no phone sends longer RTP.
const MAX_PACKET: usize = 1500;
const RELAY_POLL: Duration = Duration::from_millis(3);
/// Ahead of all that can wait: 20 ms of a caller's voice cannot.
const NICE: i32 = -10;
const LATE: Duration = Duration::from_millis(5);
const GIVE_UP: Duration = Duration::from_millis(200);
const BATCHES_AT_ONCE: usize = 32;
