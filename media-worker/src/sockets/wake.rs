//! Sleeping until a moment or until another thread wakes us.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Instant;

/// An event counter (`eventfd`) on which one thread sleeps and which others ring.
#[derive(Debug)]
pub struct Wake {
    event: OwnedFd,
}

/// Why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The moment came.
    Deadline,
    /// Somebody rang.
    Rung,
}

impl Wake {
    /// A counter that nobody has rung.
    pub fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes no pointers; its result is checked before it is owned.
        let event = unsafe {
            let fd = libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self { event })
    }

    /// Wakes the sleeper, or makes its next sleep end at once.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight readable bytes, as eventfd wants. It fails only when the counter is full: then it is rung already.
        unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Sleeps until `deadline` (at once if it has passed) or until somebody rings, with the kernel's nanosecond timers.
    pub fn sleep_until(&self, deadline: Instant) -> Woken {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = libc::timespec {
            tv_sec: left.as_secs().min(3600) as libc::time_t,
            tv_nsec: left.subsec_nanos() as libc::c_long,
        };
        let mut poll = libc::pollfd {
            fd: self.event.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd and one timespec, both alive during the call; no signal mask.
        let ready = unsafe { libc::ppoll(&raw mut poll, 1, &raw const timeout, std::ptr::null()) };
        if ready <= 0 {
            return Woken::Deadline;
        }
        let mut count = [0u8; 8];
        // SAFETY: eight writable bytes, as eventfd wants.
        unsafe {
            libc::read(
                self.event.as_raw_fd(),
                count.as_mut_ptr().cast(),
                count.len(),
            )
        };
        Woken::Rung
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn sleeps_until_the_deadline() {
        let wake = Wake::new().unwrap();
        let deadline = Instant::now() + Duration::from_millis(3);
        assert_eq!(wake.sleep_until(deadline), Woken::Deadline);
        assert!(Instant::now() >= deadline);
    }

    #[test]
    fn a_ring_ends_the_sleep_once() {
        let wake = Arc::new(Wake::new().unwrap());
        let ringer = Arc::clone(&wake);
        let ring = std::thread::spawn(move || ringer.ring());
        assert_eq!(
            wake.sleep_until(Instant::now() + Duration::from_secs(30)),
            Woken::Rung
        );
        ring.join().unwrap();
        assert_eq!(wake.sleep_until(Instant::now()), Woken::Deadline);
    }
}
