//! What parameters of the library are called on the command line.
//!
//! The library names its parameters, in messages between backticks: "raise `memory`", "use `align inner`". A
//! user of the command is told what to type: "raise --memory", "use --align inner".

use crate::error::Error;

/// Parameters, and the flags that set them.
const FLAGS: [(&str, &str); 75] = [
    ("accuracy", "--accuracy"),
    ("against", "--against"),
    ("align", "--align"),
    ("alpha", "--alpha"),
    ("beta", "--beta"),
    ("block", "--block"),
    ("burn_in", "--burn-in"),
    ("by", "--by"),
    ("choice", "--choice"),
    ("columns", "--columns"),
    ("confidence", "--confidence"),
    ("cut", "--cut"),
    ("date_format", "--date-format"),
    ("days", "--days"),
    ("decimal", "--decimal"),
    ("delta", "--delta"),
    ("device", "--device"),
    ("devices", "--devices"),
    ("duplicates", "--duplicates"),
    ("every", "--every"),
    ("filters", "--where"),
    ("force", "--force"),
    ("format", "--format"),
    ("from", "--from"),
    ("from_capital", "--from-capital"),
    ("from_state", "--from-state"),
    ("half_days", "--holidays"),
    ("high", "--high"),
    ("interval", "--interval"),
    ("jumps", "--jumps"),
    ("keep_going", "--keep-going"),
    ("length", "--simulate"),
    ("low", "--low"),
    ("max_iterations", "--max-iterations"),
    ("maximizer", "--maximizer"),
    ("measure", "--measure"),
    ("memory", "--memory"),
    ("method", "--method"),
    ("min_runs", "--min-runs"),
    ("min_time", "--min-time"),
    ("missing", "--missing"),
    ("model", "--model"),
    ("noise", "--noise"),
    ("outliers", "--outliers"),
    ("part", "--part"),
    ("per_day", "--per-day"),
    ("periods", "--path"),
    ("points", "--grid"),
    ("replications", "--replications"),
    ("returns", "--returns"),
    ("rho", "--persistence"),
    ("row_sums", "--row-sums"),
    ("samples", "--samples"),
    ("scheme", "--scheme"),
    ("seed", "--seed"),
    ("separator", "--separator"),
    ("session", "--session"),
    ("shock_sd", "--deviation"),
    ("shocks", "--shocks"),
    ("side", "--side"),
    ("sigma", "--sigma"),
    ("size", "--size"),
    ("sort", "--sort"),
    ("start", "--start"),
    ("states", "--states"),
    ("stocks", "--stocks"),
    ("stop", "--stop"),
    ("subsample", "--subsample"),
    ("threads", "--threads"),
    ("times_in", "--times-in"),
    ("timezone", "--timezone"),
    ("to", "--to"),
    ("tolerance", "--tolerance"),
    ("transition", "--shocks"),
    ("width", "--width"),
];

/// The flag of a parameter.
fn flag(parameter: &str) -> Option<&'static str> {
    FLAGS.iter().find_map(|&(name, flag)| (name == parameter).then_some(flag))
}

/// The message of `error`, with flags.
pub(super) fn message(error: &Error) -> String {
    match error {
        Error::Parameter { name, value, requirement } => {
            let name = flag(name).unwrap_or(name);
            typed(
                &Error::Parameter { name, value: value.clone(), requirement: requirement.clone() }
                    .to_string(),
            )
        }
        other => typed(&other.to_string()),
    }
}

/// `text` with a flag for each parameter between backticks, with or without a value. Other words between them
/// stay.
pub(super) fn typed(text: &str) -> String {
    let mut typed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('`') {
        typed.push_str(before);
        let found = from.split_once('`').and_then(|(words, after)| {
            let (parameter, value) = words.split_at(words.find(' ').unwrap_or(words.len()));
            flag(parameter).map(|flag| (flag, value, after))
        });
        rest = match found {
            Some((flag, value, after)) => {
                typed.push_str(flag);
                typed.push_str(value);
                after
            }
            None => {
                typed.push('`');
                from
            }
        };
    }
    typed.push_str(rest);
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_flags() {
        for (text, expected) in [
            ("raise `memory`, or lower `max_iterations`", "raise --memory, or lower --max-iterations"),
            ("use `align inner`.", "use --align inner."),
            ("see `bellwether devices` for `device cpu`", "see `bellwether devices` for --device cpu"),
            ("memory", "memory"),
            ("a `b", "a `b"),
            ("`memory", "`memory"),
            ("`` `low` `", "`` --low `"),
            ("", ""),
        ] {
            assert_eq!(typed(text), expected);
        }
        let value = "0".to_owned();
        let refused = Error::Parameter { name: "points", value, requirement: "`low` is more".into() };
        assert_eq!(message(&refused), "--grid is 0, but --low is more");
        assert_eq!(refused.to_string(), "points is 0, but `low` is more");
    }

    #[test]
    fn every_flag_exists() {
        use clap::CommandFactory;
        let command = super::super::Arguments::command();
        let mut flags: Vec<String> = Vec::new();
        let mut commands: Vec<&clap::Command> = vec![&command];
        while let Some(command) = commands.pop() {
            flags.extend(
                command.get_arguments().filter_map(|one| one.get_long()).map(|long| format!("--{long}")),
            );
            commands.extend(command.get_subcommands());
        }
        for (_, flag) in FLAGS {
            assert!(flags.iter().any(|other| other == flag), "{flag}");
        }
    }
}
