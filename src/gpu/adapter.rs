//! The adapters of this machine, and the choice among them.

use std::str::FromStr;

use wgpu::{Backend, DeviceType};

use super::GpuError;

/// What the user asks for with `--device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU where there is one and the work is large enough to gain from it, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A hardware GPU.
    Gpu,
    /// A software adapter: a GPU driver that computes on the CPU.
    Software,
    /// The first adapter whose backend and name contain this text, ignoring case.
    Named(String),
    /// The adapter of this number in the list.
    Index(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            // As part of a name it would fit every adapter.
            return Err("name a device, or leave the choice to auto".into());
        }
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "gpu" => Self::Gpu,
            "software" => Self::Software,
            other => other.parse().map_or_else(|_| Self::Named(text.trim().to_owned()), Self::Index),
        })
    }
}

/// One adapter, and what matters of it here.
#[derive(Debug, Clone)]
pub struct AdapterEntry {
    /// Number in the list, from 0.
    pub index: usize,
    /// What the driver says of itself.
    pub info: wgpu::AdapterInfo,
    /// What it allows.
    pub limits: wgpu::Limits,
    /// What it can do beyond the common ground.
    pub features: wgpu::Features,
    /// Why it can't be used, where it can't.
    pub unusable: Option<String>,
    pub(super) adapter: wgpu::Adapter,
}

impl AdapterEntry {
    fn new(index: usize, adapter: wgpu::Adapter) -> Self {
        let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
        let unusable = unusable(&adapter.get_downlevel_capabilities(), &limits);
        Self { index, info, limits, features, unusable, adapter }
    }

    /// The backend, as its makers write it.
    pub fn backend(&self) -> &'static str {
        backend_name(self.info.backend)
    }

    /// Backend and name, as messages and `--device NAME` have it: `Vulkan llvmpipe (LLVM 15.0.6, 256 bits)`.
    pub fn label(&self) -> String {
        format!("{} {}", backend_name(self.info.backend), self.info.name)
    }

    /// The driver and its version, as far as it tells: `llvmpipe Mesa 22.3.6 (LLVM 15.0.6)`.
    pub fn driver(&self) -> String {
        [self.info.driver.trim(), self.info.driver_info.trim()].join(" ").trim().to_owned()
    }

    /// Whether it computes on the CPU.
    pub fn is_software(&self) -> bool {
        self.info.device_type == DeviceType::Cpu
    }

    /// What kind of device it is, in words.
    pub fn kind(&self) -> &'static str {
        match self.info.device_type {
            DeviceType::DiscreteGpu => "discrete GPU",
            DeviceType::IntegratedGpu => "integrated GPU",
            DeviceType::VirtualGpu => "virtual GPU",
            DeviceType::Cpu => "software, not a GPU",
            DeviceType::Other => "unknown kind",
        }
    }

    fn rank(&self) -> (bool, u8, u8) {
        rank(self.info.device_type, self.info.backend, self.unusable.is_none())
    }
}

/// Order of preference, lowest first: usable, discrete before integrated, a modern backend before GL.
fn rank(kind: DeviceType, backend: Backend, usable: bool) -> (bool, u8, u8) {
    let kind = match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::VirtualGpu => 1,
        DeviceType::IntegratedGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    };
    (!usable, kind, u8::from(backend == Backend::Gl))
}

/// The name of a backend as its makers write it.
fn backend_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Vulkan => "Vulkan",
        Backend::Metal => "Metal",
        Backend::Dx12 => "DX12",
        Backend::Gl => "GL",
        Backend::BrowserWebGpu => "WebGPU",
        Backend::Noop => "no-op",
    }
}

/// What the kernels need, at the least.
fn unusable(capabilities: &wgpu::DownlevelCapabilities, limits: &wgpu::Limits) -> Option<String> {
    if !capabilities.flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) {
        return Some("it has no compute shaders".into());
    }
    let needs = [
        ("storage buffers a stage", limits.max_storage_buffers_per_shader_stage.into(), 4u64),
        ("invocations a workgroup", limits.max_compute_invocations_per_workgroup.into(), 64),
        ("workgroups a dimension", limits.max_compute_workgroups_per_dimension.into(), 256),
        ("bytes of a storage binding", limits.max_storage_buffer_binding_size, 1 << 24),
    ];
    needs
        .iter()
        .find(|(_, has, needed)| has < needed)
        .map(|(what, has, needed)| format!("it allows {has} {what}, {needed} are needed"))
}

/// The adapters of `backends`; over [`wgpu::Backends::all`] in the order that indices refer to.
pub fn adapters(backends: wgpu::Backends) -> Vec<AdapterEntry> {
    if backends.is_empty() {
        return Vec::new();
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends;
    // The same behaviour in debug and release builds; debugging layers are for who asks for them.
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(backends));
    found.into_iter().enumerate().map(|(index, adapter)| AdapterEntry::new(index, adapter)).collect()
}

/// The adapter that `choice` names; `None` for the CPU, and for [`DeviceChoice::Auto`] without a hardware
/// GPU. Looks no further than it must: GL, slow to start and the last resort, is asked only where the others
/// have nothing.
///
/// # Errors
///
/// As [`choose`].
pub fn find(choice: &DeviceChoice) -> Result<Option<AdapterEntry>, GpuError> {
    find_with(choice, |backends| backends)
}

/// As [`find`], with those backends alone that `allowed` leaves of the backends to be started next.
///
/// # Errors
///
/// As [`choose`].
pub fn find_with(
    choice: &DeviceChoice,
    mut allowed: impl FnMut(wgpu::Backends) -> wgpu::Backends,
) -> Result<Option<AdapterEntry>, GpuError> {
    let mut choose_of = |backends| choose(choice, adapters(allowed(backends)));
    match choice {
        DeviceChoice::Cpu => Ok(None),
        DeviceChoice::Named(_) | DeviceChoice::Index(_) => choose_of(wgpu::Backends::all()),
        DeviceChoice::Auto | DeviceChoice::Gpu | DeviceChoice::Software => {
            match choose_of(wgpu::Backends::PRIMARY) {
                Ok(Some(entry)) => Ok(Some(entry)),
                Ok(None) | Err(_) => choose_of(wgpu::Backends::all()),
            }
        }
    }
}

/// The adapter that `choice` names among `adapters`; `None` for the CPU, and for [`DeviceChoice::Auto`]
/// without a hardware GPU.
///
/// # Errors
///
/// [`GpuError::NotFound`] or [`GpuError::Unusable`], with what there is.
pub fn choose(choice: &DeviceChoice, adapters: Vec<AdapterEntry>) -> Result<Option<AdapterEntry>, GpuError> {
    let found = describe(&adapters);
    let best = |adapters: Vec<AdapterEntry>, wanted: &str, fits: &dyn Fn(&AdapterEntry) -> bool| {
        let best = adapters.into_iter().filter(|entry| fits(entry)).min_by_key(AdapterEntry::rank);
        match best {
            None => Err(GpuError::NotFound { wanted: wanted.into(), found }),
            Some(AdapterEntry { unusable: Some(why), info, .. }) => Err(GpuError::Unusable {
                adapter: format!("{} {}", backend_name(info.backend), info.name),
                why,
            }),
            Some(entry) => Ok(Some(entry)),
        }
    };
    match choice {
        DeviceChoice::Cpu => Ok(None),
        DeviceChoice::Auto => Ok(adapters
            .into_iter()
            .filter(|entry| !entry.is_software() && entry.unusable.is_none())
            .min_by_key(AdapterEntry::rank)),
        DeviceChoice::Gpu => best(adapters, "hardware GPU", &|entry| !entry.is_software()),
        DeviceChoice::Software => best(adapters, "software adapter", &AdapterEntry::is_software),
        DeviceChoice::Index(index) => {
            best(adapters, &format!("adapter with number {index}"), &|entry| entry.index == *index)
        }
        DeviceChoice::Named(name) => {
            let wanted = name.to_ascii_lowercase();
            let fits = |entry: &AdapterEntry| entry.label().to_ascii_lowercase().contains(&wanted);
            best(adapters, &format!("adapter named \"{name}\""), &fits)
        }
    }
}

/// The adapters in one line, for messages.
fn describe(adapters: &[AdapterEntry]) -> String {
    if adapters.is_empty() {
        return "this machine has no adapter (is a driver installed?)".into();
    }
    let labels: Vec<String> = adapters
        .iter()
        .map(|entry| format!("{} {} ({})", entry.index, entry.label(), entry.kind()))
        .collect();
    format!("there is: {}", labels.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_the_manual_says() {
        let read = |text: &str| text.parse::<DeviceChoice>().unwrap();
        assert_eq!(read("auto"), DeviceChoice::Auto);
        assert_eq!(read("CPU"), DeviceChoice::Cpu);
        assert_eq!(read("software"), DeviceChoice::Software);
        assert_eq!(read("1"), DeviceChoice::Index(1));
        assert_eq!(read("GL llvm"), DeviceChoice::Named("GL llvm".into()));
        for empty in ["", " "] {
            assert!(empty.parse::<DeviceChoice>().is_err());
        }
    }

    #[test]
    fn adapters_are_preferred_as_the_manual_says() {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        // From the first choice to the last.
        let order = [
            (DiscreteGpu, Backend::Vulkan, true),
            (DiscreteGpu, Backend::Gl, true),
            (VirtualGpu, Backend::Vulkan, true),
            (IntegratedGpu, Backend::Metal, true),
            (IntegratedGpu, Backend::Gl, true),
            (Other, Backend::Dx12, true),
            (Cpu, Backend::Vulkan, true),
            (Cpu, Backend::Gl, true),
            (DiscreteGpu, Backend::Vulkan, false),
            (Cpu, Backend::Gl, false),
        ];
        let ranks = order.map(|(kind, backend, usable)| rank(kind, backend, usable));
        assert!(ranks.is_sorted_by(|one, next| one < next), "{ranks:?}");
        assert_eq!(rank(DiscreteGpu, Backend::Vulkan, true), rank(DiscreteGpu, Backend::Dx12, true));
    }

    #[test]
    fn what_is_not_allowed_is_not_looked_at() {
        let mut asked = Vec::new();
        let mut none = |backends| {
            asked.push(backends);
            wgpu::Backends::empty()
        };
        assert!(find_with(&DeviceChoice::Cpu, &mut none).unwrap().is_none());
        assert!(find_with(&DeviceChoice::Auto, &mut none).unwrap().is_none());
        assert!(find_with(&DeviceChoice::Index(0), &mut none).is_err());
        // GL only where the others have nothing; a list that numbers refer to is of all.
        let all = wgpu::Backends::all();
        assert_eq!(asked, [wgpu::Backends::PRIMARY, all, all]);
    }

    #[test]
    fn no_adapter_is_an_error_only_where_one_is_asked_for() {
        assert!(choose(&DeviceChoice::Auto, Vec::new()).unwrap().is_none());
        assert!(choose(&DeviceChoice::Cpu, Vec::new()).unwrap().is_none());
        for choice in [
            DeviceChoice::Gpu,
            DeviceChoice::Software,
            DeviceChoice::Index(0),
            DeviceChoice::Named("x".into()),
        ] {
            let message = choose(&choice, Vec::new()).unwrap_err().to_string();
            assert!(message.contains("no adapter") && message.contains("`device cpu`"), "{message}");
        }
    }
}
