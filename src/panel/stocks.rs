//! Which stocks of a panel a matrix has columns of.

use std::sync::Arc;

use crate::error::{Error, Result};

/// All stocks of a panel, or some, by number. Columns are in the order of the numbers. Copies share the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stocks {
    /// The number of the panel's stocks.
    total: usize,
    /// Increasing numbers of those that there are; none where there are all.
    some: Option<Arc<[usize]>>,
}

impl Stocks {
    /// All of `total` stocks.
    pub fn all(total: usize) -> Self {
        Self { total, some: None }
    }

    /// The stocks of these increasing `numbers`, from 0, of a panel of `total` stocks.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a number does not come after the one before, or there is no such stock.
    pub fn some(numbers: Vec<usize>, total: usize) -> Result<Self> {
        let refused = |number: &usize, requirement: String| Error::Parameter {
            name: "the number of a stock",
            value: number.to_string(),
            requirement,
        };
        if let Some(pair) = numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(refused(&pair[1], format!("it must be larger than the one before, {}", pair[0])));
        }
        match numbers.last() {
            Some(last) if *last >= total => {
                Err(refused(last, format!("the panel has {total} stocks, numbered from 0")))
            }
            _ => Ok(Self::of_sorted(numbers, total)),
        }
    }

    /// As [`Self::some`], for numbers that are known to be in order.
    pub(super) fn of_sorted(numbers: Vec<usize>, total: usize) -> Self {
        let some = (numbers.len() != total).then(|| numbers.into());
        Self { total, some }
    }

    /// The number of the panel's stocks.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The number of stocks that there are: columns of the matrix.
    pub fn len(&self) -> usize {
        self.some.as_ref().map_or(self.total, |some| some.len())
    }

    /// Whether there is no stock.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stocks' numbers in the panel, column after column.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|column| self.some.as_ref().map_or(column, |some| some[column]))
    }

    /// The column of the stock of this number in the panel; none where the matrix does not have it.
    pub fn column(&self, number: usize) -> Option<usize> {
        match &self.some {
            None => (number < self.total).then_some(number),
            Some(some) => some.binary_search(&number).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_number() {
        let some = Stocks::some(vec![1, 4], 5).unwrap();
        assert_eq!((some.len(), some.total(), some.is_empty()), (2, 5, false));
        assert_eq!(some.numbers().collect::<Vec<_>>(), [1, 4]);
        assert_eq!([0, 1, 4, 5].map(|number| some.column(number)), [None, Some(0), Some(1), None]);
        let all = Stocks::all(3);
        assert_eq!(all, Stocks::some(vec![0, 1, 2], 3).unwrap());
        assert_eq!([0, 2, 3].map(|number| all.column(number)), [Some(0), Some(2), None]);
        assert!(Stocks::some(Vec::new(), 3).unwrap().is_empty());
    }

    #[test]
    fn numbers_out_of_order_are_refused() {
        for (numbers, why) in [
            (vec![1, 1], "the number of a stock is 1, but it must be larger than the one before, 1"),
            (vec![2, 0], "must be larger"),
            (vec![0, 3], "the panel has 3 stocks"),
        ] {
            let error = Stocks::some(numbers, 3).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
