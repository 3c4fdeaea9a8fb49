//! The normal interval, and the normal distribution.
//!
//! With the bootstrap estimates of bias, mean θ* − θ̂, and of the standard error, sd θ* (about the mean, with
//! B − 1), the interval is θ̂ − bias ± z · sd.
//!
//! Φ is by the error function of the `libm` crate, z = Φ⁻¹ by rational approximations and `libm`'s logarithm:
//! the same bits on every machine.
//!
//! Sources: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 5.2;
//! for z, M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
//! Statistics 37(3), 1988 (PPND16, about 16 figures).

use super::{Distribution, Estimate, Interval, Moments, Quantile, Tail};

/// Bias-corrected, with the bootstrap's standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Normal;

impl Interval for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }

    fn levels(&self, _: &Tail) -> Option<[f64; 2]> {
        None
    }

    fn ends(&self, estimate: &Estimate, statistic: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        let Moments { count, mean, variance, kurtosis } = statistic.moments();
        // Infinite as all θ* are, of the logarithm of a variance of 0.
        if mean == estimate.resampled && variance == 0.0 {
            return [Quantile::certain(estimate.value); 2];
        }
        if !mean.is_finite() {
            return [f64::NEG_INFINITY, f64::INFINITY].map(|value| Quantile { value, error: f64::INFINITY });
        }
        let bias = mean - estimate.resampled;
        tail.levels.map(|level| {
            let z = quantile(level);
            // Mean and standard deviation of B numbers, taken to be uncorrelated.
            let error = (variance / count * (1.0 + z * z * (kurtosis - 1.0).max(0.0) / 4.0)).sqrt();
            Quantile { value: estimate.value - bias + reach(variance, z), error }
        })
    }
}

/// z times the root of a variance; 0 where that is 0, even if z is infinite.
pub(super) fn reach(variance: f64, z: f64) -> f64 {
    if variance > 0.0 { variance.sqrt() * z } else { 0.0 }
}

/// Φ(x), the share of the standard normal distribution below `x`.
pub fn share_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// φ(x), the density of the standard normal distribution.
pub fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / std::f64::consts::TAU.sqrt()
}

/// Φ⁻¹(`level`): −∞ at 0, ∞ at 1.
pub fn quantile(level: f64) -> f64 {
    /// Σ c[i] xⁱ.
    fn polynomial(coefficients: [f64; 8], x: f64) -> f64 {
        coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
    }
    let centred = level - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        let numerator = [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ];
        let denominator = [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_545,
        ];
        return centred * polynomial(numerator, r) / polynomial(denominator, r);
    }
    let tail = if centred < 0.0 { level } else { 1.0 - level };
    if tail <= 0.0 {
        return f64::INFINITY.copysign(centred);
    }
    let r = (-libm::log(tail)).sqrt();
    let (x, numerator, denominator) = if r <= 5.0 {
        (
            r - 1.6,
            [
                1.423_437_110_749_683_5,
                4.630_337_846_156_546,
                5.769_497_221_460_691,
                3.647_848_324_763_204_5,
                1.270_458_252_452_368_4,
                0.241_780_725_177_450_6,
                0.022_723_844_989_269_184,
                7.745_450_142_783_414e-4,
            ],
            [
                1.0,
                2.053_191_626_637_759,
                1.676_384_830_183_803_8,
                0.689_767_334_985_1,
                0.148_103_976_427_480_08,
                0.015_198_666_563_616_457,
                5.475_938_084_995_345e-4,
                1.050_750_071_644_416_9e-9,
            ],
        )
    } else {
        (
            r - 5.0,
            [
                6.657_904_643_501_103,
                5.463_784_911_164_114,
                1.784_826_539_917_291_3,
                0.296_560_571_828_504_87,
                0.026_532_189_526_576_124,
                0.001_242_660_947_388_078_4,
                2.711_555_568_743_487_6e-5,
                2.010_334_399_292_288_1e-7,
            ],
            [
                1.0,
                0.599_832_206_555_888,
                0.136_929_880_922_735_8,
                0.014_875_361_290_850_615,
                7.868_691_311_456_133e-4,
                1.846_318_317_510_054_8e-5,
                1.421_511_758_316_446e-7,
                2.044_263_103_389_939_8e-15,
            ],
        )
    };
    (polynomial(numerator, x) / polynomial(denominator, x)).copysign(centred)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `scipy.special.ndtri` and `ndtr` (SciPy 1.16).
    #[test]
    fn shares_and_quantiles_are_those_of_scipy() {
        for (level, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.995, 2.575_829_303_548_900_4),
            (0.005, -2.575_829_303_548_901),
            (0.075, -1.439_531_470_938_456_3),
            (0.08, -1.405_071_560_309_632_9),
            (1e-10, -6.361_340_902_404_056),
            (1e-300, -37.047_096_299_361_2),
        ] {
            assert!(
                (quantile(level) - expected).abs() <= 4e-15 * expected.abs(),
                "{level}: {}",
                quantile(level)
            );
        }
        assert_eq!([0.0, 1.0].map(quantile), [f64::NEG_INFINITY, f64::INFINITY]);
        for (x, expected) in [
            (-1.0, 0.158_655_253_931_457_07),
            (2.0, 0.977_249_868_051_820_8),
            (-8.0, 6.220_960_574_271_74e-16),
        ] {
            assert!((share_below(x) / expected - 1.0).abs() < 1e-14, "{x}");
        }
        for level in [1e-12, 0.003, 0.2, 0.49, 0.51, 0.9, 0.9999] {
            assert!((share_below(quantile(level)) / level - 1.0).abs() < 1e-13, "{level}");
        }
    }
}
