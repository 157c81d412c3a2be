//! What a process costs: its processor time and its memory, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Sums up the processor time of all threads of a process, in nanoseconds as the scheduler counts it.
#[derive(Debug)]
pub struct Processor {
    tasks: String,
    /// By thread; one that has ended keeps what it had used when it was last looked at.
    used: HashMap<String, u64>,
}

impl Processor {
    /// Of the process with this id.
    pub fn of(pid: u32) -> Self {
        Self { tasks: format!("/proc/{pid}/task"), used: HashMap::new() }
    }

    /// What its threads have used so far.
    pub fn used(&mut self) -> Duration {
        for task in fs::read_dir(&self.tasks).into_iter().flatten().flatten() {
            if let Some(nanos) = scheduled(&task.path().join("schedstat").to_string_lossy()) {
                self.used.insert(task.file_name().to_string_lossy().into_owned(), nanos);
            }
        }
        Duration::from_nanos(self.used.values().sum())
    }
}

/// What the calling thread has used so far.
pub fn used_by_this_thread() -> Duration {
    Duration::from_nanos(scheduled("/proc/thread-self/schedstat").unwrap_or_default())
}

/// The memory of a process that is in RAM, in bytes.
pub fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.unwrap_or_default() * 1024
}

fn scheduled(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_done_is_seen_in_the_thread_and_in_the_process() {
        let mut all = Processor::of(std::process::id());
        let (process, thread) = (all.used(), used_by_this_thread());
        let mut sum = 0u64;
        while used_by_this_thread() < thread + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(all.used() >= process + Duration::from_millis(4));
        assert!(resident(std::process::id()) > 100_000);
    }
}
