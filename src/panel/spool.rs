//! Prices that do not fit in memory, in a temporary file until their days are wanted.
//!
//! Only series that can't be read again from where they came from go this way: those of compressed files, of
//! pipes, of tables of many stocks, and those that were cleaned or sampled. The file has no name, so that
//! nothing is left of it however the program ends. A tick takes 16 bytes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// Bytes of a stock's tick: its time and its price.
pub(super) const TICK_BYTES: u64 = 8 + 8;

/// Where series are kept: in memory up to a bound, then in a temporary file. Shared by all threads that read.
#[derive(Debug)]
pub(super) struct Store {
    /// Bytes that may be held in memory.
    room: u64,
    held: AtomicU64,
    file: Mutex<Option<(File, u64)>>,
}

impl Store {
    /// A store that holds so many bytes in memory.
    pub(super) fn new(room: u64) -> Self {
        Self { room, held: AtomicU64::new(0), file: Mutex::new(None) }
    }

    /// Bytes that may be held in memory.
    pub(super) fn room(&self) -> u64 {
        self.room
    }

    /// Takes note of ticks held in memory, and says whether they fit.
    pub(super) fn hold(&self, ticks: usize) -> bool {
        let bytes = ticks as u64 * TICK_BYTES;
        self.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.room
    }

    /// Takes note of ticks that are not held in memory any more.
    pub(super) fn release(&self, ticks: usize) {
        self.held.fetch_sub(ticks as u64 * TICK_BYTES, Ordering::Relaxed);
    }

    /// Writes ticks to the file. Returns where they begin.
    pub(super) fn write(&self, times: &[u64], prices: &[f64]) -> Result<u64> {
        let folder = std::env::temp_dir();
        let failed = || Error::io("keep prices in a temporary file in", &folder);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, end) = match &mut *file {
            Some(file) => file,
            none => none.insert((tempfile::tempfile().map_err(failed())?, 0)),
        };
        let start = *end;
        file.seek(SeekFrom::Start(start)).map_err(failed())?;
        file.write_all(bytemuck::cast_slice(times)).map_err(failed())?;
        file.write_all(bytemuck::cast_slice(prices)).map_err(failed())?;
        *end += times.len() as u64 * TICK_BYTES;
        Ok(start)
    }

    /// Reads so many ticks from where they begin.
    pub(super) fn read(&self, start: u64, ticks: usize) -> Result<(Vec<u64>, Vec<f64>)> {
        let folder = std::env::temp_dir();
        let failed = || Error::io("read prices from a temporary file in", &folder);
        let (mut times, mut prices) = (vec![0_u64; ticks], vec![0.0_f64; ticks]);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((file, _)) = &mut *file {
            file.seek(SeekFrom::Start(start)).map_err(failed())?;
            file.read_exact(bytemuck::cast_slice_mut(&mut times)).map_err(failed())?;
            file.read_exact(bytemuck::cast_slice_mut(&mut prices)).map_err(failed())?;
        }
        Ok((times, prices))
    }
}
