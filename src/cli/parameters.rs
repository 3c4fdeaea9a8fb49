//! Arguments as a manifest has them: every parameter that may change a result, by the flag's name without its
//! dashes, in one way of writing it, defaults too; and back.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, ArgMatches, Args, Command};
use serde_json::Value;

use super::distinct;
use crate::error::{Error, Result};
use crate::output::manifest::Parameters;
use crate::panel::parse_date;

/// Arguments that change no record of the result.
const APART: [&str; 16] = [
    "panel",
    "device",
    "threads",
    "memory",
    "output",
    "format",
    "layout",
    "plot",
    "histogram",
    "histogram_plot",
    "resamples",
    "cell",
    "manifest",
    "part",
    "cut",
    "plan",
];

fn command<A: Args>() -> Command {
    A::augment_args(Command::new("bellwether"))
}

/// What was typed of these arguments, or stands by default.
pub(super) fn typed<A: Args>(matches: &ArgMatches) -> Parameters {
    let mut parameters = Parameters::new();
    for argument in command::<A>().get_arguments() {
        let id = argument.get_id().as_str();
        let (Some(long), false) = (argument.get_long(), APART.contains(&id)) else { continue };
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            if matches.try_get_one::<bool>(id).is_ok_and(|value| value == Some(&true)) {
                parameters.insert(long.to_owned(), Value::Bool(true));
            }
            continue;
        }
        let Ok(Some(values)) = matches.try_get_raw(id) else { continue };
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        parameters.insert(long.to_owned(), canonical(long, values));
    }
    parameters
}

/// The one way to write the values of a parameter.
fn canonical(long: &str, mut values: Vec<String>) -> Value {
    for value in &mut values {
        let written = match long {
            "samples" => value.parse().ok().map(|samples: u32| samples.to_string()),
            "seed" => value.parse().ok().map(|seed: u64| seed.to_string()),
            "confidence" | "block" => value.parse().ok().map(|number: f64| number.to_string()),
            "from" | "to" => parse_date(value).ok().map(|date| date.to_string()),
            "stocks" | "against" => Some(value.trim().to_owned()),
            _ => None,
        };
        *value = written.unwrap_or_else(|| std::mem::take(value));
    }
    // Of stocks the order says nothing.
    if long == "stocks" {
        values.sort_unstable();
    }
    if ["stocks", "measure", "interval"].contains(&long) {
        values = distinct(values);
    }
    match &values[..] {
        [one] => Value::String(one.clone()),
        _ => Value::Array(values.into_iter().map(Value::String).collect()),
    }
}

/// The arguments that these parameters are of, to compute the same again from `panel`.
///
/// # Errors
///
/// [`Error::Parameter`] where they are none, with what is wrong.
pub(super) fn arguments<A: Args>(parameters: &Parameters, panel: &[PathBuf]) -> Result<A> {
    let refused = |error: clap::Error| Error::Parameter {
        name: "the manifest",
        value: "not one of this program".into(),
        requirement: format!("it must hold parameters as written by it: {}", error.to_string().trim()),
    };
    let matches = command::<A>().try_get_matches_from(line_of(parameters, panel)).map_err(refused)?;
    A::from_arg_matches(&matches).map_err(refused)
}

/// What a user would type for them.
fn line_of(parameters: &Parameters, panel: &[PathBuf]) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["bellwether".into()];
    for (long, value) in parameters {
        let mut add = |value: &str| line.push(format!("--{long}={value}").into());
        match value {
            Value::String(text) => add(text),
            Value::Array(all) => all.iter().filter_map(Value::as_str).for_each(add),
            _ => line.push(format!("--{long}").into()),
        }
    }
    line.extend((!panel.is_empty()).then(|| "--".into()));
    line.extend(panel.iter().map(|path| path.clone().into_os_string()));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bootstrap::BootstrapArgs;
    use crate::cli::coverage::CoverageArgs;

    fn of(line: &str) -> Parameters {
        typed::<BootstrapArgs>(
            &command::<BootstrapArgs>()
                .try_get_matches_from(format!("bootstrap {line} panel").split(' '))
                .unwrap(),
        )
    }

    #[test]
    fn parameters_are_written_in_one_way() {
        let one =
            of("-B 0100 --confidence 0.990 --stocks B,A --from 20070103 --threads 3 --measure beta,beta");
        let other = of("--samples 100 --confidence .99 --stocks A,B,A --from 2007-01-03 --measure beta -o x");
        assert_eq!(one, other);
        assert_eq!(one["stocks"], serde_json::json!(["A", "B"]));
        assert_eq!((&one["measure"], &one["side"]), (&"beta".into(), &"both".into()));
        assert_ne!(of("--where CORR=0 --where EX=N"), of("--where CORR=0"));
    }

    /// Each argument either is a parameter or is known to change no record, and parameters come back.
    #[test]
    fn every_argument_is_known_and_comes_back() {
        for argument in
            command::<BootstrapArgs>().get_arguments().chain(command::<CoverageArgs>().get_arguments())
        {
            let (id, long) = (argument.get_id().as_str(), argument.get_long());
            assert!(long.is_some() || APART.contains(&id), "{id}");
        }
        let line = "-B 100 --confidence .9 --measure covariance --against B --scheme block --block auto \
                    --interval basic,bc --side lower --by week --details --stocks A,B --from 2007-01-03 \
                    --align inner --keep-going --every 5min --where CORR=0 --where EX=N|Q --separator ; \
                    --decimal comma --date-format dmy --timezone America/New_York --times-in UTC --sort \
                    --missing skip --duplicates last --session 09:30-16:00 --holidays short --outliers \
                    60,0.1,0.02 --seed 5 --columns time=ts,price=mid";
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let parameters = of(&line);
        assert!(arguments::<BootstrapArgs>(&parameters, &["panel".into()]).is_ok());
        let again =
            command::<BootstrapArgs>().try_get_matches_from(line_of(&parameters, &["panel".into()])).unwrap();
        assert_eq!(typed::<BootstrapArgs>(&again), parameters);
        let mut wrong = parameters;
        wrong.insert("colour".into(), "red".into());
        let refused = arguments::<BootstrapArgs>(&wrong, &["panel".into()]).unwrap_err().to_string();
        assert!(refused.contains("--colour"), "{refused}");
    }
}
