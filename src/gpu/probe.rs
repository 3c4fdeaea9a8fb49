//! Drivers tried in another process first, where a crash or a hang harms nobody.
//!
//! A driver is other people's code in the same process: where it crashes, so does whoever asked it for its
//! adapters. A [`Prober`] has the drivers started, their adapters listed and a device opened on each by a
//! child process, which says line by line how far it is ([`answer`]). Where the child ends well, this process
//! may do the same. Where it does not, each driver is tried alone, in a child of its own, and those that
//! crash or hang are left out ([`LeftOut`]):
//!
//! ```text
//! all backends ──ok──▶ allowed
//!      └─crash─▶ each Vulkan driver alone, each other backend alone
//!                     └─those that end well─▶ once more, together ──ok──▶ allowed
//! ```
//!
//! A Vulkan driver is a manifest, a JSON file that the Vulkan loader finds in the folders of [`manifests`]
//! and that `VK_DRIVER_FILES` restricts it to.
//!
//! A library can't know how the program that it is in is started anew, so that nothing here happens by
//! itself.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wgpu::Backends;

use super::{Gpu, GpuError, adapters};

/// Longest wait for a child. Cold drivers of many GPUs take some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait for the end of a child that was killed or has said its last word.
const FAREWELL: Duration = Duration::from_secs(5);

/// What restricts the Vulkan loader to some manifests: the name of today, and of loaders before 1.3.207.
const DRIVER_FILES: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/// What a child says, a line of JSON each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// This adapter is about to be opened.
    Opening(String),
    /// It was, and did a little work.
    Opened(String),
    /// It was not, and no more than that happened.
    Refused { adapter: String, why: String },
    /// All adapters were tried; there are so many.
    Done(usize),
}

/// The child's part: starts the drivers of `backends`, opens a device on each adapter that can be used, and
/// writes to `out` how far it is.
///
/// # Errors
///
/// Whatever `out` returns.
pub fn answer(backends: Backends, out: &mut dyn Write) -> io::Result<()> {
    let mut say = |line: Line| -> io::Result<()> {
        writeln!(out, "{}", serde_json::to_string(&line)?)?;
        out.flush()
    };
    let found = adapters(backends);
    let count = found.len();
    for entry in found.into_iter().filter(|entry| entry.unusable.is_none()) {
        let adapter = entry.label();
        say(Line::Opening(adapter.clone()))?;
        let opened = Gpu::open(entry).and_then(|gpu| gpu.finish("probing"));
        say(match opened {
            Ok(()) => Line::Opened(adapter),
            Err(error) => Line::Refused { adapter, why: error.to_string() },
        })?;
    }
    say(Line::Done(count))
}

/// A driver, or a backend, that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// What it is: "the Vulkan driver of /usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "the backend GL".
    pub what: String,
    /// What it did: "crashed when it was started (signal: 11 (SIGSEGV))".
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, so that it is left out", self.what, self.why)
    }
}

/// What can be tried apart.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    Backend(Backends),
    VulkanDriver(PathBuf),
}

impl Unit {
    fn backends(&self) -> Backends {
        match self {
            Self::Backend(backends) => *backends,
            Self::VulkanDriver(_) => Backends::VULKAN,
        }
    }

    fn manifest(&self) -> Option<&Path> {
        match self {
            Self::Backend(_) => None,
            Self::VulkanDriver(path) => Some(path),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Backend(backends) => format!("the backend {}", names(*backends)),
            Self::VulkanDriver(path) => format!("the Vulkan driver of {}", path.display()),
        }
    }
}

/// Backends by the names that [`Backends::from_comma_list`] reads.
pub fn names(backends: Backends) -> String {
    let all = [
        (Backends::VULKAN, "vulkan"),
        (Backends::METAL, "metal"),
        (Backends::DX12, "dx12"),
        (Backends::GL, "gl"),
    ];
    let of_these = all.into_iter().filter(|(backend, _)| backends.contains(*backend));
    of_these.map(|(_, name)| name).collect::<Vec<_>>().join(",")
}

/// Tries drivers in child processes, and remembers which of them this process may start.
#[derive(Debug)]
pub struct Prober {
    program: PathBuf,
    arguments: Vec<OsString>,
    patience: Duration,
    /// Backends tried so far, and those of them that may be started.
    tried: Backends,
    allowed: Backends,
    left_out: Vec<LeftOut>,
}

impl Prober {
    /// A prober whose children are `program` with `arguments` and then the names of backends, separated by
    /// commas. They must [`answer`] on standard output.
    pub fn new(program: PathBuf, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            program,
            arguments: arguments.into_iter().map(Into::into).collect(),
            patience: PATIENCE,
            tried: Backends::empty(),
            allowed: Backends::empty(),
            left_out: Vec::new(),
        }
    }

    /// Waits no longer than this for a child.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What was left out so far.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Those of `backends` whose drivers this process may start; what was not tried before is tried now.
    /// Where some Vulkan drivers are left out, the Vulkan loader of this process is restricted to the others,
    /// through the environment.
    pub fn allow(&mut self, backends: Backends) -> Backends {
        let new = backends & (wgpu::Instance::enabled_backend_features() - self.tried);
        if !new.is_empty() {
            self.tried |= new;
            if let Err(why) = self.ask(new, None) {
                self.try_apart(new, &why);
            } else {
                self.allowed |= new;
            }
        }
        self.allowed & backends
    }

    /// An error of choosing an adapter, with what was left out.
    pub fn explain(&self, error: GpuError) -> GpuError {
        match error {
            GpuError::NotFound { wanted, found } if !self.left_out.is_empty() => {
                let left_out: Vec<String> = self.left_out.iter().map(ToString::to_string).collect();
                GpuError::NotFound { wanted, found: format!("{found}; {}", left_out.join("; ")) }
            }
            other => other,
        }
    }

    /// Tries the drivers of `backends` one by one, as they were too much together, and then once more those
    /// that passed.
    fn try_apart(&mut self, backends: Backends, why: &Ending) {
        // Where no child can be started there is no use in trying again.
        if matches!(why, Ending::NotStarted(_)) {
            let plural = if backends.iter().count() == 1 { "" } else { "s" };
            let what = format!("the backend{plural} {}", names(backends));
            return self.left_out.push(LeftOut { what, why: why.to_string() });
        }
        let units = units(backends, &manifests());
        let mut passed: Vec<&Unit> = Vec::new();
        for unit in &units {
            let alone = match units.len() {
                1 => Err(why.clone()),
                _ => self.ask(unit.backends(), unit.manifest().map(Path::as_os_str)),
            };
            match alone {
                // A driver without adapters is not needed: it may be for hardware that is not there.
                Ok(0) => {}
                Ok(_) => passed.push(unit),
                Err(why) => self.left_out.push(LeftOut { what: unit.name(), why: why.to_string() }),
            }
        }
        let backends = passed.iter().fold(Backends::empty(), |all, unit| all | unit.backends());
        let manifests: Vec<&Path> = passed.iter().filter_map(|unit| unit.manifest()).collect();
        // Paths with a separator in them come from no list of paths.
        let files = env::join_paths(manifests).unwrap_or_default();
        let files = Some(&*files).filter(|files| !files.is_empty());
        if backends.is_empty() {
            return;
        }
        match self.ask(backends, files) {
            Ok(_) => {
                self.allowed |= backends;
                if let Some(files) = files {
                    restrict_vulkan(files);
                }
            }
            Err(why) => {
                let what = passed.iter().map(|unit| unit.name()).collect::<Vec<_>>().join(" and ");
                let why = format!("together {why}, though each alone did not");
                self.left_out.push(LeftOut { what, why });
            }
        }
    }

    /// Has a child try the drivers of `backends`, the Vulkan loader restricted to these `files`. Returns the
    /// number of adapters.
    fn ask(&self, backends: Backends, files: Option<&OsStr>) -> Result<usize, Ending> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(names(backends));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(files) = files {
            command.envs(DRIVER_FILES.map(|name| (name, files)));
        }
        let failed = |error: io::Error| Ending::NotStarted(error.to_string());
        let mut child = command.spawn().map_err(failed)?;
        let deadline = Instant::now() + self.patience;
        let listened = lines_of(&mut child).map(|lines| listen(&lines, deadline));
        let heard = match listened {
            Ok(heard) => heard,
            Err(error) => {
                end(&mut child);
                return Err(failed(error));
            }
        };
        let status = match heard.timed_out {
            // A driver may crash or hang at its end, too.
            false => wait(&mut child, FAREWELL),
            true => None,
        };
        match (status, heard.done) {
            (Some(status), Some(adapters)) if status.success() => Ok(adapters),
            (Some(status), _) => Err(Ending::Crashed { status, opening: heard.opening }),
            (None, _) => {
                end(&mut child);
                Err(Ending::Hung { opening: heard.opening })
            }
        }
    }
}

/// How a child ended that did not end well.
#[derive(Debug, Clone)]
enum Ending {
    NotStarted(String),
    Crashed { status: ExitStatus, opening: Option<String> },
    Hung { opening: Option<String> },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = |opening: &Option<String>| match opening {
            Some(adapter) => format!("when {adapter} was opened"),
            None => "when it was started".into(),
        };
        match self {
            Self::NotStarted(why) => {
                write!(f, "could not be tried in a process of its own ({why})")
            }
            Self::Crashed { status, opening } => write!(f, "crashed {} ({status})", when(opening)),
            Self::Hung { opening } => write!(f, "did not answer {}", when(opening)),
        }
    }
}

/// What was heard of a child.
#[derive(Debug, Default)]
struct Heard {
    /// The adapter that was being opened last.
    opening: Option<String>,
    /// The number of adapters, once all were tried.
    done: Option<usize>,
    timed_out: bool,
}

/// The lines that `child` writes, read by a thread of its own, as a child that hangs never ends them.
fn lines_of(child: &mut Child) -> io::Result<Receiver<String>> {
    let (send, receive) = channel();
    let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no standard output"))?;
    thread::Builder::new().name("probe".into()).spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    })?;
    Ok(receive)
}

/// Listens until the last line, or until `deadline`. What is no line of ours was written by a driver.
fn listen(lines: &Receiver<String>, deadline: Instant) -> Heard {
    let mut heard = Heard::default();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(Line::Opening(adapter)) => heard.opening = Some(adapter),
                Ok(Line::Opened(_) | Line::Refused { .. }) => heard.opening = None,
                Ok(Line::Done(adapters)) => heard.done = Some(adapters),
                Err(_) => {}
            },
            Err(RecvTimeoutError::Disconnected) => return heard,
            Err(RecvTimeoutError::Timeout) => return Heard { timed_out: true, ..heard },
        }
    }
}

/// How `child` ended, where it does within `time`.
fn wait(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + time;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Err(_) => return None,
            Ok(None) if Instant::now() >= deadline => return None,
            Ok(None) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Ends a child. One that hangs within the system's own code can't be ended, and is left behind.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = wait(child, FAREWELL);
}

/// What can be tried apart of `backends`, where Vulkan has drivers with these manifests.
fn units(backends: Backends, manifests: &[PathBuf]) -> Vec<Unit> {
    let mut units = Vec::new();
    for backend in backends {
        if backend == Backends::VULKAN && !manifests.is_empty() {
            units.extend(manifests.iter().cloned().map(Unit::VulkanDriver));
        } else {
            units.push(Unit::Backend(backend));
        }
    }
    units
}

/// The manifests of Vulkan drivers, in the places where the Vulkan loader looks for them: those that the
/// environment names, else on Unix the JSON files of its folders. None where drivers are found in other ways.
pub fn manifests() -> Vec<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(paths) = DRIVER_FILES.into_iter().find_map(variable) {
        return json_files(env::split_paths(&paths));
    }
    let more = variable("VK_ADD_DRIVER_FILES");
    let mut places: Vec<PathBuf> = more.iter().flat_map(env::split_paths).collect();
    if cfg!(unix) && !cfg!(target_vendor = "apple") {
        let home = variable("HOME").map(PathBuf::from);
        let in_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
        let one = |name: &str, usual: &str| variable(name).map(PathBuf::from).or_else(|| in_home(usual));
        let many = |name: &str, usual: &str| variable(name).unwrap_or_else(|| usual.into());
        let mut roots: Vec<PathBuf> = one("XDG_CONFIG_HOME", ".config").into_iter().collect();
        roots.extend(env::split_paths(&many("XDG_CONFIG_DIRS", "/etc/xdg")));
        roots.extend(["/usr/local/etc", "/etc"].map(PathBuf::from));
        roots.extend(one("XDG_DATA_HOME", ".local/share"));
        roots.extend(env::split_paths(&many("XDG_DATA_DIRS", "/usr/local/share:/usr/share")));
        places.extend(roots.into_iter().map(|root| root.join("vulkan/icd.d")));
    }
    json_files(places)
}

/// The files among `places`, and the JSON files in the folders among them, each once.
fn json_files(places: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for place in places {
        let more = match std::fs::read_dir(&place) {
            Err(_) => vec![place],
            Ok(folder) => {
                let paths = folder.filter_map(Result::ok).map(|entry| entry.path());
                let mut paths: Vec<PathBuf> = paths
                    .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
                    .collect();
                paths.sort();
                paths
            }
        };
        files.extend(more.into_iter().filter(|path| path.is_file()));
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    files
}

/// Restricts the Vulkan loader of this process to the drivers with these manifests. It reads the environment
/// alone.
#[allow(unsafe_code)]
fn restrict_vulkan(files: &OsStr) {
    for name in DRIVER_FILES {
        // SAFETY: writing the environment is unsafe where another thread reads it by the C library at the
        // same time. Rust's own readers share a lock. A prober runs before this process has started a driver,
        // and the threads that it may have by then are Rayon's, which are idle between computations, and
        // those of progress bars: none reads the environment.
        unsafe { env::set_var(name, files) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vulkan_driver_and_each_other_backend_is_tried_apart() {
        let both = Backends::VULKAN | Backends::GL;
        let [one, two] = ["/a/one.json", "/b/two.json"].map(PathBuf::from);
        assert_eq!(
            units(both, &[one.clone(), two.clone()]),
            [Unit::VulkanDriver(one), Unit::VulkanDriver(two), Unit::Backend(Backends::GL)]
        );
        assert_eq!(units(both, &[]), [Unit::Backend(Backends::VULKAN), Unit::Backend(Backends::GL)]);
        for backends in [both, Backends::METAL | Backends::DX12, Backends::VULKAN] {
            assert_eq!(Backends::from_comma_list(&names(backends)), backends);
        }
    }

    #[test]
    fn manifests_are_files_named_or_in_folders_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let [b, a, text] = ["b.json", "a.json", "notes.txt"].map(|name| folder.path().join(name));
        for path in [&b, &a, &text] {
            std::fs::write(path, "{}").unwrap();
        }
        let missing = folder.path().join("missing.json");
        let places = [b.clone(), missing, folder.path().to_owned()];
        assert_eq!(json_files(places), [b, a]);
    }

    /// Children of a shell, which do not look at backends.
    #[cfg(unix)]
    mod children {
        use super::*;

        fn shell(script: &str) -> Prober {
            Prober::new("/bin/sh".into(), ["-c", script])
        }

        fn why(prober: &mut Prober) -> String {
            assert_eq!(prober.allow(Backends::GL), Backends::empty());
            let [left_out] = prober.left_out() else { panic!("{:?}", prober.left_out()) };
            assert_eq!(left_out.what, "the backend gl");
            left_out.why.clone()
        }

        #[test]
        fn one_that_ends_well_allows_its_backends_and_is_asked_once() {
            let file = tempfile::NamedTempFile::new().unwrap();
            let script =
                format!("echo x >> {}; echo a driver speaks; echo '{{\"done\":1}}'", file.path().display());
            let mut prober = shell(&script);
            assert_eq!(prober.allow(Backends::GL), Backends::GL);
            assert_eq!(prober.allow(Backends::GL), Backends::GL);
            assert!(prober.left_out().is_empty());
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "x\n");
        }

        #[test]
        fn one_that_crashes_tells_when() {
            let why_at_start = why(&mut shell("kill -ABRT $$"));
            assert!(why_at_start.starts_with("crashed when it was started (signal: 6"), "{why_at_start}");
            let opening = r#"echo '{"opening":"GL thing"}'; kill -SEGV $$"#;
            let why_opening = why(&mut shell(opening));
            assert!(why_opening.starts_with("crashed when GL thing was opened (signal: 11"), "{why_opening}");
            // At its very end, after all was said.
            let why_at_end = why(&mut shell(r#"echo '{"done":1}'; kill -SEGV $$"#));
            assert!(why_at_end.starts_with("crashed"), "{why_at_end}");
            // Ended before its time.
            assert!(why(&mut shell("exit 0")).starts_with("crashed"));
        }

        #[test]
        fn one_that_hangs_is_ended() {
            let script = r#"echo '{"opening":"GL thing"}'; exec sleep 1000"#;
            let mut prober = shell(script).patience(Duration::from_millis(300));
            assert_eq!(why(&mut prober), "did not answer when GL thing was opened");
        }

        #[test]
        fn one_that_can_not_be_started_allows_nothing() {
            let mut prober = Prober::new("/no/such/program".into(), ["x"]);
            let why = why(&mut prober);
            assert!(why.starts_with("could not be tried in a process of its own"), "{why}");
            let error =
                GpuError::NotFound { wanted: "hardware GPU".into(), found: "there is nothing".into() };
            let message = prober.explain(error).to_string();
            assert!(message.contains("there is nothing; the backend gl could not be tried"), "{message}");
        }
    }
}
