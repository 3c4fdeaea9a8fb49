//! Draws of the next state of productivity.

use crate::growth::chain::Chain;
use crate::random::{Purpose, Stream};

/// 2⁶⁴.
const RANGE: f64 = 18_446_744_073_709_551_616.0;

/// The chain as thresholds of 64-bit numbers, and the stream that these come from.
#[derive(Debug, Clone)]
pub(super) struct NextState {
    states: usize,
    /// ⌊2⁶⁴ S_j/S_n⌋ for j = 1 … n−1 in each state, n × (n−1), nondecreasing in each.
    thresholds: Vec<u128>,
    stream: Stream,
    /// A block of the stream, which has the words of two periods, and its number.
    block: (u32, [u32; 4]),
}

impl NextState {
    pub(super) fn new(chain: &Chain, seed: u64, path: u32) -> Self {
        let states = chain.len();
        let mut thresholds = Vec::with_capacity(states * (states - 1));
        for state in 0..states {
            let mut sum = 0.0;
            let sums: Vec<f64> = chain
                .row(state)
                .iter()
                .map(|p| {
                    sum += p;
                    sum
                })
                .collect();
            // At most 2⁶⁴, which is why it takes more than 64 bits.
            thresholds.extend(sums[..states - 1].iter().map(|s| (s / sum * RANGE) as u128));
        }
        let stream = Stream { seed, purpose: Purpose::Productivity, day: 0, sample: path };
        Self { states, thresholds, stream, block: (0, stream.block(0, 0)) }
    }

    /// The state after `state`, by the number of period `time`, which is below 2³³.
    pub(super) fn draw(&mut self, state: usize, time: u64) -> usize {
        if self.states == 1 {
            return 0;
        }
        let block = (time / 2) as u32;
        if self.block.0 != block {
            self.block = (block, self.stream.block(block, 0));
        }
        let words = &self.block.1[(time % 2) as usize * 2..];
        self.after(state, u64::from(words[0]) | u64::from(words[1]) << 32)
    }

    /// The state after `state` where `number` was drawn.
    pub(super) fn after(&self, state: usize, number: u64) -> usize {
        let own = &self.thresholds[state * (self.states - 1)..(state + 1) * (self.states - 1)];
        own.partition_point(|&threshold| threshold <= u128::from(number))
    }
}
