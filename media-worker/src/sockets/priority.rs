//! Which threads the kernel runs first.

use std::io;

/// Gives the calling thread this niceness: below 0 it goes before others, which takes `CAP_SYS_NICE` or a limit that allows it.
pub fn set_thread_niceness(nice: i32) -> io::Result<()> {
    // SAFETY: no pointers. On Linux, process 0 is the calling thread alone.
    let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_steps_back() {
        let niceness = || {
            // SAFETY: no pointers.
            unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
        };
        let before = niceness();
        let inside = std::thread::spawn(move || {
            set_thread_niceness(before + 1).unwrap();
            niceness()
        });
        assert_eq!((inside.join().unwrap(), niceness()), (before + 1, before));
    }
}
