//! What is known of a device while work is cut for it: its limits, and how it tallies.

/// What a GPU allows, and how much it is given at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceLimits {
    /// Largest buffer that can be bound, bytes.
    pub binding: u64,
    /// Most workgroups a dimension.
    pub workgroups: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Most additions of a word in one dispatch, and in dispatches submitted together: keeps them short of a
    /// watchdog's patience.
    pub work: u64,
    /// Most draws of an invocation in one dispatch, a multiple of 8: some drivers stop loops silently at
    /// 65,535 turns.
    pub draws: u32,
    /// Bytes of the sums of a tile.
    pub tile: u64,
    /// Where the device tallies, if it does.
    pub tally: Option<Tally>,
}

impl DeviceLimits {
    /// Draws of an invocation in one dispatch. A draw costs up to 2.8 turns of loops (a turn a word and
    /// block, ten rounds a block), so that 4,096 stay near 11,000 of the 65,535.
    pub const DRAWS: u32 = 4096;
    /// Additions in one dispatch on a software adapter: about a second, far below what any watchdog waits.
    pub const SOFTWARE_WORK: u64 = 1 << 30;
    /// The same on hardware: less than a second on a small one, milliseconds on a large one.
    pub const WORK: u64 = 1 << 31;
    /// Bytes of a tile's sums on a software adapter: large enough to pay for a launch, small enough that the
    /// next tile overlaps with the selection of quantiles of the last.
    pub const SOFTWARE_TILE: u64 = 8 << 20;
    /// The same on hardware, where a launch and the way back cost as much as more work does.
    pub const TILE: u64 = 32 << 20;
}

/// How a device tallies the rows drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tally {
    /// Which kernel tallies.
    pub kind: TallyKind,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Most words of tallies a resample, [`ROWS_PER_TALLY_WORD`] tallies each.
    pub words: u32,
}

impl Tally {
    /// Resamples of a workgroup.
    pub(super) fn workgroup_samples(&self) -> u32 {
        match self.kind {
            TallyKind::Hardware => self.workgroup,
            TallyKind::Software => SOFTWARE_SAMPLES * self.workgroup,
        }
    }
}

/// Which kernel tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TallyKind {
    /// `shaders/tally.wgsl`: one resample an invocation, rows in a storage buffer.
    Hardware,
    /// `shaders/tally_software.wgsl`: four resamples an invocation, rows in a uniform buffer, one batch a
    /// dispatch.
    Software,
}

/// Resamples of an invocation on a software adapter; `SAMPLES` in `shaders/tally_software.wgsl`.
pub const SOFTWARE_SAMPLES: u32 = 4;

/// Bytes of the rows that a kernel with [`TallyKind::Software`] binds.
pub const UNIFORM_BYTES: u64 = 64 << 10;

/// Rows that share a word of tallies, and so the most rows, and draws of one row, that 10 bits can count.
pub const ROWS_PER_TALLY_WORD: u32 = 3;
pub(in crate::resample) const MOST_TALLIED: u32 = (1 << 10) - 1;
