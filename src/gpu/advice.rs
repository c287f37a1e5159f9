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
        _ if carrier.component.purl.name() == "torch" => torch(stack, carrier, Some(driver), gpus, &[Way::Earlier]),
        _ => other_release(carrier, driver),
    };
    let implements = facts::drivers().branch(driver).map(|branch| branch.max_cuda.major());
    if let ("cuda-bindings" | "cuda-python", Some(12)) = (carrier.component.purl.name(), implements) {
        moves.push(format!("pin {} to 12.9.x, for CUDA 12", carrier.component.purl.name()));
    }
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
        let of = of.major_minor();
        let installed = facts::toolkits().of(&of).filter(|toolkit| toolkit.has_image());
        installed.filter_map(|toolkit| Dotted::parse(&toolkit.version)).max()
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
    match (carrier.component.purl.name(), vllm(stack)) {
        ("torch" | "vllm", Some(vllm)) if vllm.component.purl.ty() == "pypi" => {
            later_vllm(vllm, driver, gpu).into_iter().collect()
        }
        // A GPU that is too new for a build is served by later ones, and one that is too old by earlier ones.
        ("torch", None) => torch(stack, carrier, driver, &[gpu], &[Way::Later, Way::Earlier]),
        _ => Vec::new(),
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
        // The dates sort as texts; a branch without one is not recommended, nor is one of new features.
        branch.eol.as_str() > today && branch.is_for_production() && reaches && drives(branch.branch)
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

/// Packages that are compiled against one torch, or pin it: where one is, torch does not move alone.
const HOLDS_TORCH: &[&str] =
    &["vllm", "sglang", "sgl-kernel", "sglang-kernel", "lmdeploy", "xformers", "tensorrt-llm", "flash-attn"];

fn holds_torch(stack: &Stack) -> bool {
    stack.environment.packages.iter().any(|package| HOLDS_TORCH.iter().any(|name| package.is("pypi", name)))
}

/// Names what must move with torch: they are built for one release of it.
fn with_torch(stack: &Stack) -> String {
    let family = ["torchvision", "torchaudio"].into_iter();
    let there: Vec<&str> = family.filter(|name| stack.environment.python(name).next().is_some()).collect();
    if there.is_empty() { String::new() } else { format!(", with the {} for it", there.join(" and ")) }
}

/// Says whether a build of torch starts on a driver and has kernels for all GPUs; with its CUDA and floor.
fn torch_fits(
    release: &Dotted,
    variant: &str,
    driver: Option<&Dotted>,
    gpus: &[&'static Gpu],
) -> Option<(Dotted, &'static Dotted)> {
    let cuda = cuda_of_variant(variant)?;
    let (floor, _) = facts::toolkits().floor(&cuda)?;
    let starts = driver.is_none_or(|driver| least(driver) >= *floor);
    let serves = gpus.iter().all(|gpu| {
        frameworks().kernels(release, variant).is_some_and(|row| {
            let names: Vec<_> = row.sm.iter().map(|sm| format!("sm_{sm}")).collect();
            cover(&names, gpu.sm) == Cover::Kernel
        })
    });
    (starts && serves).then_some((cuda, floor))
}

/// Where to look for another release.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Earlier,
    Later,
}

/// Returns the builds of torch that start on a driver and have kernels for all GPUs: the same release otherwise built, the
/// nearest release with such a build, and the nearest whose default build is one.
fn torch(
    stack: &Stack,
    carrier: &Carrier,
    driver: Option<&Dotted>,
    gpus: &[&'static Gpu],
    ways: &[Way],
) -> Vec<String> {
    if holds_torch(stack) {
        return Vec::new();
    }
    let version = carrier.component.version();
    let mut moves = Vec::new();
    let Some(own) = release(version) else { return moves };
    if let Some(row) = frameworks().torch(&own) {
        let builds =
            row.variants.iter().filter_map(|variant| Some((variant, torch_fits(&row.version, variant, driver, gpus)?)));
        if let Some((variant, (cuda, floor))) = builds.max_by(|(_, (a, _)), (_, (b, _))| a.cmp(b)) {
            let public = version.split('+').next().unwrap_or(version);
            moves.push(format!(
                "install torch {public}+{variant}, the same release for CUDA {cuda}: it starts on drivers from {floor} on"
            ));
        }
    }
    let is_same = !moves.is_empty();
    for way in ways {
        let found = other_torch(&own, *way, driver, gpus, is_same);
        if !found.is_empty() {
            moves.extend(found.into_iter().map(|text| text + &with_torch(stack)));
            break;
        }
    }
    moves
}

/// Returns the nearest release of torch, and the nearest whose default build fits.
fn other_torch(own: &Dotted, way: Way, driver: Option<&Dotted>, gpus: &[&'static Gpu], is_same: bool) -> Vec<String> {
    let fits = |release: &Dotted, variant: &str| torch_fits(release, variant, driver, gpus);
    let later = || frameworks().torch_release.iter().filter(|row| row.version > *own);
    let (near, by_default) = match way {
        Way::Earlier if later().any(|row| fits(&row.version, &row.pypi_variant).is_some()) => {
            ("nearest earlier release", "nearest earlier release")
        }
        Way::Earlier => ("nearest earlier release", "newest"),
        Way::Later => ("nearest later release", "nearest later release"),
    };
    let mut rows: Vec<_> = frameworks().torch_release.iter().collect();
    rows.retain(|row| if way == Way::Later { row.version > *own } else { row.version < *own });
    rows.sort_by(|a, b| if way == Way::Later { a.version.cmp(&b.version) } else { b.version.cmp(&a.version) });
    let full = |of: &Dotted| {
        let pins = frameworks().torch_pins.iter().filter(|pins| pins.version.major_minor() == *of);
        pins.map(|pins| &pins.version).max().unwrap_or(of).clone()
    };
    let default = rows.iter().find(|row| fits(&row.version, &row.pypi_variant).is_some());
    let mut moves = Vec::new();
    let any = rows.iter().filter(|_| !is_same).find_map(|row| {
        let builds = row.variants.iter().filter_map(|variant| Some((fits(&row.version, variant)?.0, variant)));
        builds.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(cuda, variant)| (&row.version, cuda, variant))
    });
    if let Some((version, cuda, variant)) = any.filter(|(of, ..)| default.is_none_or(|row| row.version != **of)) {
        moves.push(format!(
            "pin torch {}+{variant}, the {near} with a build (for CUDA {cuda}) that runs there",
            full(version)
        ));
    }
    if let Some(row) = default {
        let full = full(&row.version);
        moves.push(format!("pin torch {full}, the {by_default} whose default build ({}) runs there", row.pypi_variant));
    }
    moves
}

/// Returns the nearest later release of vLLM whose torch has kernels for a GPU: torch does not move alone there.
fn later_vllm(vllm: &Carrier, driver: Option<&Dotted>, gpu: &'static Gpu) -> Option<String> {
    let own = image::leading(vllm.component.version())?;
    let table = frameworks();
    let named = table.vllm.iter().map(|row| (row.version.clone(), row.pins.get("torch")));
    let pinned = table
        .vllm_pins
        .iter()
        .filter_map(|row| Some((Dotted::parse(&row.version.to_string())?, row.pins.get("torch"))));
    let mut rows: Vec<(Dotted, Dotted)> = named
        .chain(pinned)
        .filter_map(|(version, torch)| Some((version, Dotted::parse(&torch?.exact()?.to_string())?)))
        .filter(|(version, _)| *version > own)
        .collect();
    rows.sort();
    let serves = |torch: &Dotted| {
        let row = table.torch(&torch.major_minor())?;
        torch_fits(&row.version, &row.pypi_variant, driver, &[gpu])
    };
    let (version, torch) = rows.iter().find(|(_, torch)| serves(torch).is_some())?;
    Some(format!("pin vllm {version} with its torch {torch}, the nearest later release whose torch runs there"))
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
