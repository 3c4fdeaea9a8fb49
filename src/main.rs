//! Parse, run, exit code. Everything else is in the library.

/// Whether standard output is open can be told only before Rust's runtime starts, which is why this runs
/// before `main`.
#[cfg(unix)]
#[ctor::ctor(unsafe)]
fn before_main() {
    bellwether::output::look_at_standard_output();
}

fn main() -> std::process::ExitCode {
    bellwether::cli::main()
}
