//! What a panel holds, as one number: a hash of its prices, whatever files they came from.
//!
//! ```text
//! cell  = BLAKE3(BLAKE3(times) ‖ prices), the first 16 bytes; times as u64, prices as f64, little endian
//! panel = BLAKE3(cells by stock name, then date: length of the name as u64 ‖ name ‖ YYYYMMDD as u32 ‖
//!         number of prices as u64 ‖ cell)
//! ```
//!
//! Hashed are the prices as they are used: read, cleaned, sampled and aligned, in nanoseconds after midnight.
//! So the same panel has the same hash as CSV, compressed, as Parquet, with its columns in another order, in
//! one file or in many, and in memory; and no order of reading, number of threads or cut into parts changes
//! it, as the hash of a whole follows from those of its cells.
//!
//! Source: J. O'Connor, J.-P. Aumasson, S. Neves and Z. Wilcox-O'Hearn, "BLAKE3: one function, fast
//! everywhere", 2020.

use jiff::civil::Date;

use super::{DayPrices, Panel};

/// What a stock has on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The day.
    pub date: Date,
    /// The stock, by number.
    pub stock: usize,
    /// The number of prices.
    pub prices: u64,
    /// The hash of times and prices.
    pub hash: [u8; 16],
}

/// What a panel holds, cell by cell.
///
/// # Examples
///
/// ```
/// use bellwether::jobs::Jobs;
/// use bellwether::panel::content::Content;
/// use bellwether::panel::{LoadOptions, load};
///
/// let panel = load(&["data/sample".into()], &LoadOptions::default(), &Jobs::new())?.panel;
/// assert!(Content::of(&panel).hash(&panel.stocks).starts_with("blake3:"));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The cells, in any order.
    pub cells: Vec<Cell>,
}

impl Content {
    /// Of a panel in memory.
    pub fn of(panel: &Panel) -> Self {
        Self { cells: panel.days.iter().flat_map(of_day).collect() }
    }

    /// The hash of all cells, which are of these `stocks`: `blake3:` and 64 hexadecimal digits.
    pub fn hash(&self, stocks: &[String]) -> String {
        let name = |cell: &Cell| stocks.get(cell.stock).map_or("", String::as_str);
        let mut cells: Vec<&Cell> = self.cells.iter().collect();
        cells.sort_by(|one, other| (name(one), one.date).cmp(&(name(other), other.date)));
        let mut hasher = blake3::Hasher::new();
        for cell in cells {
            hasher.update(&(name(cell).len() as u64).to_le_bytes());
            hasher.update(name(cell).as_bytes());
            hasher.update(&crate::bootstrap::day_number(cell.date).to_le_bytes());
            hasher.update(&cell.prices.to_le_bytes());
            hasher.update(&cell.hash);
        }
        named(&hasher.finalize())
    }

    /// The number of prices.
    pub fn prices(&self) -> u64 {
        self.cells.iter().map(|cell| cell.prices).sum()
    }
}

/// A hash with its kind.
pub(crate) fn named(hash: &blake3::Hash) -> String {
    format!("blake3:{}", hash.to_hex())
}

/// The cells of stocks that share their times.
pub(super) fn of_day(day: &DayPrices) -> Vec<Cell> {
    // Little endian, whatever the machine.
    let mut words: Vec<u64> = day.times.iter().map(|time| time.to_le()).collect();
    let times = blake3::hash(bytemuck::cast_slice(&words));
    let cell = |(stock, prices): (usize, ndarray::ArrayView1<'_, f64>)| {
        words.clear();
        words.extend(prices.iter().map(|price| price.to_bits().to_le()));
        let mut hasher = blake3::Hasher::new();
        let hash = hasher.update(times.as_bytes()).update(bytemuck::cast_slice(&words)).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        Cell { date: day.date, stock, prices: prices.len() as u64, hash: first }
    };
    day.stocks.numbers().zip(day.prices.columns()).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::jobs::Jobs;
    use crate::panel::{LoadOptions, PanelReader, load};

    fn hash(path: &std::path::Path, memory: u64, threads: usize) -> String {
        let jobs = Jobs::new().threads(threads).unwrap();
        let mut reader = PanelReader::open(&[path.into()], &LoadOptions::default(), memory, &jobs).unwrap();
        reader.hash_content();
        while reader.next_returns(&jobs).unwrap().is_some() {}
        reader.content().unwrap().hash(reader.stocks())
    }

    /// Compressed, as one long file with its columns in another order, in memory, in blocks: the same.
    #[test]
    fn the_same_prices_have_the_same_hash() {
        let sample = std::path::Path::new("data/sample");
        let expected = hash(sample, u64::MAX, 2);
        assert_eq!(hash(sample, 1, 1), expected);
        let panel = load(&[sample.into()], &LoadOptions::default(), &Jobs::new()).unwrap().panel;
        assert_eq!(Content::of(&panel).hash(&panel.stocks), expected);
        assert_eq!(Content::of(&panel).prices(), 24_318);

        let folder = tempfile::tempdir().unwrap();
        let mut long = String::from("symbol,price,date,time\n");
        for stock in &panel.stocks {
            let text = fs::read_to_string(sample.join(format!("{stock}.csv"))).unwrap();
            let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            file.write_all(text.as_bytes()).unwrap();
            fs::write(folder.path().join(format!("{stock}.csv.gz")), file.finish().unwrap()).unwrap();
            for line in text.lines().filter(|line| line.as_bytes()[0].is_ascii_digit()) {
                let [date, time, price] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
                long += &format!("{stock},{price},{date},{time}\n");
            }
        }
        assert_eq!(hash(folder.path(), u64::MAX, 2), expected);
        let path = folder.path().join("long.csv");
        fs::write(&path, &long).unwrap();
        assert_eq!(hash(&path, u64::MAX, 1), expected);

        // The perturbed twins: a price, a time, a name.
        let digit = long.rfind(|letter: char| letter.is_ascii_digit()).unwrap();
        let other = if long.as_bytes()[digit] == b'1' { "2" } else { "1" };
        for (at, to) in [(digit, other), (long.rfind("S0003").unwrap(), "T")] {
            let mut changed = long.clone();
            changed.replace_range(at..at + 1, to);
            fs::write(&path, changed).unwrap();
            assert_ne!(hash(&path, u64::MAX, 1), expected, "{to} at {at}");
        }
        let mut later = panel.clone();
        later.days[0].times[0] += 1;
        assert_ne!(Content::of(&later).hash(&later.stocks), expected);
    }
}
