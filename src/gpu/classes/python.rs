//! Python packages that are built for one CUDA major by their name or version: CuPy, RAPIDS, numba-cuda, CUDA's bindings.

use std::collections::BTreeSet;

use super::super::carriers::{covers, rapids_major};
use super::super::facts::{self, frameworks};
use super::super::judge::least;
use super::super::version::Dotted;
use super::super::{Answer, Evidence, Gravity, Package, Platform, Stack, Target, Verdict, advice};
use super::held::{self, Held};
use super::mix::{fit, no_libraries, parties, party, wheels};

/// Tells several packages of CuPy, and one that is for another CUDA than there is.
pub(super) fn cupy(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let is_cupy = |name: &str| name == "cupy" || name.starts_with("cupy-cuda") || name.starts_with("cupy-rocm-");
    let all: Vec<&Package> = environment
        .packages
        .iter()
        .filter(|package| package.component.purl.ty() == "pypi" && is_cupy(package.name()))
        .collect();
    let source = &frameworks().libraries.cupy_rules.source;
    let pairs = all.iter().enumerate().flat_map(|(at, one)| all[at + 1..].iter().map(move |other| (*one, *other)));
    let both = pairs.into_iter().find(|(one, other)| one.name() != other.name() && environment.together(one, other));
    if let Some((one, other)) = both {
        let message = format!("{} and {} are both locked, and both are the module cupy", one.shown(), other.shown());
        let mut answer = Answer::new("CUPY", Verdict::FailsAtStart, Gravity::Error, Evidence::from(other), message)
            .because("only one CuPy may be installed: two overwrite one another", source)
            .because("CuPy looks for its own second copy when it is imported, and warns", "cupy/cupy#5736")
            .beside(one.into(), "the other CuPy")
            .says("CuPy may not function correctly because multiple CuPy packages are installed");
        let wanted = parties(stack).first().and_then(|anchor| anchor.carrier.cuda.major());
        let kept = wanted.map(|major| format!("cupy-cuda{major}x"));
        match all.iter().find(|package| Some(package.name()) == kept.as_deref()) {
            Some(package) => answer.advice.push(format!("keep {} alone", package.shown())),
            None => answer.advice.push("keep the one for the CUDA that is there".to_owned()),
        }
        answers.push(answer);
        return;
    }
    let [package] = all[..] else { return };
    let Some(own) = party(stack, package.name()) else { return };
    let Some(major) = own.carrier.cuda.major() else { return };
    // With its extra, or with wheels of its major, it has what it needs.
    if package.extras.iter().any(|extra| extra.split(',').any(|extra| extra == "ctk"))
        || wheels(environment, major).is_some()
    {
        return;
    }
    let held = held::held(environment);
    let parties = parties(stack);
    let anchor =
        parties.iter().find(|other| !other.majors.contains(&major) && environment.together(other.package, package));
    let has_own = parties.iter().any(|other| other.majors.contains(&major));
    if has_own || held.brings(major).is_some() {
        return;
    }
    let (message, gravity) = match (anchor, no_libraries(stack, &held, major)) {
        (Some(anchor), lacks) => {
            let gravity = if lacks.is_some() { Gravity::Error } else { Gravity::Warning };
            let (other, cuda) = (anchor.package.shown(), &anchor.carrier.cuda);
            (format!("{} is for {}, and {other} beside it brings {cuda}", package.shown(), own.carrier.cuda), gravity)
        }
        (None, Some(lacks)) => {
            (format!("{} is for {}, and {lacks}", package.shown(), own.carrier.cuda), Gravity::Error)
        }
        (None, None) => return,
    };
    let mut answer = Answer::new("CUPY", Verdict::FailsAtStart, gravity, Evidence::from(package), message)
        .because(&own.carrier.because, own.carrier.source)
        .because("it brings no CUDA along unless it is asked for with its extra ctk, and compiles its kernels with the NVRTC of its own major", source)
        .says(match major {
            11 => "libnvrtc.so.11.2: cannot open shared object file: No such file or directory",
            12 => "libnvrtc.so.12: cannot open shared object file: No such file or directory",
            13 => "libnvrtc.so.13: cannot open shared object file: No such file or directory",
            _ => "",
        });
    if let Some(anchor) = anchor {
        answer = answer
            .because(&anchor.carrier.because, anchor.carrier.source)
            .beside(anchor.package.into(), "what brings the other CUDA");
        answer.advice.extend(anchor.carrier.cuda.major().and_then(|major| fit(package.name(), major)));
    }
    if gravity == Gravity::Warning {
        answer =
            answer.because(format!("it fails unless the image has the libraries of CUDA {major}"), "cupy/cupy#9827");
        answer.verdict = Verdict::RunsIf;
    } else if let Some(lacks) = no_libraries(stack, &held, major) {
        answer = answer.because(lacks, held::source());
    }
    answers.push(answer.mend(format!("ask for {}[ctk], which brings its toolkit as wheels", package.name())));
}

/// Tells packages of RAPIDS for different CUDA majors, or of different months.
pub(super) fn rapids(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let all: Vec<(&Package, u32)> = environment
        .packages
        .iter()
        .filter(|package| package.component.purl.ty() == "pypi")
        .filter_map(|package| Some((package, rapids_major(package.name())?)))
        .collect();
    // Some parts have numbers of their own: the project's are a year and a month.
    let month = |package: &Package| {
        package.release().filter(|release| release.major() >= 20).map(|release| release.major_minor())
    };
    let Some((first, major)) = all.first().copied() else { return };
    let row = frameworks()
        .libraries
        .rapids
        .iter()
        .find(|row| month(first).is_some_and(|month| covers(&row.versions, &month)));
    let source = row.or(frameworks().libraries.rapids.first()).map_or("", |row| row.source.as_str());
    let others = || all[1..].iter().filter(|(package, _)| environment.together(first, package));
    if let Some((other, other_major)) = others().find(|(_, other)| *other != major) {
        let message = format!("{} is for CUDA {other_major}, and {} for CUDA {major}", other.shown(), first.shown());
        let answer =
            Answer::new("RAPIDS-SUFFIX", Verdict::FailsAtStart, Gravity::Error, Evidence::from(*other), message)
                .because("every package of RAPIDS in an environment must have one suffix", source)
                .because(
                    "they are linked with one another, and load the library of their own suffix",
                    "rapidsai/devcontainers#332",
                )
                .beside(first.into(), "the one for the other CUDA");
        answers.push(match fit(other.name(), major) {
            Some(text) => answer.mend(text),
            None => answer,
        });
        return;
    }
    // Alternatives of one name are forks: where one of them is of the month, it fits.
    let is_of = |name: &str, of: &Dotted| environment.python(name).any(|package| month(package).as_ref() == Some(of));
    let Some(of) = month(first) else { return };
    let differs =
        |(package, _): &&(&Package, u32)| month(package).is_some_and(|own| own != of) && !is_of(package.name(), &of);
    if environment.the(first.name()).is_none() {
        return;
    }
    if let Some((other, _)) = others().find(differs) {
        let message = format!("{} and {} are of different releases of RAPIDS", other.shown(), first.shown());
        let answer =
            Answer::new("RAPIDS-SUFFIX", Verdict::FailsAtStart, Gravity::Error, Evidence::from(*other), message)
                .because("every package of RAPIDS in an environment must be of one year and month", source)
                .because(
                    "they are linked with one another, and their libraries keep no interface from month to month",
                    "rapidsai/cudf PR#18686",
                )
                .beside(first.into(), "the one of the other month")
                .mend(match month(other) {
                    Some(own) => format!("pin all of RAPIDS to one month: {of} or {own}"),
                    None => "pin all of RAPIDS to one month".to_owned(),
                });
        answers.push(answer);
    }
}

/// What RAPIDS asks for by itself, beyond its CUDA.
pub(in crate::gpu) struct OwnFloor<'s> {
    /// The package that speaks for it.
    pub package: &'s Package,
    major: u32,
    /// The row of its release.
    pub row: &'static facts::Rapids,
    /// What it asks for, in a sentence.
    pub rule: String,
}

/// Returns what the RAPIDS of an environment asks for, where there is one and its release is in the tables.
pub(in crate::gpu) fn rapids_floor(stack: &Stack) -> Option<OwnFloor<'_>> {
    let first = stack.environment.packages.iter().find(|package| {
        package.component.purl.ty() == "pypi"
            && rapids_major(package.name()).is_some()
            && package.release().is_some_and(|release| release.major() >= 20)
    });
    let package = first.and_then(|first| stack.environment.the(first.name()))?;
    let (major, release) = (rapids_major(package.name())?, package.release()?);
    let is_of = |cuda: &str| cuda.split(['.', ' ']).next() == Some(&major.to_string());
    let row = frameworks().libraries.rapids.iter().find(|row| covers(&row.versions, &release) && is_of(&row.cuda))?;
    let rule = format!(
        "RAPIDS {} for CUDA {major} asks for a driver of R{} or later and a GPU of {}",
        row.versions, row.min_driver, row.compute_capability
    );
    Some(OwnFloor { package, major, row, rule })
}

/// Tells a target whose driver or GPU is below what RAPIDS asks for, which is more than its CUDA does.
pub(super) fn rapids_on(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let Some(OwnFloor { package, major, row, rule }) = rapids_floor(stack) else { return };
    let gravity = if row.unverified { Gravity::Warning } else { Gravity::Error };
    let floor = facts::toolkits().floor(&Dotted::major_alone(major));
    if let (Platform::Linux, Some(driver)) = (target.platform, &target.driver)
        && least(driver) < row.min_driver
        && (driver.parts() > 1 || driver.major() < row.min_driver.major())
        // Below CUDA's own floor that is told, and one cause is told once.
        && floor.is_some_and(|(floor, _)| least(driver) >= *floor)
    {
        let message = format!("{} asks for a driver of R{} or later", package.shown(), row.min_driver);
        let mut answer = Answer::new("RAPIDS-SUFFIX", Verdict::FailsAtStart, gravity, Evidence::from(package), message)
            .because(&rule, &row.source)
            .because(format!("the target has driver {driver}: enough for CUDA {major}, and too old for RAPIDS"), "");
        answer.advice.extend(advice::drivers(Some(&row.min_driver), &super::models(target)));
        answers.push(answer);
    }
    let Some(least) = row.min_sm() else { return };
    for (name, sm) in super::gpus(target).into_iter().filter(|(_, sm)| *sm < least) {
        let message = format!("{} has no kernels for {name}", package.shown());
        let answer = Answer::new("RAPIDS-SUFFIX", Verdict::FailsAtKernel, gravity, Evidence::from(package), message)
            .because(&rule, &row.source)
            .because(format!("{name} has compute capability {}.{}", sm / 10, sm % 10), "");
        answers.push(answer.says("no kernel image is available for execution on the device"));
    }
}

/// Tells numba-cuda without the toolkit that it compiles with, or with two.
pub(super) fn numba(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(package) = environment.the("numba-cuda") else { return };
    let source = &frameworks().libraries.numba_cuda.source;
    let extras: BTreeSet<u32> = package
        .extras
        .iter()
        .flat_map(|extra| extra.split(','))
        .filter_map(|extra| extra.strip_prefix("cu")?.parse().ok())
        .collect();
    if extras.len() > 1 {
        let list: Vec<String> = extras.iter().map(|major| format!("cu{major}")).collect();
        let message = format!("{} is asked for with {}", package.shown(), list.join(" and "));
        let answer = Answer::new("NUMBA", Verdict::RunsIf, Gravity::Warning, Evidence::from(package), message)
            .because(
                "each extra brings the toolkit of its major, and it compiles with the one that it finds first",
                source,
            )
            .mend("ask for one of them");
        answers.push(answer);
        return;
    }
    let parties = parties(stack);
    let anchor = parties.iter().find(|anchor| environment.together(anchor.package, package));
    if let (Some(major), Some(anchor)) = (extras.first(), anchor)
        && !anchor.majors.contains(major)
    {
        let message = format!(
            "{} is asked for with cu{major}, and {} beside it is for {}",
            package.shown(),
            anchor.package.shown(),
            anchor.carrier.cuda
        );
        let mut answer = Answer::new("NUMBA", Verdict::RunsIf, Gravity::Warning, Evidence::from(package), message)
            .because(&anchor.carrier.because, anchor.carrier.source)
            .because(format!("its extra brings the compiler and libraries of CUDA {major} into the process"), source)
            .beside(anchor.package.into(), "what is for the other CUDA");
        answer.advice.extend(anchor.carrier.cuda.major().map(|major| format!("ask for numba-cuda[cu{major}]")));
        answers.push(answer);
        return;
    }
    // The compiler is in nvcc's wheel, or in a toolkit of the image's.
    let has_compiler = environment.packages.iter().any(|package| {
        let name: &str = package.name();
        name == "cuda-toolkit" || name.starts_with("nvidia-cuda-nvcc") || name.starts_with("nvidia-nvvm")
    });
    let held = held::held(environment);
    let lacks = match &held {
        Held::Nothing(says) => Some(says.clone()),
        _ => None,
    };
    if let Some(lacks) = lacks.filter(|_| extras.is_empty() && !has_compiler) {
        let message = format!("{} finds no toolkit to compile with", package.shown());
        let answer = Answer::new("NUMBA", Verdict::FailsAtStart, Gravity::Warning, Evidence::from(package), message)
            .because("it compiles with the libNVVM of a toolkit: of wheels (its extras cu12 and cu13 bring them), or of the image", source)
            .because(lacks, held::source())
            .says("libNVVM cannot be found")
            .mend("ask for numba-cuda[cu12] or numba-cuda[cu13], by the driver");
        answers.push(answer);
    }
}

/// Tells numba-cuda whose compiler is newer than the driver, without the linker that makes up for it.
pub(super) fn numba_on(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let (Some(package), Some(driver)) = (environment.the("numba-cuda"), &target.driver) else { return };
    if target.platform != Platform::Linux {
        return;
    }
    let branch = facts::drivers().branch(driver);
    let Some(capability) = target.capability.as_ref().or(branch.map(|branch| &branch.max_cuda)) else { return };
    let compiler = environment.packages.iter().find(|package| {
        let name: &str = package.name();
        name.starts_with("nvidia-cuda-nvcc") || name == "nvidia-nvvm"
    });
    let linker = environment.packages.iter().any(|package| {
        let name: &str = package.name();
        name.starts_with("nvidia-nvjitlink") || name.starts_with("pynvjitlink")
    });
    let Some((compiler, cuda)) = compiler.and_then(|compiler| Some((compiler, compiler.release()?.major_minor())))
    else {
        return;
    };
    // Another major fails at start, which is told of the runtime.
    if linker || cuda <= *capability || cuda.major() != capability.major() {
        return;
    }
    let message = format!("{} compiles PTX for CUDA {cuda}, newer than the driver's", package.shown());
    let answer = Answer::new("NUMBA", Verdict::FailsAtKernel, Gravity::Warning, Evidence::from(package), message)
        .because(format!("it compiles with {}", compiler.shown()), "")
        .because(
            format!("the target's driver {driver} implements CUDA {capability}, and compiles no PTX of {cuda}"),
            branch.map_or("", |branch| branch.source.as_str()),
        )
        .because(
            "nvJitLink would link it without the driver, and no wheel of it is locked",
            "NVIDIA/numba-cuda#262; numba/numba#8961",
        )
        .says("the provided PTX was compiled with an unsupported toolchain")
        .mend(format!("add nvidia-nvjitlink-cu{}, or pin {} to {capability}", cuda.major(), compiler.name()));
    answers.push(answer);
}

/// Tells CUDA's bindings for another major than what they stand beside.
pub(super) fn bindings(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let parties: Vec<_> =
        parties(stack).into_iter().filter(|party| party.package.name() != "onnxruntime-gpu").collect();
    for name in ["cuda-bindings", "cuda-python"] {
        let Some(own) = party(stack, name) else { continue };
        if parties.iter().any(|other| !other.majors.is_disjoint(&own.majors)) {
            return;
        }
        let Some(other) = parties.iter().find(|other| environment.together(other.package, own.package)) else {
            continue;
        };
        let message = format!(
            "{} is for {}, and {} beside it for {}",
            own.package.shown(),
            own.carrier.cuda,
            other.package.shown(),
            other.carrier.cuda
        );
        let mut answer =
            Answer::new("CUDA-PY", Verdict::RunsIf, Gravity::Warning, Evidence::from(own.package), message)
                .because(&own.carrier.because, own.carrier.source)
                .because(&other.carrier.because, other.carrier.source)
                .because(
                    "the bindings load the libraries of their own major, and their calls change with it",
                    "cupy/cupy#9827",
                )
                .beside(other.package.into(), "what is for the other CUDA");
        answer.advice.extend(other.carrier.cuda.major().map(|major| match major {
            12 => format!("pin {name} to 12.9.x, for CUDA 12"),
            _ => format!("pin {name} to {major}.x, for CUDA {major}"),
        }));
        answers.push(answer);
        return;
    }
}
