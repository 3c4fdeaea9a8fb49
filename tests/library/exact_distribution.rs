//! Monte Carlo against ground truth: the exact bootstrap distribution of six cells of the shipped sample.
//!
//! A resampled realized variance RV* is a sum of n independent draws from the day's squared returns y, so
//! that its distribution is known exactly: quantiles by the FFT (`tests/golden/exact_sample.csv`, made by
//! `tests/oracles/exact_sample.py`), mean Σy, variance Σy² − (Σy)²/n. With B resamples
//!
//! * the number at or below the exact p-quantile is binomial: z = (count − B·p)/√(B·p·(1 − p)),
//! * the mean has standard error σ/√B and the variance √((μ₄ − σ⁴)/B), with μ₄ the fourth central moment.
//!
//! The seed is fixed, so that a failure is a fault and not bad luck.

use std::path::Path;

use bellwether::bootstrap::Bootstrap;
use bellwether::jobs::Jobs;
use bellwether::panel::{DayReturns, LoadOptions, Returns, load};
use jiff::civil::Date;
use ndarray::{Array2, s};

const SAMPLES: u32 = 100_000;

/// Largest |z| of a count, and largest deviation of a moment in standard errors.
const LARGEST_Z: f64 = 4.0;
const LARGEST_ERROR: f64 = 5.0;

/// One cell of the golden file: levels and exact quantiles.
struct Cell {
    date: Date,
    stock: String,
    levels: Vec<(f64, f64)>,
}

fn cells() -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for line in include_str!("../golden/exact_sample.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (date, stock) = (fields[0].parse().unwrap(), fields[1].to_owned());
        let level = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        match cells.last_mut() {
            Some(cell) if cell.date == date && cell.stock == stock => cell.levels.push(level),
            _ => cells.push(Cell { date, stock, levels: vec![level] }),
        }
    }
    assert_eq!(
        cells.iter().map(|cell| cell.levels.len()).sum::<usize>(),
        30,
        "the golden file has lost lines"
    );
    cells
}

fn sample() -> Returns {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample");
    load(&[folder], &LoadOptions::default(), &Jobs::new()).unwrap().panel.returns()
}

/// The day of `cell` and the number of its stock.
fn day_of<'a>(cell: &Cell, sample: &'a Returns) -> (&'a DayReturns, usize) {
    let day = sample.days.iter().find(|day| day.date == cell.date).unwrap();
    (day, sample.stocks.iter().position(|stock| *stock == cell.stock).unwrap())
}

/// Resampled realized variances of all stocks of a day, B × stocks.
fn resampled(day: &DayReturns) -> Array2<f64> {
    Bootstrap::new(SAMPLES, 0.99, 0).unwrap().resampled(day).unwrap()
}

/// How far some resampled variances are from the exact distribution, in standard errors.
#[derive(Debug)]
struct Distance {
    /// One for each level.
    counts: Vec<f64>,
    mean: f64,
    variance: f64,
}

impl Distance {
    /// Of the column `stock` of `resampled` from the exact distribution over the squares of `day`.
    fn new(resampled: &Array2<f64>, day: &DayReturns, stock: usize, levels: &[(f64, f64)]) -> Self {
        let values = resampled.column(stock);
        let b = values.len() as f64;
        let z = |&(p, quantile): &(f64, f64)| {
            let count = values.iter().filter(|&&value| value <= quantile).count() as f64;
            (count - b * p) / (b * p * (1.0 - p)).sqrt()
        };
        let squares = day.returns.column(stock).mapv(|r| r * r);
        let exact_mean = squares.sum();
        let exact_variance = squares.mapv(|y| y * y).sum() - exact_mean * exact_mean / squares.len() as f64;
        let mean = values.sum() / b;
        let moment = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / b;
        let (variance, fourth) = (moment(2), moment(4));
        Self {
            counts: levels.iter().map(z).collect(),
            mean: (mean - exact_mean) / (exact_variance / b).sqrt(),
            variance: (variance - exact_variance) / ((fourth - variance * variance) / b).sqrt(),
        }
    }

    fn agrees(&self) -> bool {
        self.counts.iter().all(|z| z.abs() < LARGEST_Z)
            && self.mean.abs() < LARGEST_ERROR
            && self.variance.abs() < LARGEST_ERROR
    }
}

#[test]
fn resampled_variances_have_the_exact_distribution() {
    let sample = sample();
    let mut all = Vec::new();
    for cell in cells() {
        let (day, stock) = day_of(&cell, &sample);
        let distance = Distance::new(&resampled(day), day, stock, &cell.levels);
        assert!(distance.agrees(), "{} {}: {distance:?}", cell.date, cell.stock);
        all.push(distance);
    }
    // The z of a cell are correlated, 2 of 5 levels carry little news, and one day gives two cells: at least
    // 10 of the 30 are independent. Mean and mean square then lie within these bounds but for one seed in ten
    // thousand. A mean square that is too small would be suspicious too: resamples that are spread too evenly
    // are not independent.
    let z: Vec<f64> = all.iter().flat_map(|distance| distance.counts.iter().copied()).collect();
    let mean = z.iter().sum::<f64>() / z.len() as f64;
    let square = z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64;
    assert!(mean.abs() < 3.9 / 10f64.sqrt(), "the mean of all z is {mean}");
    assert!((0.08..3.6).contains(&square), "the mean square of all z is {square}");
}

/// A day whose row `never` is not drawn, and row `twice` in its place.
fn biased(day: &DayReturns, never: usize, twice: usize) -> DayReturns {
    let mut returns = day.returns.clone();
    returns.row_mut(never).assign(&day.returns.row(twice));
    DayReturns::new(day.date, returns)
}

/// The perturbed twins: faults that the distances above must show.
#[test]
fn faulty_resamples_are_found_out() {
    let sample = sample();
    let (mut last, mut missing) = (0, 0);
    for cell in cells() {
        let (day, stock) = day_of(&cell, &sample);
        let name = format!("{} {}", cell.date, cell.stock);
        let distance = |drawn: &Array2<f64>| Distance::new(drawn, day, stock, &cell.levels);
        let right = resampled(day);

        // The exact distribution of another stock.
        let other = (stock + 1) % sample.stocks.len();
        let other = Distance::new(&right, day, other, &cell.levels);
        assert!(!other.agrees(), "{name}, another stock: {other:?}");

        // The right mean, but each sum half of one resample and half of the next: not one resample's.
        let mut next = right.clone();
        next.slice_mut(s![..-1, ..]).assign(&right.slice(s![1.., ..]));
        let mixed = distance(&((&right + &next) / 2.0));
        assert!(mixed.mean.abs() < LARGEST_ERROR && !mixed.agrees(), "{name}, mixed: {mixed:?}");

        // The row of the largest return is never drawn.
        let squares = day.returns.column(stock).mapv(|r| r * r);
        let largest = (0..squares.len()).max_by(|&a, &b| squares[a].total_cmp(&squares[b])).unwrap();
        let blind = distance(&resampled(&biased(day, largest, (largest + 1) % squares.len())));
        assert!(!blind.agrees(), "{name}, without row {largest}: {blind:?}");

        // A range that ends one row early, with as many draws or one fewer. Where the last return is close to
        // the average or a jump hides it, one cell alone can't tell; together they do.
        let end = squares.len() - 1;
        last += usize::from(!distance(&resampled(&biased(day, end, 0))).agrees());
        let short = DayReturns::new(day.date, day.returns.slice(s![..end, ..]).to_owned());
        missing += usize::from(!distance(&resampled(&short)).agrees());
    }
    assert!(last >= 3, "a range one row short shows in {last} of 6 cells only");
    assert!(missing >= 2, "a day one row short shows in {missing} of 6 cells only");
}
