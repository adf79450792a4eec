//! What the kernel says of this process (Linux).

use crate::unmeasured::{Measured, Unmeasured};

/// The unit of times in `/proc/self/stat`: `USER_HZ`, 100 on every Linux platform that Rust's standard library supports.
const TICK_MS: u64 = 10;

/// User and system time of the whole process, in milliseconds.
pub(crate) fn cpu_ms() -> Measured<u64> {
    let text = read("/proc/self/stat")?;
    // The second column is the program's name in parentheses, which may hold blanks: columns are counted behind it.
    let rest = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: Vec<u64> = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    match ticks.as_slice() {
        [user, system] => Ok((user + system) * TICK_MS),
        _ => Err(Unmeasured::new("CPU time", "/proc/self/stat has other columns than expected")),
    }
}

/// Time that this thread has run, in nanoseconds.
pub(crate) fn thread_cpu_ns() -> Measured<u64> {
    let text = read("/proc/thread-self/schedstat")?;
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok());
    first.ok_or_else(|| Unmeasured::new("CPU time", "/proc/thread-self/schedstat has other columns than expected"))
}

/// The most memory that was ever resident, in KiB.
pub(crate) fn peak_resident_kib() -> Measured<u64> {
    status("/proc/self/status", "VmHWM:")
}

/// The same of another process that is still there.
pub(crate) fn peak_resident_kib_of(id: u32) -> Measured<u64> {
    status(&format!("/proc/{id}/status"), "VmHWM:")
}

/// The memory that is resident now, in KiB.
pub(crate) fn resident_kib() -> Measured<u64> {
    status("/proc/self/status", "VmRSS:")
}

fn status(file: &str, name: &str) -> Measured<u64> {
    let text = read(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    figure.ok_or_else(|| Unmeasured::new("memory", format!("{file} has no {name}")))
}

fn read(path: &str) -> Measured<String> {
    std::fs::read_to_string(path).map_err(|error| Unmeasured::new(path, error))
}
