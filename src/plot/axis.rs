//! Axes: a range of numbers, the ticks in it, and where a number lies.

use jiff::civil::{Date, date};

/// One axis of a panel.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Labelled ticks.
    pub(crate) ticks: Vec<(f64, String)>,
    /// Ticks between them.
    pub(crate) minor: Vec<f64>,
    /// What it shows, with its unit.
    pub(crate) label: String,
}

impl Axis {
    /// Where `value` lies: 0 at the lower end, 1 at the upper. Values beyond an end are at the end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let (low, high) = (scale(self.low), scale(self.high));
        ((scale(value) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Whether `value` has a place on it, and not only beyond an end.
    pub(crate) fn holds(&self, value: f64) -> bool {
        let room = 1e-9 * (self.high - self.low);
        (self.low - room..=self.high + room).contains(&value)
    }

    /// A linear axis over `values`, from a tick to a tick, with about `count` of them; from 0 on where
    /// `zero`.
    pub(crate) fn linear(label: &str, values: impl Iterator<Item = f64>, count: usize, zero: bool) -> Self {
        let (low, high) = range(values);
        let low = if zero { low.min(0.0) } else { low };
        // A single number gets some room on both sides.
        let room = match high > low {
            true => 0.0,
            false if high == 0.0 => 1.0,
            false => 0.1 * high.abs(),
        };
        let (low, high) = (if zero { low } else { low - room }, high + room);
        let step = nice_step((high - low) / count as f64);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let ticks = (0..=(last - first) as i64).map(|tick| (first + tick as f64) * step);
        let ticks = ticks.map(|tick| (tick, decimal(tick, decimals)));
        // From 0 on there is no need to end at a tick.
        let (low, high) = if zero { (low.min(0.0), high) } else { (first * step, last * step) };
        Self {
            low,
            high,
            logarithmic: false,
            ticks: ticks
                .filter(|(tick, _)| (low - 1e-9 * step..=high + 1e-9 * step).contains(tick))
                .collect(),
            minor: Vec::new(),
            label: label.into(),
        }
    }

    /// As [`Self::linear`], with multiples of a power of ten for labels where numbers are small: `−2·10⁻⁵`.
    pub(crate) fn linear_in_powers(label: &str, values: impl Iterator<Item = f64>, count: usize) -> Self {
        let mut axis = Self::linear(label, values, count, false);
        let largest = axis.low.abs().max(axis.high.abs());
        if largest < 0.01 {
            let exponent = largest.log10().floor() as i32;
            let unit = 10f64.powi(exponent);
            let step = axis.ticks.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(largest, f64::min);
            let decimals = (-(step / unit).log10().floor()).max(0.0) as usize;
            for (tick, text) in &mut axis.ticks {
                let number = decimal(*tick / unit, decimals);
                let is_zero = tick.abs() < 0.5 * step;
                *text = if is_zero { "0".into() } else { format!("{number}·10{}", superscript(exponent)) };
            }
        }
        axis
    }

    /// As [`Self::linear`], with a little room beyond the values instead of whole steps.
    pub(crate) fn linear_tight(label: &str, values: impl Iterator<Item = f64>, count: usize) -> Self {
        let (low, high) = range(values);
        let room = 0.02 * (high - low).max(f64::MIN_POSITIVE);
        let mut axis = Self::linear(label, [low, high].into_iter(), count, false);
        if high > low {
            (axis.low, axis.high) = (low - room, high + room);
        }
        let inside = axis.low..=axis.high;
        axis.ticks.retain(|(tick, _)| inside.contains(tick));
        axis
    }

    /// A logarithmic axis over positive `values`, with some room; `name` writes a tick.
    pub(crate) fn logarithmic(
        label: &str,
        values: impl Iterator<Item = f64>,
        name: impl Fn(f64) -> String,
    ) -> Self {
        let (low, high) = range(values.filter(|&value| value > 0.0 && value.is_finite()));
        let (low, high) = if high > 0.0 { (low.log10(), high.log10()) } else { (0.0, 0.0) };
        let room = (0.04 * (high - low)).max(0.1);
        // To the next power of ten, where that is near: an end with a number is easier to read.
        let (low, high) = (low - room, high + room);
        let low = if low - low.floor() < 0.2 { low.floor() } else { low };
        let high = if high.ceil() - high < 0.2 { high.ceil() } else { high };
        let (low, high) = (10f64.powf(low), 10f64.powf(high));
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let all = |steps: &'static [f64]| {
            let ticks = decades
                .clone()
                .flat_map(move |decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
            ticks.filter(|tick| (low * 0.9999..=high * 1.0001).contains(tick)).collect::<Vec<_>>()
        };
        // The coarsest ticks of which there are enough.
        let candidates: [&[f64]; 3] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0]];
        let ticks = candidates.into_iter().map(all).find(|ticks| ticks.len() >= 3);
        let ticks = ticks.unwrap_or_else(|| all(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]));
        // Over many decades every other one is labelled.
        let every = ticks.len().div_ceil(9);
        let labelled = ticks.iter().step_by(every).map(|&tick| (tick, name(tick))).collect();
        let minor =
            if decades.clone().count() <= 7 { all(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) } else { ticks };
        Self { low, high, logarithmic: true, ticks: labelled, minor, label: label.into() }
    }

    /// An axis of days, in days since 1970, `width` units of length long. Room for half a
    /// day, or half of the way to the next date, on both sides.
    pub(crate) fn days(dates: &[Date], width: f64) -> Self {
        let numbers = dates.iter().map(|&date| day_number(date));
        let (low, high) = range(numbers);
        // Half of the way to a neighbour, as weeks and months are farther apart than days.
        let gaps = dates.windows(2).map(|pair| day_number(pair[1]) - day_number(pair[0]));
        let gap = gaps.fold(f64::INFINITY, f64::min);
        let room = if gap.is_finite() { (0.5 * gap).max(0.7) } else { 0.7 };
        let (low, high) = (low - room, high + room);
        let span = high - low;
        let (first, last) =
            (dates.first().copied().unwrap_or_default(), dates.last().copied().unwrap_or_default());
        // The fewest months a step, of these, that have room for labels such as "Jan" and "2008".
        let (months, room) = (span / 30.5, (width / 38.0).max(1.0));
        let steps = [1, 2, 3, 6, 12, 24, 60, 120, 240];
        let step = steps.into_iter().find(|&step| months / f64::from(step) <= room);
        let mut ticks = month_ticks(first, last, step.unwrap_or(600));
        ticks.retain(|(tick, _)| (low..=high).contains(tick));
        // One tick alone gives no scale.
        let by_day = span < 45.0 || ticks.len() < 2;
        if by_day {
            ticks = day_ticks(dates, width);
        }
        let label = match (first.year(), last.year()) {
            (first, last) if first == last => first.to_string(),
            (first, last) if by_day => format!("{first}–{last}"),
            // Then the ticks tell the years.
            _ => String::new(),
        };
        Self { low, high, logarithmic: false, ticks, minor: Vec::new(), label }
    }
}

/// Labels such as "24 Jan" on days that there are: on all, or on the first of each week, or of every other.
fn day_ticks(dates: &[Date], width: f64) -> Vec<(f64, String)> {
    let room = (width / 52.0).max(1.0) as usize;
    let mut labelled = dates.to_vec();
    if labelled.len() > room {
        labelled.dedup_by_key(|day| day.iso_week_date().week());
    }
    let labelled = labelled.iter().step_by(labelled.len().div_ceil(room).max(1));
    labelled.map(|&day| (day_number(day), day.strftime("%-d %b").to_string())).collect()
}

/// The first of every `step`-th month, with the year where it begins or where months are not told.
fn month_ticks(first: Date, last: Date, step: i32) -> Vec<(f64, String)> {
    let month_number = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    let several_years = first.year() != last.year();
    let ticks = (month_number(first)..=month_number(last)).filter(|month| month % step == 0);
    let ticks = ticks.map(|month| date((month / 12) as i16, (month % 12 + 1) as i8, 1));
    let text = |day: Date| match (several_years, step >= 12 || day.month() == 1) {
        (true, true) => day.strftime("%Y").to_string(),
        (_, false) | (false, _) => day.strftime("%b").to_string(),
    };
    ticks.map(|day| (day_number(day), text(day))).collect()
}

/// Days since 1970.
pub(crate) fn day_number(day: Date) -> f64 {
    f64::from((day - date(1970, 1, 1)).get_days())
}

/// The smallest and the largest finite value; 0 and 0 of none.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 0.0) }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| nice * power >= step * (1.0 - 1e-9));
    nice.unwrap_or(10.0) * power
}

/// A number with these decimals, a real minus sign, and thousands apart.
fn decimal(number: f64, decimals: usize) -> String {
    if decimals == 0 && number >= 1000.0 {
        return crate::figures::grouped(number.round() as u64);
    }
    let text = format!("{:.decimals$}", if number == 0.0 { 0.0 } else { number });
    text.replace('-', "−")
}

/// A power of ten, or a multiple of one: `10⁻⁵`, `3·10⁻⁵`.
pub(crate) fn power(number: f64) -> String {
    let exponent = (number.log10() + 1e-9).floor();
    let digit = (number / 10f64.powf(exponent)).round();
    let power = format!("10{}", superscript(exponent as i32));
    if digit > 1.0 { format!("{digit}·{power}") } else { power }
}

/// An exponent, raised.
pub(crate) fn superscript(exponent: i32) -> String {
    let raised = |letter: char| match letter {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(0x2070 + (digit as u32 - '0' as u32)).unwrap_or(digit),
    };
    exponent.to_string().chars().map(raised).collect()
}

/// A time in its unit: `10 µs`, `1 s`.
pub(crate) fn seconds(time: f64) -> String {
    let (name, scale) = match time {
        time if time >= 0.9999 => ("s", 1.0),
        time if time >= 0.9999e-3 => ("ms", 1e3),
        time if time >= 0.9999e-6 => ("µs", 1e6),
        _ => ("ns", 1e9),
    };
    format!("{} {name}", (time * scale).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        let axis = Axis::linear("", [0.13, 0.96].into_iter(), 5, true);
        assert_eq!(labels(&axis), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        let axis = Axis::linear("", [-3.0, 12.0].into_iter(), 4, false);
        assert_eq!(labels(&axis), ["−5", "0", "5", "10", "15"]);
        assert_eq!((axis.place(-5.0), axis.place(15.0), axis.place(99.0)), (0.0, 1.0, 1.0));
    }

    #[test]
    fn small_numbers_have_short_labels() {
        let axis = Axis::linear_in_powers("", [-1.3e-5, 4.1e-5].into_iter(), 4);
        assert_eq!(labels(&axis), ["−2·10⁻⁵", "0", "2·10⁻⁵", "4·10⁻⁵", "6·10⁻⁵"]);
        let axis = Axis::linear_in_powers("", [-0.5, 1.0].into_iter(), 3);
        assert_eq!(labels(&axis), ["−0.5", "0.0", "0.5", "1.0"]);
        let axis = Axis::linear_in_powers("", [1.0e-5, 1.2e-5].into_iter(), 4);
        assert_eq!(labels(&axis)[1], "1.05·10⁻⁵");
    }

    #[test]
    fn a_single_number_and_none_have_axes() {
        for values in [vec![], vec![0.0], vec![7.0], vec![-1e-9]] {
            for axis in [
                Axis::linear("", values.iter().copied(), 5, false),
                Axis::linear("", values.iter().copied(), 5, true),
                Axis::linear_tight("", values.iter().copied(), 5),
                Axis::logarithmic("", values.iter().copied(), power),
            ] {
                assert!(axis.low < axis.high && axis.place(7.0).is_finite(), "{values:?}: {axis:?}");
                assert!(axis.ticks.len() < 20, "{axis:?}");
            }
        }
    }

    #[test]
    fn logarithmic_ticks_are_powers_or_what_there_is() {
        let axis = Axis::logarithmic("", [1e-6, 2.0].into_iter(), seconds);
        assert_eq!(labels(&axis), ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
        let axis = Axis::logarithmic("", [1.0, 40.0].into_iter(), |tick| tick.to_string());
        assert_eq!(labels(&axis), ["1", "3", "10", "30"]);
        assert_eq!([1e-5, 3e-5, 1e12, 1.0].map(power), ["10⁻⁵", "3·10⁻⁵", "10¹²", "10⁰"]);
    }

    #[test]
    fn days_have_ticks_of_days_months_or_years() {
        let days = |count: i64| -> Vec<Date> {
            (0..count).map(|day| date(2007, 1, 3).saturating_add(jiff::Span::new().days(day))).collect()
        };
        assert_eq!(labels(&Axis::days(&days(29), 300.0)), ["3 Jan", "8 Jan", "15 Jan", "22 Jan", "29 Jan"]);
        assert_eq!(labels(&Axis::days(&days(360), 170.0)), ["Apr", "Jul", "Oct"]);
        assert_eq!(labels(&Axis::days(&days(900), 200.0)), ["Jul", "2008", "Jul", "2009"]);
        assert_eq!(labels(&Axis::days(&days(1), 200.0)), ["3 Jan"]);
        // Wherever some weeks begin, across a year's end too, there is more than one tick, and the year is
        // told.
        for start in 0..400 {
            for (count, width) in
                [(20, 170.0), (46, 170.0), (48, 600.0), (60, 170.0), (200, 170.0), (200, 600.0)]
            {
                let dates: Vec<Date> = days(start + count).split_off(start as usize);
                let axis = Axis::days(&dates, width);
                assert!(axis.ticks.len() >= 2, "{count} days from {}: {:?}", dates[0], labels(&axis));
                let year = |text: &str| text.contains("200");
                assert!(year(&axis.label) || labels(&axis).into_iter().any(year), "{}: {axis:?}", dates[0]);
            }
        }
        assert_eq!(Axis::days(&days(366)[340..], 600.0).label, "2007–2008");
        // Bars of months have room at both ends.
        let months: Vec<Date> = (1..=12).map(|month| date(2007, month, 1)).collect();
        let axis = Axis::days(&months, 600.0);
        assert!(axis.place(day_number(months[0])) > 0.035 && axis.place(day_number(months[11])) < 0.965);
    }
}
