//! Memory that is not to be had is refused before any of it is asked for in earnest: a later allocation that
//! fails would end the program without a word.

use crate::error::{Error, Result};

/// Refuses `what` where the system will not reserve the `needed` bytes. A limit on the process shows in a
/// reservation only; most systems grant that beyond the memory that they have, which is for the caller to
/// know.
pub(super) fn check_reservable(what: impl FnOnce() -> String, needed: u64, advice: &str) -> Result<()> {
    // What every computer and every limit has needs no asking, which takes longer than most solutions.
    const LITTLE: u64 = 1 << 20;
    // What threads and the rest of the program take.
    const BESIDE: u64 = 64 << 20;
    let needed = if needed < LITTLE { return Ok(()) } else { needed.saturating_add(BESIDE) };
    if can_be_reserved(needed) {
        return Ok(());
    }
    let (mut allowed, mut high) = (0, needed);
    while high - allowed > u64::max(allowed / 16, LITTLE) {
        let middle = allowed + (high - allowed) / 2;
        if can_be_reserved(middle) {
            allowed = middle;
        } else {
            high = middle;
        }
    }
    Err(Error::Memory { what: what(), needed, allowed, advice: advice.to_string() })
}

/// Whether so many bytes can be reserved.
fn can_be_reserved(bytes: u64) -> bool {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_asked_for_before_it_is_taken() {
        let ask = |needed| check_reservable(|| "it".into(), needed, "take less");
        assert!(ask(0).is_ok() && ask(1 << 21).is_ok());
        let refused = ask(1 << 50);
        // An address space has no more than 2⁴⁷ bytes for a program.
        let Err(Error::Memory { needed, allowed, .. }) = refused else { panic!("{refused:?}") };
        assert!(needed == (1 << 50) + (64 << 20) && (1 << 21..1 << 48).contains(&allowed), "{allowed}");
    }
}
