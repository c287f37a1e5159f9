//! ARCH-TOOLKIT and ARCH-MISSING of what an image compiles: the architectures that its build asks for, held against the
//! compiler and against the GPUs.

use crate::gpu::facts::{self, Gpu, drivers, toolkits};
use crate::gpu::image::Known;
use crate::gpu::judge::{self, Cover, cover};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Gravity, Platform, Stack, Stage, Target, Verdict, advice};

use super::compiled::{self, Compiled, Value};
use super::{Help, Need, build, cannot_start, help};

/// The variables that list architectures to compile for, and how they write them.
const LISTS: &[(&str, Writing)] = &[
    ("TORCH_CUDA_ARCH_LIST", Writing::Capability),
    ("FLASH_ATTN_CUDA_ARCHS", Writing::Number),
    ("CMAKE_CUDA_ARCHITECTURES", Writing::Number),
    ("CUDAARCHS", Writing::Number),
    ("TCNN_CUDA_ARCHITECTURES", Writing::Number),
    ("CUDA_COMPUTE_CAP", Writing::Number),
    ("NVTE_CUDA_ARCHS", Writing::Number),
];

/// How a list writes an architecture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// `9.0`, `9.0a`, `9.0+PTX`, `Hopper`.
    Capability,
    /// `90`, `90a`, `90-real`, `90-virtual`.
    Number,
}

/// The names that torch knows architectures by.
const NAMES: &[(&str, &[&str])] = &[
    ("Kepler", &["3.5"]),
    ("Maxwell", &["5.0", "5.2"]),
    ("Pascal", &["6.0", "6.1"]),
    ("Volta", &["7.0"]),
    ("Turing", &["7.5"]),
    ("Ampere", &["8.0", "8.6"]),
    ("Ada", &["8.9"]),
    ("Hopper", &["9.0"]),
];

/// Returns what a list asks for, as `sm_90`, `sm_90a` and `compute_90`; none where a part of it is not known.
fn read(writing: Writing, list: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for word in list.split([';', ' ', ',']).filter(|word| !word.is_empty()) {
        let (plain, has_ptx) = match writing {
            Writing::Capability => match word.strip_suffix("+PTX") {
                Some(plain) => (plain, true),
                None => (word, false),
            },
            Writing::Number => (word, false),
        };
        if let Some((_, own)) = NAMES.iter().find(|(name, _)| *name == plain).filter(|_| writing == Writing::Capability)
        {
            let numbers: Vec<String> = own.iter().map(|own| own.replace('.', "")).collect();
            found.extend(numbers.iter().map(|number| format!("sm_{number}")));
            found.extend(numbers.last().filter(|_| has_ptx).map(|number| format!("compute_{number}")));
            continue;
        }
        let (plain, kind) = match plain.split_once('-') {
            Some((plain, "real")) => (plain, "sm"),
            Some((plain, "virtual")) => (plain, "compute"),
            Some(_) => return None,
            // CMake makes both of a number alone.
            None if writing == Writing::Number => (plain, "sm"),
            None => (plain, "sm"),
        };
        let number = match writing {
            Writing::Capability => {
                let (major, minor) = plain.split_once('.')?;
                format!("{major}{minor}")
            }
            Writing::Number => plain.to_owned(),
        };
        let digits = number.trim_end_matches(['a', 'f']);
        if !(2..=3).contains(&digits.len()) || digits.parse::<u32>().is_err() || number.len() > digits.len() + 1 {
            return None;
        }
        found.push(format!("{kind}_{number}"));
        if has_ptx {
            found.push(format!("compute_{number}"));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Returns the number of an architecture: 90 of `sm_90a`.
fn number(architecture: &str) -> Option<u32> {
    architecture.split_once('_')?.1.trim_end_matches(['a', 'f']).parse().ok()
}

/// Returns the architectures that commands name to nvcc itself: `-gencode arch=compute_90,code=sm_90`, `-arch=sm_90`.
fn in_commands(stage: &Stage) -> Vec<(Value, Vec<String>)> {
    let options = ["-gencode", "--generate-code", "-arch=", "--gpu-architecture"];
    let mut found = Vec::new();
    for command in &stage.commands {
        let text = command.value;
        if !options.iter().any(|option| text.contains(option)) {
            continue;
        }
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.filter(|word| word.starts_with("sm_") || word.starts_with("compute_"));
        let mut named: Vec<String> = named.filter(|word| number(word).is_some()).map(str::to_owned).collect();
        named.dedup();
        if !named.is_empty() {
            found.push((Value { name: "-gencode", value: named.join(","), place: command.place }, named));
        }
    }
    found
}

/// Says whether a stage is seen to compile something.
fn compiles(stack: &Stack, stage: &Stage) -> bool {
    let tools = ["cmake", "make", "ninja", "nvcc", "cargo", "meson", "bazel"];
    let is_build = |text: &str| {
        let words = [
            "setup.py install",
            "setup.py develop",
            "setup.py bdist_wheel",
            "pip install .",
            "pip install -e ",
            "pip wheel",
            "pip3 install .",
            "uv build",
        ];
        words.iter().any(|word| text.contains(word))
    };
    stage.commands.iter().any(|command| tools.contains(&command.name) || is_build(command.value))
        || compiled::compiled(&stack.environment)
            .iter()
            .any(|compiled| compiled.is_certain && compiled.stage.name == stage.name)
}

/// ARCH-TOOLKIT: a build asks for an architecture that its compiler does not know.
pub(super) fn toolkit(stack: &Stack, answers: &mut Vec<Answer>) {
    let mut told = Vec::new();
    for stage in &stack.environment.stages {
        let Some(compiler) = compiled::compiler(stage).filter(|_| compiles(stack, stage)) else { continue };
        let lists = LISTS.iter().filter(|(name, _)| !leaves_out(name)).flat_map(|(name, writing)| {
            let values = compiled::values(stage, name).into_iter();
            values.filter_map(|value| Some((read(*writing, &value.value)?, value)))
        });
        let lists = lists.map(|(asked, value)| (value, asked)).chain(in_commands(stage));
        for (value, asked) in lists.collect::<Vec<_>>() {
            let mut wrong: Vec<(&String, Wrong)> =
                asked.iter().filter_map(|asked| Some((asked, wrong(asked, &compiler.value)?))).collect();
            wrong.dedup_by_key(|(asked, _)| number(asked));
            let Some((asked, first)) = wrong.first() else { continue };
            // A stage that starts from this one says the same again.
            if told.contains(&value.place) {
                continue;
            }
            told.push(value.place);
            answers.push(unknown_to(stage, &compiler, &value, asked, first, wrong.len()));
        }
    }
}

/// Says whether a package's build leaves out of a list what its compiler does not know.
fn leaves_out(list: &str) -> bool {
    facts::extensions().iter().any(|row| row.architectures == list && row.leaves_out)
}

/// Why a compiler does not know an architecture.
struct Wrong {
    row: &'static facts::ArchSupport,
    is_new: bool,
}

fn wrong(asked: &str, cuda: &Dotted) -> Option<Wrong> {
    let row = toolkits().compiles(number(asked)?)?;
    let cuda = cuda.major_minor();
    if cuda < row.first_toolkit {
        return Some(Wrong { row, is_new: true });
    }
    row.last_toolkit.as_ref().is_some_and(|last| cuda > *last).then_some(Wrong { row, is_new: false })
}

fn unknown_to(
    stage: &Stage,
    compiler: &Known<Dotted>,
    value: &Value,
    asked: &str,
    wrong: &Wrong,
    count: usize,
) -> Answer {
    let cuda = compiler.value.major_minor();
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let message = format!(
        "{}={} asks CUDA {cuda} for {asked}{more}, which it does not know: the build fails",
        value.name, value.value
    );
    let row = wrong.row;
    let rule = match (&row.last_toolkit, wrong.is_new) {
        (Some(last), false) => format!("{asked} ({}) was last in CUDA {last}: {cuda} > {last}", row.architecture),
        _ => format!(
            "{asked} ({}) is in CUDA {} and later: {cuda} < {}",
            row.architecture, row.first_toolkit, row.first_toolkit
        ),
    };
    let mut answer =
        Answer::new("ARCH-TOOLKIT", Verdict::FailsAtStart, Gravity::Error, build::about(stage, value.place), message)
            .because(format!("{}, in stage {}", compiler.because, build::stage_name(stage)), compiler.source)
            .because(rule, &row.source)
            .beside(compiler.about, "the compiler comes from here")
            .says("nvcc fatal   : Unsupported gpu architecture");
    // Thor's number changed; the board did not.
    answer = match number(asked) {
        Some(101) if !wrong.is_new => {
            answer.mend("write 110 in place of 101: CUDA 13.0 gave the same board another number")
        }
        Some(110) if wrong.is_new => {
            answer.mend("write 101 in place of 110: before CUDA 13.0 the same board had that number")
        }
        _ if wrong.is_new => {
            answer.mend(format!("compile with CUDA {} or later, or take {asked} off the list", row.first_toolkit))
        }
        _ => answer.mend(format!(
            "take {asked} off the list, or compile with CUDA {} for boards that old",
            row.last_toolkit.as_ref().map_or(String::new(), Dotted::to_string)
        )),
    };
    answer
}

/// ARCH-MISSING: what an image compiles has no kernel for a GPU of the target.
pub(super) fn missing(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let boards = judge::models(target);
    if boards.is_empty() || target.platform == Platform::Windows {
        return;
    }
    for compiled in compiled::compiled(&stack.environment).into_iter().filter(|compiled| compiled.is_certain) {
        let list = compiled.row.map_or("TORCH_CUDA_ARCH_LIST", |row| row.architectures.as_str());
        let Some((_, writing)) = LISTS.iter().find(|(name, _)| *name == list) else { continue };
        // Of several values it is not known which holds.
        let values = compiled::values(compiled.stage, list);
        let [value] = values.as_slice() else { continue };
        let Some(mut asked) = read(*writing, &value.value) else { continue };
        let compiler = compiled::compiler(compiled.stage);
        if compiled.row.is_some_and(|row| row.leaves_out)
            && let Some(compiler) = &compiler
        {
            asked.retain(|asked| wrong(asked, &compiler.value).is_none());
        }
        // CMake's plain numbers bring PTX along.
        if list == "CMAKE_CUDA_ARCHITECTURES" {
            let plain =
                value.value.split([';', ' ', ',']).filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
            asked.extend(plain.map(|word| format!("compute_{word}")));
        }
        let mut told: Vec<u32> = Vec::new();
        for board in &boards {
            if told.contains(&board.sm) {
                continue;
            }
            told.push(board.sm);
            match cover(&asked, board.sm) {
                Cover::Kernel => {}
                // Where it does not start at all, that is told.
                Cover::Ptx(_) if answers.iter().any(cannot_start) => {}
                Cover::Ptx(ptx) => {
                    answers.extend(compiled_by_driver((stack, target), &compiled, board, compiler.as_ref(), value, ptx))
                }
                Cover::None => answers.push(no_kernel(&compiled, board, compiler.as_ref(), value, &asked)),
            }
        }
    }
}

fn no_kernel(
    compiled: &Compiled<'_>,
    board: &Gpu,
    compiler: Option<&Known<Dotted>>,
    value: &Value,
    asked: &[String],
) -> Answer {
    let why = compiled::why(compiled);
    let list = asked.join(", ");
    let (source, rule) = (compiled.row.map_or("", |row| row.source.as_str()), toolkits().rule("binary_compat"));
    let message = format!(
        "{}, compiled for {list}, has no kernel for {}, and fails at its first one",
        compiled.shown, board.name
    );
    let mut answer = Answer::new("ARCH-MISSING", Verdict::FailsAtKernel, Gravity::Error, compiled.about, message)
        .because(why.text, why.source)
        .because(format!("{}={}: its kernels are for {list}", value.name, value.value), source)
        .because(format!("{} has compute capability {}", board.name, board.compute_capability), rule_source(board))
        .because("a kernel runs on its own major capability from its minor on, and on no other", rule)
        .beside(build::about(compiled.stage, value.place), "what it is compiled for")
        .says("no kernel image is available for execution on the device");
    let added = match value.name {
        "TORCH_CUDA_ARCH_LIST" => board.compute_capability.to_string(),
        // flash-attn has kernels of this family under its first number.
        _ => (board.sm / 10 * 10).to_string(),
    };
    let row = toolkits()
        .compiles(board.sm)
        .filter(|row| compiler.is_none_or(|compiler| compiler.value.major_minor() < row.first_toolkit));
    answer = match (row, compiler) {
        (Some(row), Some(_)) => {
            answer.mend(format!("add {added} to {}, and compile with CUDA {} or later", value.name, row.first_toolkit))
        }
        _ => answer.mend(format!("add {added} to {} and build the image anew", value.name)),
    };
    answer
}

fn rule_source(board: &Gpu) -> &'static str {
    facts::gpus().models.iter().find(|gpu| gpu.name == board.name).map_or("", |gpu| &gpu.source)
}

/// PTX runs where the driver can compile it: it must know the toolkit that made it, by itself or by the
/// forward-compatibility driver of the image.
fn compiled_by_driver(
    (stack, target): (&Stack, &Target),
    compiled: &Compiled<'_>,
    board: &Gpu,
    compiler: Option<&Known<Dotted>>,
    value: &Value,
    ptx: u32,
) -> Option<Answer> {
    let (compiler, driver) = (compiler?, target.driver.as_ref().filter(|_| target.platform == Platform::Linux)?);
    let branch = drivers().branch(driver)?;
    let capable = target.capability.as_ref().unwrap_or(&branch.max_cuda);
    let cuda = compiler.value.major_minor();
    let needs = toolkits().ptx_needs(&cuda);
    if needs <= *capable {
        return None;
    }
    let why = compiled::why(compiled);
    let answer = |verdict, how: &str| {
        let gravity = if verdict == Verdict::FailsAtKernel { Gravity::Error } else { Gravity::Info };
        let message = format!("{} has only PTX of CUDA {cuda} for {}, and {how}", compiled.shown, board.name);
        Answer::new("PTX-NEW", verdict, gravity, compiled.about, message)
            .because(why.text.clone(), why.source)
            .because(compiler.because.clone(), compiler.source)
            .because(
                format!(
                    "{}={}: only compute_{ptx} covers {}, which the driver compiles",
                    value.name, value.value, board.name
                ),
                toolkits().rule("binary_compat"),
            )
            .because(
                format!(
                    "PTX of CUDA {cuda} needs a driver for {needs} or later, and {driver} (R{}) is for {capable}: {capable} < {needs}; minor-version compatibility does not help here",
                    branch.branch
                ),
                toolkits().rule("ptx_jit"),
            )
            .beside(build::about(compiled.stage, value.place), "what it is compiled for")
    };
    let fails = || {
        answer(Verdict::FailsAtKernel, "fails at its first kernel")
            .says("the provided PTX was compiled with an unsupported toolchain")
            .mend(format!("name the board itself in {}, or compile with CUDA {capable} or earlier", value.name))
    };
    let moves = || {
        let branch = drivers().branches.iter().find(|branch| branch.max_cuda >= needs)?;
        advice::drivers(Some(&branch.first_toolkit_driver_linux), &judge::models(target))
    };
    let (mut told, chain) = match help(stack, target, driver, &Need::Capability(&needs)) {
        Help::Runs(chain) => (answer(Verdict::RunsIf, "runs on a condition"), chain),
        Help::Unknown(chain) => (answer(Verdict::Unknown, "is not judged"), chain),
        Help::Branch(chain) | Help::Hardware(chain) => (fails(), chain),
        Help::None | Help::Maybe(_) => (fails(), Vec::new()),
    };
    told.chain.extend(chain);
    if told.gravity == Gravity::Error {
        told.advice.extend(moves());
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_architectures_are_read_as_their_tools_read_them() {
        for (writing, list, expected) in [
            (Writing::Capability, "8.0;9.0+PTX", Some("sm_80 sm_90 compute_90")),
            (Writing::Capability, "7.5 8.0 8.6", Some("sm_75 sm_80 sm_86")),
            (Writing::Capability, "9.0a;10.0f", Some("sm_90a sm_100f")),
            (Writing::Capability, "Ampere;Hopper+PTX", Some("sm_80 sm_86 sm_90 compute_90")),
            (Writing::Capability, "Common", None),
            (Writing::Capability, "$ARCHS", None),
            (Writing::Capability, "", None),
            (Writing::Number, "80;90", Some("sm_80 sm_90")),
            (Writing::Number, "80-real;90-virtual;100a", Some("sm_80 compute_90 sm_100a")),
            (Writing::Number, "native", None),
            (Writing::Number, "all-major", None),
            (Writing::Number, "80;${ARCH}", None),
            (Writing::Number, "99999999999", None),
        ] {
            assert_eq!(read(writing, list).map(|read| read.join(" ")).as_deref(), expected, "{list}");
        }
    }

    #[test]
    fn compilers_know_architectures_from_one_release_to_another() {
        for (asked, cuda, is_wrong) in [
            ("sm_120", "12.6", true),
            ("sm_120", "12.8", false),
            ("sm_70", "12.9", false),
            ("sm_70", "13.0.1", true),
            ("compute_101", "13.0", true),
            ("sm_101", "12.8.1", false),
            ("sm_110", "12.9", true),
            ("sm_110", "13.0", false),
            ("sm_103", "12.8", true),
            // No architecture that is known.
            ("sm_84", "12.8", false),
        ] {
            assert_eq!(wrong(asked, &Dotted::parse(cuda).expect("a version")).is_some(), is_wrong, "{asked} {cuda}");
        }
    }
}
