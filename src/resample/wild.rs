//! Stub.
/// Stub.
pub const fn factors(degree: u32) -> Option<[f64; 2]> {
    match degree {
        2 => Some([0.694_472_732_120_565_77, 1.091_054_535_758_868_5]),
        4 => Some([0.482_292_375_599_003_1, 2.705_815_248_681_993_8]),
        _ => None,
    }
}
