//! How the work is cut: pure arithmetic on sizes, without data and without a device.
//!
//! ```text
//! days × stocks ──waves──▶ what is in memory at once: batches (cells of one day, with all of their samples)
//!   wave ──tiles──▶ what one GPU buffer holds: whole batches, or some samples of one batch
//!     tile ──dispatches──▶ what one launch does: bounded in time, in loop work, in workgroups a dimension
//! ```
//!
//! On the CPU each batch is a job, cut into *chunks* of samples that a thread sums at a time
//! ([`chunk_samples`]).
//!
//! What is known of a device is in `device.rs`, [`waves`] in `memory.rs`; [`tiles`], [`dispatches()`] and the
//! choice of a [`Kernel`] are in `dispatches.rs`. No cut changes a result: draws depend on (seed, day,
//! sample) alone and sums are integers. Sizes in bytes throughout.

mod device;
mod dispatches;
mod memory;

pub(super) use device::MOST_TALLIED;
pub use device::{DeviceLimits, ROWS_PER_TALLY_WORD, SOFTWARE_SAMPLES, Tally, TallyKind, UNIFORM_BYTES};
#[cfg(feature = "gpu")]
pub(super) use dispatches::sum_words;
pub use dispatches::{Dispatch, Kernel, Tile, WILD_SAMPLES, dispatches, tiles, uploads};
#[cfg(feature = "gpu")]
pub(super) use memory::device_tables;
pub use memory::{
    Batch, Budget, CHUNK_BYTES, DayShape, ROWS_ALIGNMENT, Resamples, TILES, Wave, chunk_samples,
    device_bytes, rows_bytes, waves,
};

/// Bytes of a word.
const WORD: u64 = 4;

#[cfg(test)]
mod checks;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::checks::{
        HARDWARE, SOFTWARE, bytes, check_dispatches, check_plan, check_plan_of, check_tiles, check_waves,
        fields, fixed_bytes, full, resamples, shapes, usual_device,
    };
    use super::*;
    use crate::error::Error;
    use crate::resample::Scheme;

    #[test]
    fn a_small_panel_is_one_wave_one_tile_one_dispatch() {
        let shapes = shapes(&[385, 210], 3);
        let budget = Budget { memory: 1 << 30, threads: 2, device: Some(usual_device()) };
        let waves = waves(&shapes, resamples(1000), &budget).unwrap();
        let batch = |day, rows| Batch { day, cells: 0..3, rows, fields: full(3), key_bytes: 4 };
        assert_eq!(waves, [[batch(0, 385), batch(1, 210)]]);
        let tiles = tiles(&waves[0], 1000, &usual_device(), &Scheme::Iid);
        assert_eq!(tiles, [Tile { batches: 0..2, samples: 0..1000, words: 6000 }]);
        let dispatches = dispatches(&tiles[0], &waves[0], &usual_device(), &Scheme::Iid);
        assert_eq!(
            dispatches,
            [Dispatch { batches: 0..2, samples: 0..1000, draws: 0..385, workgroups: [16, 2, 1] }]
        );
    }

    /// The perturbed twin of the checks: plans with a fault in them, each of which must be found.
    #[test]
    fn faulty_plans_are_found_out() {
        let shapes = shapes(&[385, 5000, 23], 12);
        let device = DeviceLimits { tile: 16_384, work: 400_000, ..usual_device() };
        let samples = 1000;
        let budget = Budget { memory: 660_000 + 3 * device.tile, threads: 2, device: Some(device) };
        check_plan(&shapes, samples, &budget).unwrap();
        let waves = waves(&shapes, resamples(samples), &budget).unwrap();
        let faulty = |fault: &dyn Fn(&mut Vec<Wave>)| {
            let mut waves = waves.clone();
            fault(&mut waves);
            check_waves(&waves, &shapes, resamples(samples), &budget).unwrap_err()
        };
        assert!(waves.len() > 1, "{waves:?}");
        faulty(&|waves| _ = waves.pop());
        faulty(&|waves| waves.swap(0, 1));
        faulty(&|waves| waves[0][0].cells.end -= 1);
        faulty(&|waves| waves[0][0].fields.add(1, 0));
        faulty(&|waves| waves[0][0].rows += 1);
        let joined = faulty(&|waves| {
            let second = waves.remove(1);
            waves[0].extend(second);
        });
        assert!(joined.contains("does not fit"), "{joined}");
        let alone = faulty(&|waves| {
            let first = waves[0].remove(0);
            waves.insert(0, vec![first]);
        });
        assert!(alone.contains("room for more") || alone.contains("does not fit"), "{alone}");

        let wave = &waves[0];
        let right = tiles(wave, samples, &device, &Scheme::Iid);
        let faulty = |fault: &dyn Fn(&mut Vec<Tile>)| {
            let mut tiles = right.clone();
            fault(&mut tiles);
            check_tiles(&tiles, wave, samples, &device, &Scheme::Iid).unwrap_err()
        };
        assert!(right.len() > 2, "{right:?}");
        faulty(&|tiles| _ = tiles.pop());
        faulty(&|tiles| _ = tiles.remove(0));
        faulty(&|tiles| tiles.swap(0, 1));
        faulty(&|tiles| tiles[0].samples.end -= 1);
        faulty(&|tiles| tiles[0].words += 1);
        faulty(&|tiles| {
            let end = tiles.remove(1).samples.end;
            tiles[0].words = tiles[0].words / tiles[0].samples.len() as u64 * u64::from(end);
            tiles[0].samples.end = end;
        });

        // The long day: cut along samples and draws.
        let wave = waves.iter().find(|wave| wave[0].rows == 5000).unwrap();
        let tile = &tiles(wave, samples, &device, &Scheme::Iid)[0];
        let right = dispatches(tile, wave, &device, &Scheme::Iid);
        let faulty = |fault: &dyn Fn(&mut Vec<Dispatch>)| {
            let mut dispatches = right.clone();
            fault(&mut dispatches);
            check_dispatches(&dispatches, tile, wave, &device, &Scheme::Iid).unwrap_err()
        };
        assert!(right.len() > 2, "{right:?}");
        check_dispatches(&right, tile, wave, &device, &Scheme::Iid).unwrap();
        faulty(&|dispatches| _ = dispatches.pop());
        faulty(&|dispatches| _ = dispatches.remove(0));
        faulty(&|dispatches| dispatches.swap(0, 1));
        faulty(&|dispatches| dispatches.push(dispatches[0].clone()));
        faulty(&|dispatches| dispatches[0].samples.end -= 1);
        faulty(&|dispatches| dispatches[1].draws.start += 8);
        faulty(&|dispatches| dispatches[0].workgroups[0] += 1);
        faulty(&|dispatches| dispatches[0].workgroups[2] += 1);
    }

    /// Days of at most `stocks` stocks, as any panel may have them, with limbs of every width.
    fn any_shapes() -> impl Strategy<Value = Vec<DayShape>> {
        let day = move |stocks: usize| {
            let rows = prop_oneof![1_u32..10, 300_u32..400, 1_u32..20_000];
            let key_bytes = prop::sample::select(vec![4_u64, 8, 16]);
            (1_usize..4).prop_flat_map(move |per_cell| {
                (rows.clone(), prop::collection::vec(0_u32..60, stocks * per_cell), key_bytes.clone())
                    .prop_map(move |(rows, lower_bits, key_bytes)| DayShape {
                        rows,
                        lower_bits,
                        per_cell,
                        key_bytes,
                        alone: false,
                    })
            })
        };
        (1_usize..20).prop_flat_map(move |stocks| prop::collection::vec(day(stocks), 1..12))
    }

    fn any_device() -> impl Strategy<Value = DeviceLimits> {
        let scale = |low: u32, high: u32| (low..high).prop_flat_map(|bits| (1_u64 << bits)..(2 << bits));
        // Bindings of 16 MiB and 256 workgroups are the least that an adapter must offer.
        let tally = prop::sample::select(vec![None, Some(HARDWARE), Some(SOFTWARE)]);
        (24_u32..32, 8_u32..16, 5_u32..9, scale(4, 34), 1_u32..600, scale(6, 24), tally).prop_map(
            |(binding, workgroups, workgroup, work, eights, tile, tally)| DeviceLimits {
                binding: 1 << binding,
                workgroups: 1 << workgroups,
                workgroup: 1 << workgroup,
                work,
                draws: 8 * eights,
                tile,
                tally,
            },
        )
    }

    fn any_scheme() -> impl Strategy<Value = Scheme> {
        prop_oneof![
            Just(Scheme::Iid),
            Just(Scheme::Wild),
            (1_u32..50).prop_map(|length| Scheme::Block { length }),
            Just(Scheme::Stationary { length: 4.0 }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        /// Any panel on any device: either a plan that keeps every promise, or the error for a cell that does
        /// not fit.
        #[test]
        fn any_plan_covers_all_work_once_within_its_limits(
            shapes in any_shapes(),
            samples in prop_oneof![Just(1_u32), 1_u32..300, 1_u32..3000],
            threads in 1_usize..9,
            device in prop::option::of(any_device()),
            scheme in any_scheme(),
            // From a little less than the largest cell needs, to far more than all.
            spare in prop_oneof![-8.0_f64..28.0, Just(36.0)],
        ) {
            let none = Budget { memory: 0, threads, device };
            let resamples = Resamples { scheme, ..resamples(samples) };
            let fixed = fixed_bytes(&shapes, resamples, &none);
            let cell = |day: usize, stock: usize| Batch {
                day,
                cells: stock..stock + 1,
                rows: shapes[day].rows,
                fields: fields(&shapes[day], stock..stock + 1),
                key_bytes: shapes[day].key_bytes,
            };
            let stocks = |day: usize| shapes[day].lower_bits.len() / shapes[day].per_cell;
            let largest = (0..shapes.len())
                .flat_map(|day| (0..stocks(day)).map(move |stock| (day, stock)))
                .map(|(day, stock)| bytes(&cell(day, stock), resamples, &none))
                .max()
                .unwrap();
            let memory = (fixed + largest).saturating_add_signed(
                if spare < 0.0 { (100.0 * spare) as i64 } else { 2_f64.powf(spare) as i64 - 1 }
            );
            let budget = Budget { memory, ..none };
            let fits = memory >= fixed + largest;
            match waves(&shapes, resamples, &budget) {
                Ok(_) => {
                    prop_assert!(fits, "{memory} bytes, {} needed", fixed + largest);
                    prop_assert_eq!(check_plan_of(&shapes, resamples, &budget), Ok(()));
                }
                Err(Error::Memory { needed, allowed, .. }) => {
                    prop_assert!(!fits, "{memory} bytes are enough for {}", fixed + largest);
                    prop_assert!(needed > allowed && needed <= fixed + largest && allowed == memory);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}
