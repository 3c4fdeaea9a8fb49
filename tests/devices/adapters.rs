//! Adapters, for tests that run on each of them.

use bellwether::gpu::{AdapterEntry, adapters};
use libtest_mimic::{Arguments, Failed, Trial};

/// Whether a test that lacks an adapter or a tool must fail: `BELLWETHER_REQUIRE_GPU=1` in the environment.
pub(crate) fn required() -> bool {
    std::env::var_os("BELLWETHER_REQUIRE_GPU").is_some_and(|value| value == "1")
}

/// The usable adapters, with their numbers in the list that `--device` refers to.
pub(crate) fn usable() -> Vec<AdapterEntry> {
    adapters(wgpu::Backends::all()).into_iter().filter(|entry| entry.unusable.is_none()).collect()
}

/// The arguments of this program, whose tests open devices: one test at a time unless asked otherwise. Two
/// software drivers at work in one process have been seen to corrupt the heap at its end, after all tests had
/// passed.
pub(crate) fn arguments() -> Arguments {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    arguments
}

/// `test`, which opens no device or chooses its own.
pub(crate) fn once(name: &str, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        test();
        Ok(())
    })
}

/// `test` on every usable adapter; where there is none, one that is ignored, or fails where adapters are
/// required.
pub(crate) fn on_each_adapter(
    name: &str,
    test: impl Fn(&AdapterEntry) + Clone + Send + 'static,
) -> Vec<Trial> {
    let usable = usable();
    if usable.is_empty() {
        let missing = || Err(Failed::from("no usable adapter, and BELLWETHER_REQUIRE_GPU=1"));
        return vec![Trial::test(format!("{name} (no adapter)"), missing).with_ignored_flag(!required())];
    }
    let trial = |entry: AdapterEntry| {
        let test = test.clone();
        Trial::test(format!("{name} ({})", entry.label()), move || {
            test(&entry);
            Ok(())
        })
    };
    usable.into_iter().map(trial).collect()
}
