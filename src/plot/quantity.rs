//! What a measure's numbers are called on axes and in titles, and what they are measured in.

use crate::bootstrap::Period;

/// A measure as pictures name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Its name in a sentence: "realized variance".
    pub name: String,
    /// Its unit; empty where it has none.
    pub unit: String,
    /// Whether it spans decades and is not negative, so that an axis through time is logarithmic.
    pub is_logarithmic: bool,
    period: Period,
}

impl Quantity {
    /// The measure that tables call `measure`, `against` a second stock where it is of two, of periods.
    pub fn new(measure: &str, against: Option<&str>, period: Period) -> Self {
        let span = match period {
            Period::Day => "a day",
            Period::Week => "a week",
            Period::Month => "a month",
            Period::All => "over all days",
        };
        let second = |word: &str| against.map_or(String::new(), |stock| format!(" {word} {stock}"));
        let squares = format!("squared log returns {span}");
        let (name, unit, is_logarithmic) = match measure {
            "rv" => ("realized variance".into(), squares, true),
            "volatility" => ("realized volatility".into(), format!("log returns {span}"), true),
            "annual_volatility" => {
                ("annualized realized volatility".into(), "log returns a year".into(), true)
            }
            "log_variance" => {
                ("log realized variance".into(), format!("natural logarithm of {squares}"), false)
            }
            "positive_semivariance" => ("positive realized semivariance".into(), squares, true),
            "negative_semivariance" => ("negative realized semivariance".into(), squares, true),
            "quarticity" => {
                ("realized quarticity".into(), format!("fourth powers of log returns {span}"), true)
            }
            "covariance" => (format!("realized covariance{}", second("with")), squares, false),
            "correlation" => (format!("realized correlation{}", second("with")), String::new(), false),
            "beta" => (format!("realized beta{}", second("on")), String::new(), false),
            "bipower" => ("bipower variation".into(), squares, true),
            "minrv" => ("MinRV".into(), squares, true),
            "medrv" => ("MedRV".into(), squares, true),
            // A measure of the library's user.
            other => (other.replace('_', " "), String::new(), false),
        };
        Self { name, unit, is_logarithmic, period }
    }

    /// Its name for a title: "Daily realized variance".
    pub fn title(&self) -> String {
        let name = &self.name;
        match self.period {
            Period::Day => format!("Daily {name}"),
            Period::Week => format!("Weekly {name}"),
            Period::Month => format!("Monthly {name}"),
            Period::All => {
                let mut letters = name.chars();
                let first = letters.next().map(|letter| letter.to_uppercase().to_string());
                format!("{}{} of all days", first.unwrap_or_default(), letters.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;

    #[test]
    fn every_measure_has_a_name_of_its_own() {
        let mut names = Vec::new();
        for name in measure::NAMES {
            let second = ["covariance", "correlation", "beta"].contains(&name).then_some(0);
            let measure = measure::by_name(name, second).unwrap();
            let quantity = Quantity::new(measure.name(), second.map(|_| "AXP"), Period::Day);
            // Known, and not what is made of an unknown measure's name.
            assert_ne!(quantity.name, measure.name().replace('_', " "), "{name}");
            assert_eq!(quantity.name.ends_with(" AXP"), second.is_some(), "{name}");
            // What may be negative has no logarithm.
            assert!(second.is_none() || !quantity.is_logarithmic, "{name}");
            names.push(quantity.name);
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), measure::NAMES.len());
    }

    #[test]
    fn periods_are_told() {
        let title = |period| Quantity::new("rv", None, period).title();
        assert_eq!(title(Period::Day), "Daily realized variance");
        assert_eq!(title(Period::Week), "Weekly realized variance");
        assert_eq!(title(Period::Month), "Monthly realized variance");
        assert_eq!(title(Period::All), "Realized variance of all days");
        assert_eq!(Quantity::new("rv", None, Period::Month).unit, "squared log returns a month");
    }
}
