//! The growth model's solution: value, policy, Euler errors, and, where there are any, the transition path
//! and the distribution of capital in the long run.

use plotters::style::RGBColor;

use super::Picture;
use super::axis::Axis;
use super::canvas::{Canvas, Ink, Mark, Type, draw};
use super::frame::{Bounds, Frame, title};
use super::style::{AXIS, BLACK, BLUE, ORANGE, SMALL, VERMILION, WIDTH};
use crate::error::Result;

/// What is drawn. All by grid point, in the model's units.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// The model and the method, in a line.
    pub method: &'a str,
    /// Productivity by state, Z; one without shocks.
    pub states: &'a [f64],
    /// Capital k at the grid points, increasing, N.
    pub capital: &'a [f64],
    /// V(k), Z × N, state by state.
    pub value: &'a [f64],
    /// k′(k), Z × N.
    pub capital_next: &'a [f64],
    /// Capital in the steady state, k*.
    pub steady_state: f64,
    /// Capital and Euler error there, log10 of the share of consumption; as many for each state.
    pub euler_errors: &'a [(f64, f64)],
    /// Period, capital and consumption along a transition path; empty where none was asked for.
    pub path: &'a [(f64, f64, f64)],
    /// Density of capital in the long run jointly with the state, Z × N, a unit of capital; empty where it
    /// was not computed.
    pub density: &'a [f64],
}

/// The picture of a solution.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(curves: &Curves<'_>) -> Result<Picture> {
    let panel = 230.0;
    let lower: Vec<Panel> = [
        Some(euler as Panel),
        (!curves.path.is_empty()).then_some(path as Panel),
        (!curves.density.is_empty()).then_some(density as Panel),
    ]
    .into_iter()
    .flatten()
    .collect();
    let rows = 1 + lower.len().div_ceil(2);
    let height = 74.0 + rows as f64 * (panel + 78.0);
    draw(height, |canvas| {
        let top =
            title(canvas, "Growth model: value function iteration", &[curves.method.to_owned()])? + 22.0;
        let bounds = |row: usize, column: usize| -> Bounds {
            let (left, top) = (78.0 + column as f64 * (WIDTH / 2.0), top + row as f64 * (panel + 78.0));
            [left, top, left + WIDTH / 2.0 - 98.0, top + panel]
        };
        value(canvas, bounds(0, 0), curves)?;
        policy(canvas, bounds(0, 1), curves)?;
        for (number, panel) in lower.iter().enumerate() {
            let [left, top, right, bottom] = bounds(1 + number / 2, number % 2);
            // One that is alone in its row is as wide as two.
            let is_alone = number % 2 == 0 && number + 1 == lower.len();
            panel(canvas, [left, top, if is_alone { WIDTH - 20.0 } else { right }, bottom], curves)?;
        }
        Ok(())
    })
}

/// What draws one panel.
type Panel = fn(&Canvas<'_>, Bounds, &Curves<'_>) -> Result<()>;

fn labelled<'c, 'a>(
    canvas: &'c Canvas<'a>,
    bounds: Bounds,
    heading: &str,
    x: Axis,
    y: Axis,
) -> Result<Frame<'c, 'a>> {
    let frame = Frame::new(canvas, bounds, x, y)?;
    frame.heading(heading)?;
    frame.label_x()?;
    frame.label_y()?;
    Ok(frame)
}

fn capital_axis(curves: &Curves<'_>) -> Axis {
    Axis::linear_tight("capital k", curves.capital.iter().copied(), 6)
}

/// A dashed line at k*, named where the other lines are not.
fn steady_state(frame: &Frame<'_, '_>, curves: &Curves<'_>) -> Result<()> {
    let [left, top, right, bottom] = frame.bounds();
    let (x, _) = frame.at((curves.steady_state, 0.0));
    if (left..=right).contains(&x) {
        frame.canvas.dashed((x, top), (x, bottom), Ink::line(VERMILION, 1.2))?;
        frame.canvas.text("k*", (x + 4.0, bottom - SMALL - 5.0), Type::new(SMALL, VERMILION))?;
    }
    Ok(())
}

fn value(canvas: &Canvas<'_>, bounds: Bounds, curves: &Curves<'_>) -> Result<()> {
    let y = Axis::linear_tight("V(k), units of utility", curves.value.iter().copied(), 5);
    let frame = labelled(canvas, bounds, "Value function", capital_axis(curves), y)?;
    steady_state(&frame, curves)?;
    by_state(&frame, curves, curves.value)?;
    // Which line is which: the highest is that of the highest productivity.
    if let (Some(lowest), Some(highest), true) =
        (curves.states.first(), curves.states.last(), curves.states.len() > 1)
    {
        let [left, top, ..] = frame.bounds();
        for (row, (z, state)) in [(highest, curves.states.len() - 1), (lowest, 0)].into_iter().enumerate() {
            let look = Type::new(SMALL, shade(curves, state));
            canvas.text(&format!("z = {z:.4}"), (left + 8.0, top + 6.0 + 16.0 * row as f64), look)?;
        }
    }
    Ok(())
}

/// A line for each state of what is given at the nodes.
fn by_state(frame: &Frame<'_, '_>, curves: &Curves<'_>, at_nodes: &[f64]) -> Result<()> {
    let width = if curves.states.len() > 1 { 1.2 } else { 1.8 };
    for (state, at_points) in at_nodes.chunks(curves.capital.len()).enumerate() {
        frame.line(pairs(curves.capital, at_points), Ink::line(shade(curves, state), width))?;
    }
    Ok(())
}

/// The colour of a state's line: blue without shocks, else from orange (low productivity) to blue (high).
fn shade(curves: &Curves<'_>, state: usize) -> RGBColor {
    let share = match curves.states.len() {
        0 | 1 => 1.0,
        states => state as f64 / (states - 1) as f64,
    };
    let between = |low: u8, high: u8| (f64::from(low) + share * (f64::from(high) - f64::from(low))) as u8;
    RGBColor(between(ORANGE.0, BLUE.0), between(ORANGE.1, BLUE.1), between(ORANGE.2, BLUE.2))
}

fn policy(canvas: &Canvas<'_>, bounds: Bounds, curves: &Curves<'_>) -> Result<()> {
    let both = curves.capital_next.iter().chain(curves.capital).copied();
    let y = Axis::linear_tight("next period's capital k′", both, 5);
    let frame = labelled(canvas, bounds, "Policy", capital_axis(curves), y)?;
    steady_state(&frame, curves)?;
    if let (Some(&first), Some(&last)) = (curves.capital.first(), curves.capital.last()) {
        frame.dashed((first, first), (last, last), Ink::line(AXIS, 1.2))?;
        // Above the line, where the policy is below it.
        let near_the_end = last - 0.15 * (last - first);
        let (x, y) = frame.at((near_the_end, near_the_end));
        canvas.text("45°", (x - 6.0, y - SMALL - 5.0), Type::new(SMALL, AXIS).right())?;
    }
    by_state(&frame, curves, curves.capital_next)?;
    frame.mark(Mark::Circle, (curves.steady_state, curves.steady_state), 3.5, VERMILION)
}

fn euler(canvas: &Canvas<'_>, bounds: Bounds, curves: &Curves<'_>) -> Result<()> {
    let finite = |errors: &[(f64, f64)]| -> Vec<(f64, f64)> {
        errors.iter().copied().filter(|(_, error)| error.is_finite()).collect()
    };
    let errors = finite(curves.euler_errors);
    let y =
        Axis::linear("log₁₀ |error|, share of consumption", errors.iter().map(|&(_, error)| error), 5, false);
    let frame = labelled(canvas, bounds, "Euler-equation errors", capital_axis(curves), y)?;
    steady_state(&frame, curves)?;
    let points = curves.euler_errors.len().div_ceil(curves.states.len().max(1)).max(1);
    for (state, errors) in curves.euler_errors.chunks(points).enumerate() {
        frame.line(finite(errors), Ink::line(shade(curves, state), 1.0))?;
    }
    Ok(())
}

fn path(canvas: &Canvas<'_>, bounds: Bounds, curves: &Curves<'_>) -> Result<()> {
    let x = Axis::linear_tight("period t", curves.path.iter().map(|&(t, ..)| t), 6);
    let ends = curves.path.iter().flat_map(|&(_, k, c)| [k, c]);
    let y = Axis::linear("capital, consumption", ends.chain([1.12 * curves.steady_state]), 5, true);
    let frame = labelled(canvas, bounds, "Transition path", x, y)?;
    let [left, _, right, _] = frame.bounds();
    let (_, level) = frame.at((0.0, curves.steady_state));
    canvas.dashed((left, level), (right, level), Ink::line(VERMILION, 1.2))?;
    canvas.text("k*", (right - 4.0, level - SMALL - 5.0), Type::new(SMALL, VERMILION).right())?;
    let lines = [(BLUE, "capital", 1), (ORANGE, "consumption", 2)];
    for (color, name, which) in lines {
        let points = curves.path.iter().map(|&(t, k, c)| (t, if which == 1 { k } else { c }));
        frame.line(points, Ink::line(color, 1.8))?;
        if let Some(&(t, k, c)) = curves.path.last() {
            let (x, y) = frame.at((t, if which == 1 { k } else { c }));
            let look = Type::new(SMALL, BLACK).right();
            canvas.text(name, (x - 6.0, y + 6.0), look)?;
        }
    }
    Ok(())
}

fn density(canvas: &Canvas<'_>, bounds: Bounds, curves: &Curves<'_>) -> Result<()> {
    let n = curves.capital.len();
    // Where capital is in the long run, which is a small part of the grid as a rule.
    const NOTEWORTHY: f64 = 2e-3;
    let highest = curves.density.iter().copied().fold(0.0, f64::max);
    let is_shown = |i: usize| curves.density.chunks(n).any(|of_state| of_state[i] >= NOTEWORTHY * highest);
    let first = (0..n).find(|&i| is_shown(i)).unwrap_or(0).saturating_sub(1);
    let last = ((0..n).rfind(|&i| is_shown(i)).unwrap_or(n - 1) + 1).min(n - 1);
    let x = Axis::linear_tight("capital k", curves.capital[first..=last].iter().copied(), 5);
    let y = Axis::linear("density, a unit of k", [0.0, highest].into_iter(), 5, true);
    let heading = match curves.states.len() {
        1 => "Capital in the long run",
        _ => "Capital in the long run, by productivity",
    };
    let frame = labelled(canvas, bounds, heading, x, y)?;
    steady_state(&frame, curves)?;
    let width = if curves.states.len() > 1 { 1.2 } else { 1.8 };
    for (state, of_state) in curves.density.chunks(n).enumerate() {
        let points = pairs(&curves.capital[first..=last], &of_state[first..=last]);
        frame.line(points, Ink::line(shade(curves, state), width))?;
    }
    Ok(())
}

fn pairs<'a>(x: &'a [f64], y: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    x.iter().copied().zip(y.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::texts;

    #[test]
    fn the_path_has_a_panel_where_there_is_one() {
        let capital: Vec<f64> = (0..100).map(|i| 0.8 + 0.048 * f64::from(i)).collect();
        let value: Vec<f64> = capital.iter().map(|k| k.ln()).collect();
        let capital_next: Vec<f64> = capital.iter().map(|k| 3.16 + 0.9 * (k - 3.16)).collect();
        let errors: Vec<(f64, f64)> = capital.iter().map(|&k| (k, -5.0 + (k * 40.0).sin())).collect();
        let path: Vec<(f64, f64, f64)> =
            (0..50).map(|t| (f64::from(t), 3.16 - 2.3 * 0.9f64.powi(t), 1.1)).collect();
        let mut curves = Curves {
            method: "σ = 2",
            states: &[1.0],
            capital: &capital,
            value: &value,
            capital_next: &capital_next,
            steady_state: 3.16,
            euler_errors: &errors,
            path: &path,
            density: &[],
        };
        let with = texts(&picture(&curves).unwrap());
        for text in ["Value function", "Policy", "45°", "k*", "Euler-equation errors", "Transition path"] {
            assert!(with.iter().any(|other| other == text), "{text:?} is not in {with:?}");
        }
        curves.path = &[];
        assert!(!texts(&picture(&curves).unwrap()).iter().any(|text| text == "Transition path"));
        let name = "Capital in the long run";
        assert!(!with.iter().any(|text| text.starts_with(name)));
        let density: Vec<f64> = capital.iter().map(|k| (-(k - 3.16) * (k - 3.16) / 0.02).exp()).collect();
        for (path, panels) in [(&path[..], 4), (&path[..0], 4)] {
            (curves.path, curves.density) = (path, &density);
            let picture = picture(&curves).unwrap();
            let texts = texts(&picture);
            assert!(texts.iter().any(|text| text == name), "{texts:?}");
            assert_eq!(texts.iter().filter(|text| *text == "capital k").count(), panels);
        }
        (curves.path, curves.density) = (&[], &[]);
        // With shocks the lines are named.
        assert!(!with.iter().any(|text| text.starts_with("z = ")));
        let higher: Vec<f64> = value.iter().chain(&value).map(|v| v + 0.1).collect();
        curves.states = &[0.9, 1.1];
        (curves.value, curves.capital_next) = (&higher, &higher);
        let with = texts(&picture(&curves).unwrap());
        for text in ["z = 0.9000", "z = 1.1000"] {
            assert!(with.iter().any(|other| other == text), "{text:?} is not in {with:?}");
        }
    }
}
