//! What an application of the operator has changed in one state, d = T V − V: what follows from it for the
//! solution is `discount.rs`'.

/// The least and the greatest of (T V)_i − V_i.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    least: f64,
    greatest: f64,
    /// Their sum, which is not finite where any of them is not. Least and greatest skip what is not a number,
    /// and asking each change by itself whether it is one takes as long as all the rest.
    sum: f64,
}

impl Change {
    /// The change over no points.
    pub(super) const NONE: Self = Self { least: f64::INFINITY, greatest: f64::NEG_INFINITY, sum: 0.0 };

    /// The change with this least and this greatest one, and this sum of all.
    #[inline(always)]
    fn of_parts(least: f64, greatest: f64, sum: f64) -> Self {
        Self { least, greatest, sum }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, change: f64) {
        self.least = if change < self.least { change } else { self.least };
        self.greatest = if change > self.greatest { change } else { self.greatest };
        self.sum += change;
    }

    #[inline(always)]
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
            sum: self.sum + other.sum,
        }
    }

    /// 0, or NaN where any of the changes is not finite.
    fn doubt(self) -> f64 {
        if self.sum.is_finite() { 0.0 } else { f64::NAN }
    }

    /// The least change; NaN where any of them is not finite.
    pub fn least(self) -> f64 {
        self.least + self.doubt()
    }

    /// The greatest change; NaN where any of them is not finite.
    pub fn greatest(self) -> f64 {
        self.greatest + self.doubt()
    }

    /// The sup-norm max |T V − V|; NaN where any of the changes is not finite.
    pub fn norm(self) -> f64 {
        f64::max(self.least.abs(), self.greatest.abs()) + self.doubt()
    }
}

/// Changes of which each has a lane of its own.
pub(super) const LANES: usize = 8;

/// A change a lane, so that no sum waits for the one before.
#[derive(Clone, Copy)]
pub(super) struct Changes {
    least: [f64; LANES],
    greatest: [f64; LANES],
    sum: [f64; LANES],
}

impl Changes {
    /// The changes over no points.
    pub(super) const NONE: Self =
        Self { least: [f64::INFINITY; LANES], greatest: [f64::NEG_INFINITY; LANES], sum: [0.0; LANES] };

    #[inline(always)]
    pub(super) fn add(&mut self, lane: usize, change: f64) {
        self.least[lane] = if change < self.least[lane] { change } else { self.least[lane] };
        self.greatest[lane] = if change > self.greatest[lane] { change } else { self.greatest[lane] };
        self.sum[lane] += change;
    }

    /// Adds the changes from `old` to `new`.
    #[inline(always)]
    pub(super) fn add_all(&mut self, new: &[f64], old: &[f64]) {
        let ((new, last_new), (old, last_old)) = (new.as_chunks::<LANES>(), old.as_chunks::<LANES>());
        for (new, old) in new.iter().zip(old) {
            for lane in 0..LANES {
                self.add(lane, new[lane] - old[lane]);
            }
        }
        for (lane, (new, old)) in last_new.iter().zip(last_old).enumerate() {
            self.add(lane, new - old);
        }
    }

    /// All of them as one.
    #[inline(always)]
    pub(super) fn all(self) -> Change {
        (0..LANES).fold(Change::NONE, |all, lane| {
            all.join(Change::of_parts(self.least[lane], self.greatest[lane], self.sum[lane]))
        })
    }
}
