//! Places at which a test lets the program die as if it were killed.
//!
//! Only a program built with the feature `crash-points` has them:
//! `SVARSTID_CRASH=unacknowledged:40` ends it when that place is passed for the 40th time. There is
//! no clean-up and no last word.

/// Dies here, if this is the place and the time.
#[cfg(feature = "crash-points")]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};
    static LEFT: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();
    let left = LEFT.get_or_init(|| {
        let asked = std::env::var("SVARSTID_CRASH").ok()?;
        let (name, passes) = asked.split_once(':')?;
        Some((name.to_owned(), AtomicI64::new(passes.parse().ok()?)))
    });
    if let Some((at, left)) = left
        && at == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        if name == "unacknowledged" {
            // Long enough to be sent, too short to hear of it.
            std::thread::sleep(std::time::Duration::from_micros(300));
        }
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "crash-points"))]
pub fn point(_: &str) {}
