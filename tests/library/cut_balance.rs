//! How even the parts of a run are, for real calendars: 3,000 stocks that are listed and delisted over thirty
//! years of the New York Stock Exchange, with its holidays and half days, a price each second. The figures of
//! docs/scale.md are from here (`cargo test --test library cut_balance -- --nocapture`).

use bellwether::jiff::ToSpan;
use bellwether::jiff::civil::{Date, Weekday, date};
use bellwether::panel::half_day_close;
use bellwether::parts::cut::{excess, number_of};

/// Easter Sunday of the Gregorian calendar (the rule of Meeus, Jones and Butcher).
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let day = h + l - 7 * m + 114;
    date(year, (day / 31) as i8, (day % 31 + 1) as i8)
}

/// Whether the exchange is closed on a weekday, by the rules of its holidays since 1996.
fn is_holiday(day: Date) -> bool {
    let (year, month, number, weekday) = (day.year(), day.month(), day.day(), day.weekday());
    let monday = |first: i8| weekday == Weekday::Monday && (first..first + 7).contains(&number);
    // On a Saturday it is kept on the Friday before, on a Sunday on the Monday after.
    let fixed = |m: i8, d: i8| {
        (month, number) == (m, d)
            || weekday == Weekday::Monday && (month, number) == (m, d + 1)
            || weekday == Weekday::Friday && (month, number) == (m, d - 1)
    };
    (month, number) == (1, 1)
        || (month, number, weekday) == (1, 2, Weekday::Monday)
        || year >= 1998 && month == 1 && monday(15)
        || month == 2 && monday(15)
        || day == easter(year).checked_sub(2.days()).unwrap()
        || month == 5 && monday(25)
        || year >= 2022 && fixed(6, 19)
        || fixed(7, 4)
        || month == 9 && monday(1)
        || month == 11 && weekday == Weekday::Thursday && (22..=28).contains(&number)
        || fixed(12, 25)
}

/// The returns of each trading day from 1996 to 2025: 23,400 seconds, or 12,600 on half days.
fn calendar() -> Vec<u64> {
    let mut day = date(1996, 1, 1);
    let mut returns = Vec::new();
    while day <= date(2025, 12, 31) {
        let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        if !is_weekend && !is_holiday(day) {
            returns.push(if half_day_close(day).is_some() { 12_600 } else { 23_400 });
        }
        day = day.tomorrow().unwrap();
    }
    returns
}

/// Numbers that look random, from 0 to 1: splitmix64.
fn uniform(number: u64) -> f64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ z >> 31) >> 11) as f64 / 2f64.powi(53)
}

/// The days on which each stock is listed: half of them from the beginning, two in five not to the end.
fn listings(stocks: u64, days: usize) -> Vec<std::ops::Range<usize>> {
    let of_stock = |stock: u64| {
        let [first, last] = [0, 1].map(|which| uniform(3 * stock + which));
        let first = if first < 0.5 { 0 } else { ((first - 0.5) * 1.9 * days as f64) as usize };
        let last =
            if last < 0.6 { days } else { first + ((days - first) as f64 * (last - 0.6) * 2.5) as usize };
        first..last.max(first + 1)
    };
    (0..stocks).map(of_stock).collect()
}

/// The work of each part by stocks, where a file seems to have up to `error` more or fewer rows than it has.
fn by_stocks(calendar: &[u64], listings: &[std::ops::Range<usize>], of: u64, error: f64) -> Vec<u64> {
    let seems = |stock: usize| 1000 + ((2.0 * uniform(3 * stock as u64 + 2) - 1.0) * error * 1000.0) as i64;
    let weight = |stock: usize, returns: u64| returns * seems(stock) as u64;
    let of_stock = |(stock, days): (usize, &std::ops::Range<usize>)| -> u64 {
        calendar[days.clone()].iter().map(|&returns| weight(stock, returns)).sum()
    };
    let total = listings.iter().enumerate().map(of_stock).sum();
    let (mut work, mut start) = (vec![0; of as usize], 0);
    for (stock, days) in listings.iter().enumerate() {
        for &returns in &calendar[days.clone()] {
            let weight = weight(stock, returns);
            work[number_of(of, total, start, weight) as usize - 1] += returns;
            start += weight;
        }
    }
    work
}

/// The work of each part by days, with all stocks.
fn by_days(calendar: &[u64], listings: &[std::ops::Range<usize>], of: u64) -> Vec<u64> {
    let listed = |day: usize| listings.iter().filter(|days| days.contains(&day)).count() as u64;
    let weights: Vec<u64> = calendar.iter().enumerate().map(|(day, returns)| returns * listed(day)).collect();
    bellwether::parts::cut::work(&weights, of)
}

#[test]
fn the_calendar_is_that_of_the_exchange() {
    let calendar = calendar();
    // exchange_calendars has 7,550 sessions, and ten days besides on which the exchange was closed by events
    // of their time (September 2001, the storm of 2012, mourning), which no rule knows.
    assert_eq!(calendar.len(), 7_550 + 10);
    assert_eq!(easter(2007), date(2007, 4, 8));
    let halves = calendar.iter().filter(|returns| **returns == 12_600).count();
    assert!((55..=75).contains(&halves), "{halves}");
}

/// The worst part has at most 5 % more than the mean, up to a part a stock, though files are only looked at.
#[test]
fn parts_are_even() {
    let calendar = calendar();
    let listings = listings(3000, calendar.len());
    let cells: usize = listings.iter().map(ExactSizeIterator::len).sum();
    let draws: u64 = by_stocks(&calendar, &listings, 1, 0.0)[0];
    println!("{} days, {cells} cells, {draws} returns", calendar.len());
    for of in [8, 64, 187, 512, 1000, 3000] {
        let even = excess(&by_stocks(&calendar, &listings, of, 0.0));
        let looked = excess(&by_stocks(&calendar, &listings, of, 0.03));
        println!(
            "by stocks, {of} parts: worst {:.3} % above the mean; rows off by 3 %: {:.2} %",
            100.0 * even,
            100.0 * looked
        );
        assert!(even < 0.01 && looked < 0.05, "{of}: {even}, {looked}");
    }
    for of in [8, 64, 187] {
        let even = excess(&by_days(&calendar, &listings, of));
        println!("by days, {of} parts: worst {:.2} % above the mean", 100.0 * even);
        assert!(even < 0.05, "{of}: {even}");
    }
    // The perturbed twin: stocks shared out by their number alone, as many to each, are not even.
    let work: Vec<u64> = listings
        .chunks(listings.len() / 64)
        .map(|some| some.iter().flat_map(|days| &calendar[days.clone()]).sum())
        .collect();
    assert!(excess(&work) > 0.1, "{}", excess(&work));
}
