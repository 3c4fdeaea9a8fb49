//! Every shader that is handed to a device, without a device: it parses, validates and translates to the
//! languages of all backends (SPIR-V for Vulkan, MSL for Metal, HLSL for DX12, GLSL for GL), and host structs
//! lie in memory as its own do.
//!
//! SPIR-V is checked by `spirv-val` (SPIRV-Tools). Where that is not installed these tests are listed as
//! ignored; with `BELLWETHER_REQUIRE_GPU=1` in the environment they fail instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test is a panic"
)]

use std::collections::BTreeSet;
use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use bellwether::compare::uniform::gpu as uniform;
use bellwether::growth::gpu::brute::SliceParameters;
use bellwether::growth::gpu::egm::IterationParameters;
use bellwether::growth::gpu::shocks::{self, EulerParameters, ExpectationParameters};
use bellwether::random::{Purpose, Stream};
use bellwether::resample::gpu::{BatchEntry, DispatchParameters};
use bellwether::resample::{plan, wild};
use libtest_mimic::{Arguments, Failed, Trial};
use naga::back::{PipelineConstants, glsl, hlsl, msl, pipeline_constants::process_overrides, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy, Layouter};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage, TypeInner};

/// A source as it is handed to a device: a kernel's file and the shared files after it.
struct Shader {
    name: &'static str,
    source: &'static str,
    /// Entry points, so that one that is lost is missed.
    entries: &'static [&'static str],
    /// Override constants that the host sets, as it sets them.
    constants: &'static [(&'static str, f64)],
}

/// All of them. A new kernel is added here.
const SHADERS: &[Shader] = &[
    Shader {
        name: "resample",
        source: bellwether::resample::gpu::SOURCE,
        entries: &["single", "line"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "tally",
        source: bellwether::resample::gpu::TALLY,
        entries: &["tally"],
        constants: &[("WORKGROUP", 32.0), ("TALLIES", 144.0)],
    },
    Shader {
        name: "tally_software",
        source: bellwether::resample::gpu::SOFTWARE_TALLY,
        entries: &["tally"],
        constants: &[("WORKGROUP", 8.0)],
    },
    Shader {
        name: "wild",
        source: bellwether::resample::gpu::WILD,
        entries: &["wild"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "block",
        source: bellwether::resample::gpu::BLOCK,
        entries: &["block"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "stationary",
        source: bellwether::resample::gpu::STATIONARY,
        entries: &["stationary"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "uniform",
        source: bellwether::compare::uniform::gpu::SOURCE,
        entries: &["sum_words"],
        constants: &[],
    },
    Shader {
        name: "egm",
        source: bellwether::growth::gpu::egm::SOURCE,
        entries: &["one_iteration", "one_workgroup"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "brute",
        source: bellwether::growth::gpu::brute::SOURCE,
        entries: &["one_iteration", "one_workgroup"],
        constants: &[("WORKGROUP", 64.0), ("TILE", 256.0), ("SIGMA", 2.0)],
    },
    Shader {
        name: "expectation",
        source: shocks::EXPECTATION,
        entries: &["expect"],
        constants: &[("WORKGROUP", 64.0)],
    },
    Shader {
        name: "euler",
        source: shocks::EULER,
        entries: &["endogenous_grid"],
        constants: &[("WORKGROUP", 64.0), ("SIGMA", 2.0)],
    },
    Shader {
        name: "probe",
        source: concat!(
            include_str!("shaders/probe.wgsl"),
            include_str!("../shaders/index.wgsl"),
            include_str!("../shaders/philox.wgsl"),
        ),
        entries: &["philox", "rows", "count"],
        constants: &[],
    },
];

/// A language, and the way to it.
struct Language {
    name: &'static str,
    translate: fn(&Module, &ModuleInfo, &str) -> Result<(), String>,
}

const LANGUAGES: &[Language] = &[
    Language { name: "MSL", translate: to_msl },
    Language { name: "HLSL", translate: to_hlsl },
    Language { name: "GLSL", translate: to_glsl },
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        test("every_shader_file_is_covered", every_shader_file_is_covered),
        test("constants_are_those_of_the_host", constants_are_those_of_the_host),
        test("host_structs_lie_as_the_shaders_do", host_structs_lie_as_the_shaders_do),
        test("a_moved_member_is_found_out", a_moved_member_is_found_out),
        test("faulty_shaders_are_found_out", faulty_shaders_are_found_out),
    ];
    let validator_runs = Command::new("spirv-val").arg("--version").output().is_ok();
    let required = std::env::var_os("BELLWETHER_REQUIRE_GPU").is_some_and(|value| value == "1");
    let with_validator =
        |name: String, run: fn(&Shader, &str), shader: &'static Shader, entry: &'static str| {
            if validator_runs {
                return test(name, move || run(shader, entry));
            }
            let missing = || Err(Failed::from("spirv-val is not installed, and BELLWETHER_REQUIRE_GPU=1"));
            Trial::test(format!("{name} (no spirv-val)"), missing).with_ignored_flag(!required)
        };
    for shader in SHADERS {
        trials.push(test(format!("{}_has_its_entry_points", shader.name), || has_its_entry_points(shader)));
        for &entry in shader.entries {
            for language in LANGUAGES {
                let name = format!("{}_{entry}_translates_to_{}", shader.name, language.name);
                trials.push(test(name, || {
                    let (module, info) = specialized(shader, entry).unwrap();
                    (language.translate)(&module, &info, entry).unwrap();
                }));
            }
            let name = format!("{}_{entry}_is_valid_SPIR-V", shader.name);
            trials.push(with_validator(name, is_valid_spirv, shader, entry));
        }
    }
    trials.push(with_validator(
        "faulty_SPIR-V_is_found_out".into(),
        faulty_spirv_is_found_out,
        &SHADERS[0],
        "single",
    ));
    libtest_mimic::run(&arguments, trials).exit();
}

fn test(name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        run();
        Ok(())
    })
}

/// Parses and validates a source for a device without any optional capability.
fn validated(source: &str) -> Result<(Module, ModuleInfo), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|error| error.emit_to_string(source))?;
    Ok((module, info))
}

/// As [`validated`], with override constants put in: what a backend translates.
fn specialized(shader: &Shader, entry: &str) -> Result<(Module, ModuleInfo), String> {
    let (module, info) = validated(shader.source)?;
    let constants: PipelineConstants =
        shader.constants.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    let (module, info) = process_overrides(&module, &info, Some((ShaderStage::Compute, entry)), &constants)
        .map_err(|error| error.to_string())?;
    Ok((module.into_owned(), info.into_owned()))
}

fn has_its_entry_points(shader: &Shader) {
    let (module, _) = validated(shader.source).unwrap();
    let found: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(found, shader.entries);
    // A workgroup has the size that the host plans with.
    for (entry, name) in module.entry_points.iter().zip(shader.entries) {
        let (module, _) = specialized(shader, name).unwrap();
        let specialized = module.entry_points.iter().find(|other| other.name == entry.name).unwrap();
        let wanted = shader
            .constants
            .iter()
            .find(|(name, _)| *name == "WORKGROUP")
            .map_or(64, |&(_, size)| size as u32);
        assert_eq!(specialized.workgroup_size, [wanted, 1, 1], "{name}");
    }
    // An override of another name is refused, so that the constants above are in use.
    let unknown = Shader { constants: &[("WORKGROUPS", 64.0)], ..*shader };
    assert!(specialized(&unknown, shader.entries[0]).is_err());
}

fn to_msl(module: &Module, info: &ModuleInfo, entry: &str) -> Result<(), String> {
    // The versions of macOS 10.15, 12 and 14.
    for lang_version in [(2, 2), (2, 4), (3, 1)] {
        let options = msl::Options {
            lang_version,
            bounds_check_policies: restricted(),
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        };
        let pipeline = msl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, entry.into())),
            ..Default::default()
        };
        let (text, translated) =
            msl::write_string(module, info, &options, &pipeline).map_err(|error| error.to_string())?;
        one_entry(&translated.entry_point_names, &text, "kernel void")?;
    }
    Ok(())
}

fn to_hlsl(module: &Module, info: &ModuleInfo, entry: &str) -> Result<(), String> {
    // For the compilers FXC and DXC.
    for shader_model in [hlsl::ShaderModel::V5_1, hlsl::ShaderModel::V6_0] {
        let options =
            hlsl::Options { shader_model, zero_initialize_workgroup_memory: false, ..Default::default() };
        let pipeline = hlsl::PipelineOptions { entry_point: Some((ShaderStage::Compute, entry.into())) };
        let mut text = String::new();
        let translated = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(module, info, None)
            .map_err(|error| error.to_string())?;
        let mark = format!("[numthreads({}, 1, 1)]", workgroup_of(module, entry));
        one_entry(&translated.entry_point_names, &text, &mark)?;
    }
    Ok(())
}

fn to_glsl(module: &Module, info: &ModuleInfo, entry: &str) -> Result<(), String> {
    for version in [glsl::Version::Desktop(430), glsl::Version::new_gles(310)] {
        let options =
            glsl::Options { version, zero_initialize_workgroup_memory: false, ..Default::default() };
        let pipeline = glsl::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: entry.into(),
            multiview: None,
        };
        let mut text = String::new();
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, restricted())
            .and_then(|mut writer| writer.write())
            .map_err(|error| error.to_string())?;
        let mark = format!("layout(local_size_x = {},", workgroup_of(module, entry));
        one_entry(&[Ok::<_, String>("main".to_owned())], &text, &mark)?;
    }
    Ok(())
}

/// Invocations of a workgroup.
fn workgroup_of(module: &Module, entry: &str) -> u32 {
    module.entry_points.iter().find(|other| other.name == entry).unwrap().workgroup_size[0]
}

/// Checks that the text has one entry point, the one asked for.
fn one_entry<E: ToString>(names: &[Result<String, E>], text: &str, mark: &str) -> Result<(), String> {
    let [Ok(name)] = names else { return Err(format!("{} entry points, or a broken one", names.len())) };
    let marks = text.matches(mark).count();
    if marks == 1 && text.contains(&format!("void {name}(")) { Ok(()) } else { Err(text.to_owned()) }
}

fn restricted() -> BoundsCheckPolicies {
    BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        buffer: BoundsCheckPolicy::Restrict,
        image_load: BoundsCheckPolicy::Restrict,
        binding_array: BoundsCheckPolicy::Unchecked,
    }
}

/// Versions of SPIR-V with the version of Vulkan that each is for.
const ENVIRONMENTS: &[((u8, u8), &str)] =
    &[((1, 0), "vulkan1.0"), ((1, 3), "vulkan1.1"), ((1, 5), "vulkan1.2"), ((1, 6), "vulkan1.3")];

fn to_spirv(module: &Module, info: &ModuleInfo, entry: &str, version: (u8, u8)) -> Vec<u32> {
    let options = spv::Options {
        lang_version: version,
        bounds_check_policies: restricted(),
        fake_missing_bindings: true,
        ..Default::default()
    };
    let pipeline = spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: entry.into() };
    spv::write_vec(module, info, &options, Some(&pipeline)).unwrap()
}

/// What `spirv-val` says, where it complains.
fn spirv_complaint(words: &[u32], environment: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernel.spv");
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("spirv-val").args(["--target-env", environment]).arg(&file).output().unwrap();
    (!output.status.success()).then(|| {
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    })
}

fn is_valid_spirv(shader: &Shader, entry: &str) {
    let (module, info) = specialized(shader, entry).unwrap();
    for &(version, environment) in ENVIRONMENTS {
        let words = to_spirv(&module, &info, entry, version);
        assert_eq!(spirv_complaint(&words, environment), None, "{environment}");
    }
}

/// The perturbed twin: one word of a valid module is broken, and the module cut short.
fn faulty_spirv_is_found_out(shader: &Shader, entry: &str) {
    let (module, info) = specialized(shader, entry).unwrap();
    let (version, environment) = ENVIRONMENTS[1];
    let words = to_spirv(&module, &info, entry, version);
    let mut broken = words.clone();
    // The words before last are the end of a function: OpReturn, then OpFunctionEnd.
    let at = broken.len() - 2;
    broken[at] ^= 0xff;
    assert!(spirv_complaint(&broken, environment).is_some());
    assert!(spirv_complaint(&words[..words.len() - 1], environment).is_some());
}

/// Each file of both folders of shaders is part of a source above.
fn every_shader_file_is_covered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = BTreeSet::new();
    for folder in ["shaders", "tests/shaders"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let covered = !text.is_empty() && SHADERS.iter().any(|shader| shader.source.contains(&text));
            assert!(covered, "{} is in no source of SHADERS; add the one that it is part of", path.display());
            seen.insert(path);
        }
    }
    // And each source is made of such files, so that none comes from elsewhere.
    for shader in SHADERS {
        let known: usize = seen
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .filter(|text| shader.source.contains(text))
            .map(|text| text.len())
            .sum();
        assert_eq!(known, shader.source.len(), "{} holds text that is in no shader file", shader.name);
    }
}

/// What a scheme's shader and its host must agree on, as the shader writes it.
fn constants_are_those_of_the_host() {
    let threshold = format!("const THRESHOLD: u32 = {}u;", wild::THRESHOLD);
    assert!(bellwether::resample::gpu::WILD.contains(&threshold));
    let samples = format!("const SAMPLES: u32 = {}u;", plan::WILD_SAMPLES);
    assert!(bellwether::resample::gpu::WILD.contains(&samples));
    let lengths = format!("const LENGTHS: u32 = {}u << 24u;", Purpose::StationaryLengths as u32);
    assert!(bellwether::resample::gpu::STATIONARY.contains(&lengths));
    assert_eq!(Stream::purpose_word(Purpose::StationaryLengths, 0), 7 << 24);
}

/// Members of a struct: name, offset and size.
type Members = Vec<(String, usize, usize)>;

/// Size and members of struct `name` in a WGSL source.
fn shader_layout(source: &str, name: &str) -> (usize, Members) {
    let (module, _) = validated(source).unwrap();
    let mut layouter = Layouter::default();
    layouter.update(module.to_ctx()).unwrap();
    let (handle, found) = module
        .types
        .iter()
        .find(|(_, found)| found.name.as_deref() == Some(name))
        .expect("the struct exists");
    let TypeInner::Struct { ref members, span } = found.inner else { panic!("{name} is no struct") };
    assert_eq!(span, layouter[handle].size);
    let members = members.iter().map(|member| {
        let size = layouter[member.ty].size as usize;
        (member.name.clone().unwrap(), member.offset as usize, size)
    });
    (span as usize, members.collect())
}

/// Size and members of a host struct. The pattern names every member: one that is missing does not compile.
macro_rules! host_layout {
    ($host:ident { $($member:ident),+ }) => {{
        let $host { $($member),+ } = bytemuck::Zeroable::zeroed();
        (
            size_of::<$host>(),
            vec![$((stringify!($member).to_owned(), offset_of!($host, $member), size_of_val(&$member))),+],
        )
    }};
}

fn dispatch_layout() -> (usize, Members) {
    host_layout!(DispatchParameters {
        key_low,
        key_high,
        first_batch,
        first_sample,
        sample_offset,
        samples,
        tile_samples,
        first_draw,
        end_draw,
        purpose,
        length,
        padding
    })
}

fn batch_layout() -> (usize, Members) {
    host_layout!(BatchEntry { day, rows, rows_per_word, threshold, first_word, stride, row_words, first_sum })
}

fn uniform_layouts() -> [(usize, Members); 2] {
    use uniform::{DispatchParameters, Partial};
    let dispatch = host_layout!(DispatchParameters {
        key_low,
        key_high,
        size,
        blocks_per_row,
        blocks,
        first_group,
        purpose,
        padding
    });
    [dispatch, host_layout!(Partial { low, high })]
}

fn iteration_layout() -> (usize, Members) {
    host_layout!(IterationParameters {
        points,
        first_row,
        end_row,
        read,
        write,
        slot,
        iterations,
        tolerance,
        states
    })
}

fn slice_layout() -> (usize, Members) {
    host_layout!(SliceParameters {
        points,
        first_row,
        end_row,
        first_candidate,
        end_candidate,
        read,
        write,
        slot,
        beta,
        shift,
        iterations,
        tolerance,
        continuation
    })
}

/// Those of `expectation.wgsl` and of `euler.wgsl`.
fn expectation_layouts() -> [(usize, Members); 2] {
    [
        host_layout!(ExpectationParameters { points, states, read, write, first_row, end_row }),
        host_layout!(EulerParameters { points, states, first_row, end_row }),
    ]
}

fn host_structs_lie_as_the_shaders_do() {
    assert_eq!(uniform_layouts(), ["Dispatch", "Partial"].map(|name| shader_layout(uniform::SOURCE, name)));
    let source = bellwether::resample::gpu::SOURCE;
    assert_eq!(dispatch_layout(), shader_layout(source, "Dispatch"));
    assert_eq!(batch_layout(), shader_layout(source, "Batch"));
    assert_eq!(iteration_layout(), shader_layout(bellwether::growth::gpu::egm::SOURCE, "Iteration"));
    assert_eq!(slice_layout(), shader_layout(bellwether::growth::gpu::brute::SOURCE, "Slice"));
    let (expectation, euler) = (shocks::EXPECTATION, shocks::EULER);
    let layouts = [shader_layout(expectation, "Expectation"), shader_layout(euler, "Euler")];
    assert_eq!(expectation_layouts(), layouts);
    // Batches lie in an array, one after the other.
    let (module, _) = validated(source).unwrap();
    let batches =
        module.global_variables.iter().find(|(_, global)| global.name.as_deref() == Some("batches"));
    let TypeInner::Array { stride, .. } = module.types[batches.unwrap().1.ty].inner else {
        panic!("batches is no array")
    };
    assert_eq!(stride as usize, size_of::<BatchEntry>());
}

/// The perturbed twin: two members exchanged, one more, one wider.
fn a_moved_member_is_found_out() {
    let source = bellwether::resample::gpu::SOURCE;
    let edited = |from: &str, to: &str| {
        assert_eq!(source.matches(from).count(), 1, "{from}");
        source.replace(from, to)
    };
    let day = "    day: u32,           // YYYYMMDD\n";
    let rows = "    rows: u32,          // number of rows, n\n    rows_per_word: u32, // of the row range\n";
    let exchanged = edited(&format!("{day}{rows}"), &format!("{rows}{day}"));
    assert_ne!(batch_layout(), shader_layout(&exchanged, "Batch"));
    let longer = edited("    padding: u32,\n", "    padding: u32,\n    padding2: u32,\n");
    assert_ne!(dispatch_layout(), shader_layout(&longer, "Dispatch"));
    let wider = edited("    padding: u32,\n", "    padding: vec2<u32>,\n");
    assert_ne!(dispatch_layout(), shader_layout(&wider, "Dispatch"));
    let source = bellwether::growth::gpu::brute::SOURCE;
    let (read, write) = ("    read: u32, ", "    write: u32,");
    assert!(source.matches(read).count() == 1 && source.matches(write).count() == 1);
    let exchanged = source.replace(read, "    other: u32, ").replace(write, read).replace("other:", "write:");
    assert_ne!(slice_layout(), shader_layout(&exchanged, "Slice"));
}

/// The perturbed twin: sources that do not parse, do not validate, or ask for what not every device has.
fn faulty_shaders_are_found_out() {
    let source = bellwether::resample::gpu::SOURCE;
    let faults = [
        ("let sample = dispatch.sample_offset + id.x;", "let sample = dispatch.sample_offset + id;"),
        ("sums[place] = sum;", "sums[place] = f32(sum);"),
        ("sums[place] = sum;", "batches[place].day = sum;"),
        ("var sum = 0u;", "var sum = u32(0.0lf);"),
        ("fn philox4x32_10(", "fn philox("),
    ];
    for (from, to) in faults {
        assert!(source.contains(from), "{from}");
        assert!(validated(&source.replace(from, to)).is_err(), "{to} was let through");
    }
}
