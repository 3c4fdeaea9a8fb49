use std::io::Write;

use super::*;

/// The figures of a field of the golden file.
fn figures(field: &str) -> Vec<f64> {
    field.split(' ').map(|figure| figure.parse().unwrap()).collect()
}

#[test]
fn chains_are_quantecons() {
    let golden = include_str!("../../../tests/golden/chain.csv");
    let (mut rows, mut methods) = (0, [0, 0]);
    for line in golden.lines().skip(1) {
        let [method, rho, sd, n, width, row, states, probabilities, stationary] =
            line.split(',').collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        let number = |text: &str| text.parse::<f64>().unwrap();
        let (rho, sd, n, row) = (number(rho), number(sd), number(n) as usize, number(row) as usize);
        let chain = match method {
            "rouwenhorst" => Chain::rouwenhorst(rho, sd, n).unwrap(),
            _ => Chain::tauchen(rho, sd, n, number(width)).unwrap(),
        };
        methods[usize::from(method == "tauchen")] += 1;
        for (z, log) in chain.states().iter().zip(figures(states)) {
            assert!((z.ln() - log).abs() <= 1e-14 * (1.0 + log.abs()), "{line}: {z}");
        }
        // QuantEcon's Tauchen takes 1 − Φ and differences of Φ near 1: 2e-16 off.
        for (p, theirs) in chain.row(row).iter().zip(figures(probabilities)) {
            assert!((p - theirs).abs() <= 5e-15, "{line}: {p} against {theirs}");
        }
        for (p, theirs) in chain.stationary().unwrap().iter().zip(figures(stationary)) {
            assert!((p - theirs).abs() <= 1e-12, "{line}: {p} against {theirs}");
        }
        rows += 1;
    }
    assert!(rows > 60 && methods[0] > 20 && methods[1] > 20, "{methods:?}");
}

#[test]
fn rouwenhorst_has_the_autoregressions_moments() {
    for (rho, sd, n) in [(0.95, 0.007, 5), (0.95, 0.007, 7), (0.0, 0.1, 3), (-0.6, 0.2, 4), (0.999, 0.01, 50)]
    {
        let chain = Chain::rouwenhorst(rho, sd, n).unwrap();
        let x: Vec<f64> = chain.states().iter().map(|z| z.ln()).collect();
        let scale = sd * sd / (1.0 - rho * rho);
        // What rounds in P moves the stationary distribution by that over the chain's spectral gap.
        let rounded = 1e-14 / (1.0 - f64::abs(rho));
        let mut persistence = 0.0;
        let stationary = chain.stationary().unwrap();
        let mut binomial = 0.5_f64.powi(n as i32 - 1);
        for i in 0..n {
            let row = chain.row(i);
            let mean: f64 = row.iter().zip(&x).map(|(p, x)| p * x).sum();
            let variance: f64 = row.iter().zip(&x).map(|(p, x)| p * (x - mean) * (x - mean)).sum();
            assert!((mean - rho * x[i]).abs() < 1e-13 * scale.sqrt() * n as f64, "mean in {i}: {mean}");
            assert!((variance - sd * sd).abs() < 1e-12 * scale, "variance in {i}: {variance}");
            assert!((stationary[i] - binomial).abs() < rounded * binomial, "{i}: {stationary:?}");
            binomial *= (n - 1 - i) as f64 / (i + 1) as f64;
            persistence += stationary[i] * x[i] * mean;
        }
        let variance: f64 = stationary.iter().zip(&x).map(|(p, x)| p * x * x).sum();
        assert!((variance / scale - 1.0).abs() < rounded && (persistence / variance - rho).abs() < rounded);
    }
}

#[test]
fn the_stationary_distribution_needs_one_recurrent_set() {
    // The first state is left for ever.
    let chain =
        Chain::new(vec![0.9, 1.0, 1.1], vec![0.5, 0.25, 0.25, 0.0, 0.75, 0.25, 0.0, 0.5, 0.5], RowSums::One)
            .unwrap();
    let stationary = chain.stationary().unwrap();
    assert!(stationary[0] == 0.0 && (stationary[1] - 2.0 / 3.0).abs() < 1e-15, "{stationary:?}");
    // Periodic, but unique.
    let swaps = Chain::new(vec![0.9, 1.1], vec![0.0, 1.0, 1.0, 0.0], RowSums::One).unwrap();
    assert_eq!(swaps.stationary().unwrap(), [0.5, 0.5]);
    let stays = Chain::new(vec![0.9, 1.1], vec![1.0, 0.0, 0.0, 1.0], RowSums::One).unwrap();
    assert!(stays.stationary().unwrap_err().to_string().contains("states 1 and 2"));
    assert_eq!(Chain::certain().stationary().unwrap(), [1.0]);
    let aruoba = Chain::aruoba().stationary().unwrap();
    assert!((aruoba.iter().sum::<f64>() - 1.0).abs() < 1e-15 && aruoba[2] > aruoba[1], "{aruoba:?}");
}

#[test]
fn wrong_parameters_are_named() {
    let refused = |chain: Result<Chain>| match chain {
        Err(Error::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    for rho in [1.0, -1.0, 1.5, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(Chain::rouwenhorst(rho, 0.01, 5)), "rho");
        assert_eq!(refused(Chain::tauchen(rho, 0.01, 5, 3.0)), "rho");
    }
    for sd in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(Chain::rouwenhorst(0.9, sd, 5)), "shock_sd");
        assert_eq!(refused(Chain::tauchen(0.9, sd, 5, 3.0)), "shock_sd");
    }
    for states in [0, 1, 501] {
        assert_eq!(refused(Chain::rouwenhorst(0.9, 0.01, states)), "states");
        assert_eq!(refused(Chain::tauchen(0.9, 0.01, states, 3.0)), "states");
    }
    for width in [0.0, -3.0, f64::NAN] {
        assert_eq!(refused(Chain::tauchen(0.9, 0.01, 5, width)), "width");
    }
    // States that f64 cannot hold.
    assert_eq!(refused(Chain::rouwenhorst(0.9, 1e6, 5)), "states");
    assert_eq!(refused(Chain::new(vec![], vec![], RowSums::One)), "states");
    assert_eq!(refused(Chain::new(vec![1.0], vec![1.0, 0.0], RowSums::One)), "transition");
    assert_eq!(refused(Chain::new(vec![1.0, 0.9], vec![1.0, 0.0, 0.0, 1.0], RowSums::One)), "states");
    assert_eq!(refused(Chain::new(vec![-1.0], vec![1.0], RowSums::One)), "states");
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let rows = vec![1.0, 0.0, bad, 1.1];
        assert_eq!(refused(Chain::new(vec![0.9, 1.1], rows, RowSums::Any)), "transition");
    }
}

#[test]
fn rows_that_do_not_sum_to_one_are_allowed_by_name_only() {
    let aruoba = Chain::aruoba();
    let again = |rows| Chain::new(aruoba.states().to_vec(), aruoba.transition().to_vec(), rows);
    let message = again(RowSums::One).unwrap_err().to_string();
    assert!(message.contains("row 3") && message.contains("1.0001"), "{message}");
    assert_eq!(again(RowSums::Any).unwrap(), aruoba);
    assert!(!aruoba.is_stochastic() && (aruoba.largest_row_sum() - 1.0001).abs() < 1e-15);
    let scaled = again(RowSums::Scaled).unwrap();
    assert!(scaled.is_stochastic() && (scaled.row(2)[2] - 0.9837 / 1.0001).abs() < 1e-15);
    assert!(Chain::new(vec![1.0], vec![0.0], RowSums::Any).is_err());
}

fn read(text: &str) -> Result<Chain> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Chain::read(file.path(), RowSums::One)
}

#[test]
fn a_file_holds_states_and_probabilities() {
    let expected = Chain::new(vec![0.98, 1.02], vec![0.9, 0.1, 0.25, 0.75], RowSums::One).unwrap();
    for text in [
        "0.98,0.9,0.1\n1.02,0.25,0.75\n",
        "z,low,high\r\n0.98,0.9,0.1\r\n1.02,0.25,0.75",
        "\u{feff}# a chain\nz, low, high\n 0.98, .9, 1e-1\n\n1.02,0.25 ,0.75\n\n",
    ] {
        assert_eq!(read(text).unwrap(), expected, "{text:?}");
    }
    assert_eq!(read("1,1\n").unwrap(), Chain::certain());
}

#[test]
fn a_wrong_file_is_told_where() {
    for (text, expected) in [
        ("", "no state"),
        ("z,low,high\n", "no state"),
        ("0.98,0.9,0.1\n", ":1: 3 figures"),
        ("0.98,0.9,0.1\n1.02,1\n", ":2: 2 figures"),
        ("z,a,b\n0.98,0.9,0.1\n1.02,x,0.75\n", ":3: field 2, \"x\""),
        ("0.98,0.9,0.1\n1.02,,1\n", ":2: field 2, \"\""),
        ("0.98,0.9,0.2\n1.02,0.25,0.75\n", "1.1 in sum in row 1"),
        ("0.98,1.1,-0.1\n1.02,0.25,0.75\n", "-0.1 in row 1"),
        ("0.98,0.9,0.1\n0.97,0.25,0.75\n", "0.97 after 0.98"),
        ("0,0.9,0.1\n0.97,0.25,0.75\n", "a state is 0"),
        ("nan,1\n", "a state is NaN"),
        ("0.98,nan,0.1\n1.02,0.25,0.75\n", "NaN in row 1"),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
        assert_eq!(message.lines().count(), 1);
    }
    assert!(Chain::read(std::path::Path::new("no/such/file"), RowSums::One).is_err());
}
