//! The media threads: each owns an [`Engine`], its sockets and its tick.
//!
//! The signalling side speaks to them through a [`MediaHandle`] and hears from them through one [`EventReceiver`]. Commands wait in a
//! short list per thread that a media thread never waits for; events go through an unbounded channel, because what is in it is
//! bounded otherwise: a leg yields a few events a command and at most one digit in 40 ms.

mod outbox;
mod stats;
mod thread;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use media::engine::{Command, EngineConfig, Event, RecordSink};
use tokio::sync::mpsc;

use crate::sockets::{Wake, bind_udp};
pub use stats::{TICK_BUCKETS_SECONDS, ThreadStats, TickTimes};

/// What the media threads need to start.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// The address to bind to.
    pub bind: IpAddr,
    /// The ports, dealt out to the threads one by one; 0 lets the kernel choose each.
    pub ports: Vec<u16>,
    /// How many threads; at most one per port is started.
    pub threads: usize,
    /// For each thread's engine.
    pub engine: EngineConfig,
    /// Where the streams' random starts come from.
    pub seed: [u8; 32],
}

/// Takes one thread's recorded audio.
pub trait Recorder: RecordSink + Send {
    /// Called once a tick, after its frames.
    fn flush(&mut self);
}

/// A recorder for threads that never record.
impl Recorder for () {
    fn flush(&mut self) {}
}

/// Everything that happens on any thread's legs.
pub type EventReceiver = mpsc::UnboundedReceiver<Event>;

/// The media threads, started.
pub struct MediaThreads {
    handle: MediaHandle,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

/// Speaks to the media threads. Cheap to clone.
#[derive(Clone)]
pub struct MediaHandle {
    threads: Arc<[Shared]>,
}

/// What a thread shares with the handle.
struct Shared {
    queue: Arc<Queue>,
    ports: Vec<SocketAddr>,
    stats: Arc<ThreadStats>,
}

/// Commands on their way to a thread.
struct Queue {
    commands: Mutex<VecDeque<Command>>,
    wake: Wake,
}

impl MediaThreads {
    /// Binds all ports and starts the threads; `recorder` makes each thread's, given its index.
    pub fn start(
        config: &MediaConfig,
        mut recorder: impl FnMut(usize) -> Box<dyn Recorder>,
    ) -> io::Result<(Self, EventReceiver)> {
        let threads = config.threads.clamp(1, config.ports.len().max(1));
        let mut sockets: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
        for (port, thread) in config.ports.iter().zip((0..threads).cycle()) {
            if let Some(sockets) = sockets.get_mut(thread) {
                sockets.push(bind_udp(SocketAddr::new(config.bind, *port))?);
            }
        }
        let (events, receiver) = mpsc::unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let mut shared = Vec::new();
        let mut handles = Vec::new();
        for (index, sockets) in sockets.into_iter().enumerate() {
            let queue = Arc::new(Queue {
                commands: Mutex::new(VecDeque::new()),
                wake: Wake::new()?,
            });
            let stats = Arc::new(ThreadStats::default());
            let ports = sockets
                .iter()
                .map(std::net::UdpSocket::local_addr)
                .collect::<io::Result<_>>()?;
            let setup = thread::Setup {
                index,
                sockets,
                engine: config.engine,
                seed: thread_seed(config.seed, index),
                queue: Arc::clone(&queue),
                events: events.clone(),
                stats: Arc::clone(&stats),
                stop: Arc::clone(&stop),
            };
            let recorder = recorder(index);
            let run = move || thread::run(setup, recorder);
            handles.push(
                std::thread::Builder::new()
                    .name(format!("media-{index}"))
                    .spawn(run)?,
            );
            shared.push(Shared {
                queue,
                ports,
                stats,
            });
        }
        let handle = MediaHandle {
            threads: shared.into(),
        };
        Ok((
            Self {
                handle,
                threads: handles,
                stop,
            },
            receiver,
        ))
    }

    /// A handle to speak to them.
    pub fn handle(&self) -> MediaHandle {
        self.handle.clone()
    }

    /// Ends all threads; what they recorded is flushed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        for shared in self.handle.threads.iter() {
            shared.queue.wake.ring();
        }
        for thread in self.threads.drain(..) {
            // A panic of the thread has been reported already.
            let _ = thread.join();
        }
    }
}

impl Drop for MediaThreads {
    fn drop(&mut self) {
        self.end();
    }
}

impl MediaHandle {
    /// Gives a thread a command, carried out at once. A thread that does not exist ignores it.
    pub fn command(&self, thread: usize, command: Command) {
        if let Some(shared) = self.threads.get(thread) {
            shared
                .queue
                .commands
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(command);
            shared.queue.wake.ring();
        }
    }

    /// How many threads run.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// How many ports each thread has at least: what [`Pairs`](media::pairs::Pairs) may deal out.
    pub fn ports_per_thread(&self) -> usize {
        self.threads
            .iter()
            .map(|shared| shared.ports.len())
            .min()
            .unwrap_or(0)
    }

    /// The address that a thread's port is bound to.
    pub fn local_addr(&self, thread: usize, port: usize) -> Option<SocketAddr> {
        self.threads.get(thread)?.ports.get(port).copied()
    }

    /// The lowest port of all threads.
    pub fn lowest_port(&self) -> u16 {
        let ports = self.threads.iter().flat_map(|thread| &thread.ports);
        ports.map(SocketAddr::port).min().unwrap_or_default()
    }

    /// A thread's numbers.
    pub fn stats(&self, thread: usize) -> Option<&ThreadStats> {
        self.threads.get(thread).map(|shared| shared.stats.as_ref())
    }
}

impl Queue {
    /// Takes what waits, unless the other side is just adding to it: then the bell rings again.
    fn take(&self, into: &mut VecDeque<Command>) {
        if let Ok(mut commands) = self.commands.try_lock() {
            std::mem::swap(&mut *commands, into);
        }
    }
}

/// Each thread draws from a generator of its own.
fn thread_seed(mut seed: [u8; 32], thread: usize) -> [u8; 32] {
    for (byte, mark) in seed.iter_mut().zip((thread as u64 + 1).to_le_bytes()) {
        *byte ^= mark;
    }
    seed
}

/// The moment, for the engines: the one clock that the media threads read.
fn clock() -> Instant {
    Instant::now()
}
