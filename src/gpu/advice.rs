//! The smallest moves that mend a mismatch, reckoned from the tables.

use time::Duration;

use super::carriers::{cuda_of_variant, release, versions_in};
use super::facts::{self, Gpu, frameworks};
use super::judge::{Cover, cover, least};
use super::version::Dotted;
use super::{Carrier, Stack, image};

/// Returns what mends a driver that is below a carrier's floor.
pub(super) fn for_driver(
    stack: &Stack,
    carrier: &Carrier,
    driver: &Dotted,
    floor: &Dotted,
    gpus: &[&'static Gpu],
) -> Vec<String> {
    let mut moves = match vllm(stack) {
        Some(vllm) if carrier.component.purl.name() == "torch" => other_release(vllm, driver),
        _ if carrier.component.purl.name() == "torch" => torch(carrier, Some(driver), gpus),
        _ => other_release(carrier, driver),
    };
    moves.extend(image(stack, carrier, driver, gpus));
    moves.extend(drivers(Some(floor), gpus));
    moves
}

/// Returns the image of CUDA's own that mends a driver below the floor: an earlier one, where the image itself is what needs
/// the newer CUDA; else one whose forward-compatibility driver is for this host, where all boards allow that.
fn image(stack: &Stack, carrier: &Carrier, driver: &Dotted, gpus: &[&'static Gpu]) -> Option<String> {
    let base = stack.environment.image()?.base?;
    let branch = facts::drivers().branch(driver)?;
    if std::ptr::eq(base, carrier.component) {
        let tag = image::tag_for(base, &branch.max_cuda)?;
        return Some(format!(
            "start from {tag}, the newest whose CUDA this driver implements, with what is built for it"
        ));
    }
    let allowed = !gpus.is_empty() && gpus.iter().all(|gpu| gpu.forward_compat);
    let rows = facts::toolkits().compat_hosts.iter().filter(|row| allowed && !row.unverified);
    let for_host = rows.filter(|row| {
        row.image_cuda.split('.').next().and_then(|major| major.parse().ok()) == carrier.cuda.major()
            && row.branches().contains(&branch.branch)
    });
    let newest = for_host.filter_map(|row| {
        let of = Dotted::parse(row.image_cuda.trim_end_matches(".x"))?;
        facts::toolkits().of(&of.major_minor()).filter_map(|toolkit| Dotted::parse(&toolkit.version)).max()
    });
    let tag = image::tag_of(base, &newest.max()?)?;
    Some(format!(
        "start the image from {tag}: its forward-compatibility driver is for hosts of R{}, where the container toolkit loads it",
        branch.branch
    ))
}

/// Returns vLLM, which is compiled against one release of torch: where it is, torch does not move alone.
fn vllm(stack: &Stack) -> Option<&Carrier> {
    stack.carriers.iter().find(|carrier| carrier.component.purl.name() == "vllm")
}

/// Returns what mends a build that has no kernels for a GPU.
pub(super) fn for_gpu(stack: &Stack, carrier: &Carrier, driver: Option<&Dotted>, gpu: &'static Gpu) -> Vec<String> {
    if carrier.component.purl.name() == "torch" && vllm(stack).is_none() {
        torch(carrier, driver, &[gpu])
    } else {
        Vec::new()
    }
}

/// Returns the driver branches in support that reach a floor and drive all GPUs.
pub(super) fn drivers(floor: Option<&Dotted>, gpus: &[&'static Gpu]) -> Option<String> {
    // A branch that ends within half a year is not worth moving to.
    let date = crate::policy::date::parse(facts::data_date());
    let lasts = date.map_or_else(|_| facts::data_date().to_owned(), |date| (date + Duration::days(180)).to_string());
    drivers_on(floor, gpus, &lasts)
}

/// Returns the driver branches that are in support after a day, `YYYY-MM-DD`, reach a floor and drive all GPUs.
pub(super) fn drivers_on(floor: Option<&Dotted>, gpus: &[&'static Gpu], today: &str) -> Option<String> {
    let drives = |branch: u32| {
        gpus.iter().all(|gpu| facts::drivers().support(&gpu.architecture).is_none_or(|row| row.holds(branch)))
    };
    let fits = facts::drivers().branches.iter().filter(|branch| {
        let reaches = floor.is_none_or(|floor| branch.latest_linux.as_ref().is_some_and(|latest| latest >= floor));
        // The dates sort as texts; a branch without one is not recommended.
        branch.eol.as_str() > today && reaches && drives(branch.branch)
    });
    let list: Vec<_> = fits
        .map(|branch| match branch.kind.as_str() {
            "LTSB" => format!("R{} (long-term, supported until {})", branch.branch, branch.eol),
            _ => format!("R{} (supported until {})", branch.branch, branch.eol),
        })
        .collect();
    if list.is_empty() {
        return None;
    }
    Some(match floor {
        Some(floor) => format!("move the driver to {floor} or later: {}", list.join(", ")),
        None => format!("move the driver to one of {}", list.join(", ")),
    })
}

/// Returns the builds of torch that start on a driver and have kernels for all GPUs: the same release otherwise built, and
/// the newest that does by default.
fn torch(carrier: &Carrier, driver: Option<&Dotted>, gpus: &[&'static Gpu]) -> Vec<String> {
    let version = carrier.component.version();
    let driver = driver.map(least);
    let fits = |release: &Dotted, variant: &str| {
        let cuda = cuda_of_variant(variant)?;
        let (floor, _) = facts::toolkits().floor(&cuda)?;
        let starts = driver.as_ref().is_none_or(|driver| driver >= floor);
        let serves = gpus.iter().all(|gpu| {
            let row = frameworks().kernels(release, variant);
            row.is_some_and(|row| {
                let names: Vec<_> = row.sm.iter().map(|sm| format!("sm_{sm}")).collect();
                cover(&names, gpu.sm) == Cover::Kernel
            })
        });
        (starts && serves).then_some((cuda, floor))
    };
    let mut moves = Vec::new();
    let same = release(version).and_then(|release| frameworks().torch(&release));
    if let Some(row) = same {
        let builds = row.variants.iter().filter_map(|variant| Some((variant, fits(&row.version, variant)?)));
        if let Some((variant, (cuda, floor))) = builds.max_by(|(_, (a, _)), (_, (b, _))| a.cmp(b)) {
            let public = version.split('+').next().unwrap_or(version);
            let text = format!(
                "install torch {public}+{variant}, the same release for CUDA {cuda}: it starts on drivers from {floor} on"
            );
            moves.push(text);
        }
    }
    let newest = frameworks().torch_release.iter().filter(|row| fits(&row.version, &row.pypi_variant).is_some());
    if let Some(row) = newest
        .max_by(|a, b| a.version.cmp(&b.version))
        .filter(|row| same.is_none_or(|same| same.version != row.version))
    {
        let pins = frameworks().torch_pins.iter().filter(|pins| pins.version.major_minor() == row.version);
        let full = pins.map(|pins| &pins.version).max().unwrap_or(&row.version);
        moves.push(format!("pin torch {full}, the newest whose default build ({}) runs there", row.pypi_variant));
    }
    moves
}

/// Returns the release or package of another carrier that starts on a driver.
fn other_release(carrier: &Carrier, driver: &Dotted) -> Vec<String> {
    let driver = least(driver);
    let starts = |cuda: &Dotted| facts::toolkits().floor(cuda).is_some_and(|(floor, _)| driver >= *floor);
    let frameworks = frameworks();
    let found = match carrier.component.purl.name() {
        "vllm" => {
            let rows = frameworks.vllm.iter().filter(|row| versions_in(&row.wheel_cuda).all(|cuda| starts(&cuda)));
            rows.max_by(|a, b| a.version.cmp(&b.version))
                .map(|row| format!("pin vllm {} with its torch: it is built for CUDA {}", row.version, row.wheel_cuda))
        }
        "tensorflow" => {
            let rows = frameworks.tensorflow.iter().filter(|row| starts(&row.cuda));
            let newest = rows.max_by(|a, b| a.version.cmp(&b.version));
            newest.map(|row| {
                format!("pin tensorflow {}, the newest that runs there: it is built for CUDA {}", row.version, row.cuda)
            })
        }
        "onnxruntime-gpu" => {
            let newest = frameworks.onnxruntime_gpu.iter().rfind(|row| starts(&row.pypi_cuda));
            newest.map(|row| {
                let last = row.versions.rsplit(' ').next().unwrap_or_default();
                format!("pin onnxruntime-gpu {last}, the newest for CUDA {}", row.pypi_cuda)
            })
        }
        "cuda" => {
            let major = facts::toolkits().floors.iter().rev().find(|floor| driver >= floor.min_driver_linux);
            major.map(|floor| format!("build it with CUDA {}, and start from an image of that", floor.major))
        }
        name => {
            let majors = facts::toolkits().floors.iter().rev().map(|floor| floor.major);
            let major = majors.into_iter().find(|major| starts(&Dotted::major_alone(*major)));
            major.and_then(|major| {
                let (stem, package) = if name.starts_with("cupy-cuda") {
                    ("cupy", format!("cupy-cuda{major}x"))
                } else {
                    ("jax", format!("jax-cuda{major}-plugin"))
                };
                let known = match stem {
                    "cupy" => frameworks.cupy.iter().any(|row| row.package == package),
                    _ => {
                        name.starts_with("jax-")
                            && frameworks.jax.iter().any(|row| row.cuda.starts_with(&major.to_string()))
                    }
                };
                known.then(|| format!("install {package} in place of {name}"))
            })
        }
    };
    found.into_iter().collect()
}
