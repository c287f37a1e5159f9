//! What an image holds, as far as its file says it: the CUDA in it, a compiler, the forward-compatibility driver.
//!
//! A stage starts from an image whose tag tells much and not all: what only the image's own configuration knows is not
//! made up. A package that a command of the stage installs counts more than what the tag says.

use super::facts::{self, Image, ImageKind, images, toolkits};
use super::version::Dotted;
use super::{Evidence, Install, Stage};
use crate::model::Component;
use crate::source::Place;

/// Something known of an image, and how.
#[derive(Clone, Debug)]
pub struct Known<T> {
    /// What is known.
    pub value: T,
    /// How: one sentence.
    pub because: String,
    /// Where the rule or row comes from.
    pub source: &'static str,
    /// Where that is said.
    pub about: Evidence,
}

/// The user-space driver of a newer CUDA, brought along for older kernel modules.
#[derive(Clone, Debug)]
pub struct Compat {
    /// The CUDA it implements, as exactly as that is known.
    pub cuda: Dotted,
    /// The driver branch it is of, where that is known.
    pub branch: Option<u32>,
    /// Whether a path leads to it, so that it is loaded whatever the host has.
    pub on_path: Option<Place>,
}

/// What of CUDA's own images a tag names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// The runtime library and the forward-compatibility driver.
    Base,
    /// All libraries.
    Runtime,
    /// With compiler and headers.
    Devel,
}

/// Returns the row of an image that teams start from.
pub(super) fn row(image: &Component) -> Option<&'static Image> {
    let path = path(image);
    let fits = |row: &&Image| path == row.path || path.strip_suffix(&row.path).is_some_and(|rest| rest.ends_with('/'));
    images().rows.iter().find(fits)
}

fn path(image: &Component) -> String {
    let purl = &image.purl;
    if purl.namespace().is_empty() { purl.name().to_owned() } else { format!("{}/{}", purl.namespace(), purl.name()) }
}

/// Says whether an image is known to hold no CUDA at all.
pub(super) fn is_plain(image: &Component) -> bool {
    let namespace = image.purl.namespace();
    let official = matches!(namespace.rsplit('/').next(), Some("" | "library" | "astral-sh"));
    official && images().plain.names.iter().any(|name| name == image.purl.name())
}

/// Says whether one of the folders of a path is that of the forward-compatibility driver of a CUDA. A folder of another
/// version is not there.
pub(super) fn leads_to_compat(path: &str, cuda: &Dotted) -> bool {
    path.split(':').any(|folder| {
        let folder = folder.trim_end_matches('/').to_ascii_lowercase();
        let Some(above) = folder.strip_suffix("/compat").filter(|above| above.contains("cuda")) else { return false };
        let named = above.rsplit('/').next().and_then(|last| Dotted::parse(last.strip_prefix("cuda-")?));
        named.is_none_or(|named| cuda.first_parts(named.parts()) == named)
    })
}

/// Returns the version at the beginning of a tag: `12.4.1` of `12.4.1-devel-ubuntu22.04`, `0.9.2` of `v0.9.2`.
pub(super) fn leading(tag: &str) -> Option<Dotted> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
    Dotted::parse(tag[..end].trim_end_matches('.'))
}

/// Returns the version behind a word of a tag: `12.4` of `2.5.1-cuda12.4-cudnn9-runtime` behind `cuda`.
pub(super) fn behind(tag: &str, word: &str) -> Option<Dotted> {
    tag.split(['-', '_']).find_map(|part| Dotted::parse(part.strip_prefix(word)?))
}

/// Returns what of CUDA's images a tag names.
pub(super) fn flavour(tag: &str) -> Option<Flavour> {
    tag.split('-').find_map(|part| match part {
        "base" => Some(Flavour::Base),
        "runtime" => Some(Flavour::Runtime),
        "devel" => Some(Flavour::Devel),
        _ => None,
    })
}

/// Returns the CUDA that a base image's tag names, and how.
pub(super) fn cuda_of_tag(image: &Component) -> Option<(Dotted, String, &'static str)> {
    let (row, tag) = (row(image)?, image.version());
    let shown = format!("{}:{tag}", path(image));
    match row.kind {
        ImageKind::Cuda => {
            let cuda = leading(tag)?;
            Some((cuda.clone(), format!("{shown} holds CUDA {cuda}"), row.source.as_str()))
        }
        ImageKind::Pytorch => {
            let cuda = behind(tag, "cuda")?;
            Some((cuda.clone(), format!("{shown} holds torch for CUDA {cuda}"), row.source.as_str()))
        }
        ImageKind::Ngc => {
            let month = leading(tag)?.first_parts(2);
            let row = facts::frameworks().ngc.iter().find(|row| row.month == month)?;
            Some((row.cuda.clone(), format!("{shown} holds CUDA {}", row.cuda), row.source.as_str()))
        }
        ImageKind::Tensorflow if tag.contains("gpu") => {
            let release = leading(tag)?.first_parts(2);
            let row = facts::frameworks().tensorflow.iter().find(|row| row.version == release)?;
            Some((row.cuda.clone(), format!("{shown} holds TensorFlow for CUDA {}", row.cuda), row.source.as_str()))
        }
        ImageKind::Vllm => {
            let variant = tag.split('-').find_map(super::carriers::cuda_of_variant)?;
            Some((variant.clone(), format!("{shown} holds vLLM for CUDA {variant}"), row.source.as_str()))
        }
        ImageKind::Tensorflow | ImageKind::Rocm | ImageKind::L4t => None,
    }
}

/// Returns the newest tag of CUDA's own image, in the same flavour and for the same system, whose CUDA a driver implements.
pub(super) fn tag_for(base: &Component, capable: &Dotted) -> Option<String> {
    let fits = toolkits().releases.iter().filter(|toolkit| toolkit.major_minor <= *capable && toolkit.has_image());
    tag_of(base, &fits.filter_map(|toolkit| Dotted::parse(&toolkit.version)).max()?)
}

/// Returns the tag of CUDA's own image of a release, in the same flavour and for the same system, or the newest system that
/// there are images of that release for; none of other images, and where that is not known.
pub(super) fn tag_of(base: &Component, cuda: &Dotted) -> Option<String> {
    row(base).filter(|row| row.kind == ImageKind::Cuda)?;
    let is_it = |toolkit: &&facts::Toolkit| Dotted::parse(&toolkit.version).is_some_and(|version| version == *cuda);
    toolkits().releases.iter().find(is_it).filter(|toolkit| toolkit.has_image())?;
    let (rest, system) = base.version().split_once('-')?.1.rsplit_once('-')?;
    let holds = |row: &&facts::CudaSystem| row.holds(cuda);
    let known = || images().cuda_system.iter();
    // Of systems that the tables do not have it is not known which releases have images.
    let own = known().find(|row| row.system == system)?;
    let system = known().filter(|row| std::ptr::eq(*row, own)).chain(known().rev()).find(holds)?.system.as_str();
    // From 12.4 on the tags do not number cuDNN any more.
    let rest = if cuda.major_minor() >= Dotted::of(12, 4) {
        rest.replace("cudnn8-", "cudnn-").replace("cudnn9-", "cudnn-")
    } else {
        rest.replace("cudnn9-", "cudnn-").replace("cudnn-", "cudnn8-")
    };
    Some(format!("{}:{cuda}-{rest}-{system}", path(base)))
}

/// Returns the ROCm release that a base image's tag names: `6.3` of `rocm6.3_ubuntu22.04_…`.
pub(super) fn rocm_of_tag(image: &Component) -> Option<Dotted> {
    row(image).filter(|row| row.kind == ImageKind::Rocm)?;
    let tag = image.version();
    behind(tag, "rocm").or_else(|| leading(tag))
}

const APT: &str = "package names of NVIDIA's own apt repository; NVIDIA container image documentation";

impl Install {
    /// Returns the CUDA that a package of the system names: `12.4` of `cuda-toolkit-12-4`, by the words before it.
    fn cuda_behind(&self, words: &[&str]) -> Option<Dotted> {
        // BentoML starts from an image of CUDA's with its libraries; of Cog's own images not even that is known.
        let holds = match self.manager {
            "cog" => "cuda-cudart",
            "bentoml" => "cuda-runtime",
            "apt" | "rpm" => "",
            _ => return None,
        };
        if !holds.is_empty() {
            let is_it = self.name == "cuda" && words.contains(&holds);
            return Dotted::parse(self.constraint.trim_start_matches('=')).filter(|_| is_it);
        }
        words.iter().find_map(|word| {
            let rest = self.name.strip_prefix(word)?.strip_prefix('-')?;
            Dotted::parse(&rest.replace('-', "."))
        })
    }

    fn because(&self) -> String {
        match self.manager {
            "cog" | "bentoml" => format!("{} installs CUDA {}", self.manager, self.constraint.trim_start_matches('=')),
            manager => format!("{manager} installs {}", self.name),
        }
    }

    /// Returns where it stands what a package's name tells.
    fn source(&self) -> &'static str {
        match self.manager {
            "cog" => "cog.yaml reference, build.cuda",
            "bentoml" => "BentoML's build options, docker.cuda_version; BentoML starts from CUDA's runtime images",
            _ => APT,
        }
    }
}

impl Stage {
    fn about(&self, place: Place) -> Evidence {
        Evidence { component: None, subject: self.subject, place }
    }

    fn base_about(&self) -> Evidence {
        self.about(self.base_place)
    }

    /// Returns the CUDA toolkit or libraries in the image, by their version.
    pub fn toolkit(&self) -> Option<Known<Dotted>> {
        let words =
            ["cuda-toolkit", "cuda-libraries", "cuda-runtime", "cuda-nvcc", "cuda-compiler", "cuda-cudart", "cuda"];
        let installed = self.installs.iter().rev().find_map(|install| {
            let cuda = install.cuda_behind(&words)?;
            let because = install.because();
            Some(Known { value: cuda, because, source: install.source(), about: self.about(install.place) })
        });
        let own = || {
            let label = || self.labels.iter().find(|label| label.name == "com.nvidia.cuda.version");
            let setting = self.setting("CUDA_VERSION").or_else(label).filter(|_| self.whole)?;
            let because = format!("the image says {}={}", setting.name, setting.value);
            let source = "NVIDIA container image documentation";
            Some(Known { value: Dotted::parse(setting.value)?, because, source, about: self.about(setting.place) })
        };
        let base = || {
            let (cuda, because, source) = cuda_of_tag(self.base?)?;
            Some(Known { value: cuda, because, source, about: self.base_about() })
        };
        installed.or_else(own).or_else(base)
    }

    /// Says whether CUDA's compiler is in the image, and of which CUDA where that is known; none where it is not known
    /// whether.
    pub fn compiler(&self) -> Option<Known<Option<Dotted>>> {
        let words = ["cuda-toolkit", "cuda-nvcc", "cuda-compiler", "cuda-minimal-build", "cuda"];
        let installed = self.installs.iter().rev().find_map(|install| {
            let is_unnumbered = matches!(install.manager, "apt" | "rpm")
                && matches!(install.name, "cuda" | "cuda-toolkit" | "nvidia-cuda-toolkit");
            let is_conda =
                install.manager == "conda" && matches!(install.name, "cuda-nvcc" | "cuda-toolkit" | "cudatoolkit-dev");
            let cuda = install.cuda_behind(&words);
            if cuda.is_none() && !is_unnumbered && !is_conda {
                return None;
            }
            let because = install.because();
            Some(Known { value: Some(cuda), because, source: install.source(), about: self.about(install.place) })
        });
        if let Some(Known { value: Some(cuda), because, source, about }) = installed {
            return Some(Known { value: cuda, because, source, about });
        }
        let base = self.base?;
        let row = row(base)?;
        let has = match row.kind {
            ImageKind::Cuda | ImageKind::Pytorch => flavour(base.version())? == Flavour::Devel,
            _ => row.compiler?,
        };
        let (cuda, because, source) = cuda_of_tag(base)?;
        let because = format!("{because}, with its compiler");
        has.then(|| Known { value: Some(cuda), because, source, about: self.base_about() })
    }

    /// Says that CUDA's compiler is known not to be in the image, and how.
    pub fn lacks_compiler(&self) -> Option<Known<()>> {
        let sets_home = ["CUDA_HOME", "CUDA_PATH"].iter().any(|name| self.setting(name).is_some());
        // What a script or another build brings in is not seen here.
        if self.whole || self.compiler().is_some() || sets_home || self.copies_cuda() {
            return None;
        }
        let base = self.base?;
        let shown = format!("{}:{}", path(base), base.version());
        let (because, source) = if is_plain(base) {
            (format!("{shown} has no CUDA"), images().plain.source.as_str())
        } else {
            let row = row(base)?;
            let lacks = match row.kind {
                ImageKind::Cuda | ImageKind::Pytorch => flavour(base.version())? != Flavour::Devel,
                _ => !row.compiler?,
            };
            if !lacks {
                return None;
            }
            (format!("{shown} has no compiler"), row.source.as_str())
        };
        Some(Known { value: (), because, source, about: self.base_about() })
    }

    /// Says whether commands may bring CUDA in by another way than packages: a runfile, a copy of another image's.
    fn copies_cuda(&self) -> bool {
        self.commands.iter().any(|command| {
            let text = command.value;
            text.contains("cuda_") && text.contains("linux.run") || text.contains("install_cuda")
        }) || self.copied.iter().any(|from| from.contains("cuda"))
    }

    /// Says whether CUDA's libraries (cuBLAS and the others, beyond the runtime library alone) are in the image; none where
    /// that is not known.
    pub fn libraries(&self) -> Option<Known<bool>> {
        let words = ["cuda-toolkit", "cuda-libraries", "cuda-runtime", "cuda"];
        let installed = self.installs.iter().rev().find(|install| {
            install.cuda_behind(&words).is_some()
                || matches!(install.name, "nvidia-cuda-toolkit" | "cuda-toolkit" | "cuda" | "cudatoolkit")
        });
        if let Some(install) = installed {
            let because = install.because();
            return Some(Known { value: true, because, source: install.source(), about: self.about(install.place) });
        }
        if self.whole || self.copies_cuda() {
            return None;
        }
        let base = self.base?;
        let shown = format!("{}:{}", path(base), base.version());
        let (value, because, source) = if is_plain(base) {
            (false, format!("{shown} has no CUDA"), images().plain.source.as_str())
        } else {
            let row = row(base)?;
            match (row.kind, flavour(base.version())) {
                (ImageKind::Cuda, Some(Flavour::Base)) => {
                    (false, format!("{shown} has no CUDA libraries"), row.source.as_str())
                }
                (ImageKind::Cuda, Some(_)) | (ImageKind::Ngc, _) => {
                    (true, format!("{shown} has CUDA's libraries"), row.source.as_str())
                }
                _ => return None,
            }
        };
        Some(Known { value, because, source, about: self.base_about() })
    }

    /// Returns the forward-compatibility driver in the image: a package's, or that of CUDA's own images.
    pub fn compat(&self) -> Option<Known<Compat>> {
        if self.removes_compat() {
            return None;
        }
        let compat = |cuda: Dotted| {
            let of = toolkits().of(&cuda).filter_map(|toolkit| toolkit.driver_linux.as_ref());
            // All releases of one minor version come with one branch; of a major version alone it is not known which.
            let branch = of.map(Dotted::major).max().filter(|_| cuda.parts() > 1);
            let on_path = self.compat_path(&cuda);
            Compat { cuda, branch, on_path }
        };
        if let Some(setting) = self.setting("NV_CUDA_COMPAT_PACKAGE").filter(|_| self.whole) {
            let cuda = Dotted::parse(&setting.value.strip_prefix("cuda-compat-")?.replace('-', "."))?;
            let because = format!("the image says that it has {}", setting.value);
            let source = toolkits().rule("forward_compat");
            return Some(Known { value: compat(cuda), because, source, about: self.about(setting.place) });
        }
        let installed =
            self.installs.iter().rev().find_map(|install| Some((install, install.cuda_behind(&["cuda-compat"])?)));
        if let Some((install, cuda)) = installed {
            let because = install.because();
            return Some(Known {
                value: compat(cuda),
                because,
                source: install.source(),
                about: self.about(install.place),
            });
        }
        let base = self.base?;
        let row = row(base)?;
        let cuda = || cuda_of_tag(base).map(|(cuda, ..)| cuda);
        let (cuda, source) = match row.kind {
            ImageKind::Cuda | ImageKind::Ngc => (cuda()?, row.source.as_str()),
            // Built from CUDA's own images: torch's with the compiler, vLLM's all.
            ImageKind::Pytorch if flavour(base.version()) == Some(Flavour::Devel) => {
                (cuda()?, "pytorch/pytorch docker.Makefile (BASE_DEVEL)")
            }
            ImageKind::Vllm => {
                let carried = || super::image_carriers::vllm(base)?.cuda.major().map(Dotted::major_alone);
                (cuda().or_else(carried)?, "vllm-project/vllm docker/Dockerfile (FINAL_BASE_IMAGE)")
            }
            _ => return None,
        };
        let shown = if cuda.parts() > 1 { cuda.major_minor() } else { cuda.clone() };
        let because = format!("{}:{} has the forward-compatibility driver of CUDA {shown}", path(base), base.version());
        Some(Known { value: compat(cuda), because, source, about: self.base_about() })
    }

    /// Returns the image that it starts from, where nothing is known of what that holds.
    pub fn unknown_base(&self) -> Option<String> {
        let base = self.base.filter(|base| !self.whole && row(base).is_none() && !is_plain(base))?;
        let host = base.origin.address().filter(|_| base.purl.as_str().contains("repository_url="));
        let host = host.map(|host| format!("{host}/")).unwrap_or_default();
        Some(format!("{host}{}:{}", path(base), base.version()))
    }

    /// Says whether a command takes the forward-compatibility driver out of the image.
    fn removes_compat(&self) -> bool {
        self.commands.iter().any(|command| {
            let text = command.value;
            let by_hand = command.name == "rm" && text.contains("cuda") && text.contains("/compat");
            by_hand
                || (text.contains("cuda-compat") && ["remove", "purge", "erase"].iter().any(|word| text.contains(word)))
        })
    }

    /// Returns where a path leads to the forward-compatibility driver: a variable, or a line for the loader.
    fn compat_path(&self, cuda: &Dotted) -> Option<Place> {
        let variable = self.setting("LD_LIBRARY_PATH").filter(|setting| leads_to_compat(setting.value, cuda));
        let loader = || {
            let leads = |command: &&super::Setting| {
                let text = command.value;
                let words = || text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
                (text.contains("ld.so.conf") || command.name == "ldconfig")
                    && words().any(|word| leads_to_compat(word, cuda))
            };
            self.commands.iter().find(leads)
        };
        variable.or_else(loader).map(|setting| setting.place)
    }

    /// Returns the ROCm release in the image.
    pub fn rocm(&self) -> Option<Known<Dotted>> {
        let setting = self.setting("ROCM_VERSION").filter(|_| self.whole);
        if let Some((setting, version)) = setting.and_then(|setting| Some((setting, Dotted::parse(setting.value)?))) {
            let because = format!("the image says ROCM_VERSION={}", setting.value);
            return Some(Known {
                value: version,
                because,
                source: "ROCm documentation",
                about: self.about(setting.place),
            });
        }
        let base = self.base?;
        let version = rocm_of_tag(base)?;
        let because = format!("{}:{} holds ROCm {version}", path(base), base.version());
        Some(Known { value: version, because, source: &row(base)?.source, about: self.base_about() })
    }

    /// Says whether the image is for Jetson's system alone.
    pub fn jetson(&self) -> Option<Known<()>> {
        let base = self.base?;
        let row = row(base).filter(|row| row.kind == ImageKind::L4t)?;
        let because = format!("{}:{} is for Jetson's system image", path(base), base.version());
        Some(Known { value: (), because, source: &row.source, about: self.base_about() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Purl;

    fn image(text: &str) -> &'static Component {
        let (path, tag) = text.split_once(':').unwrap_or((text, ""));
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        Component::new(Purl::new("docker", namespace, name, tag)).intern()
    }

    fn stage(base: &str, installs: &[(&'static str, &'static str)]) -> Stage {
        let installs = installs.iter().map(|(manager, name)| Install {
            manager,
            name,
            constraint: "",
            index: "",
            place: Place::default(),
        });
        Stage { base: Some(image(base)), installs: installs.collect(), ..Stage::default() }
    }

    #[test]
    fn tags_tell_their_cuda() {
        for (text, expected) in [
            ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "12.4.1"),
            ("mirror/team/nvidia/cuda:11.8.0-base-ubuntu20.04", "11.8.0"),
            ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime", "12.4"),
            ("nvidia/pytorch:25.03-py3", "12.8.1"),
            ("tensorflow/tensorflow:2.15.0-gpu", "12.2"),
            ("tensorflow/tensorflow:2.15.0", ""),
            ("vllm/vllm-openai:v0.20.0-cu129", "12.9"),
            ("vllm/vllm-openai:v0.20.0", ""),
            ("nvidia/cuda", ""),
            ("python:3.12-slim", ""),
            ("notnvidia/cuda:12.4.1-base", ""),
        ] {
            let cuda = cuda_of_tag(image(text)).map(|(cuda, ..)| cuda.to_string());
            assert_eq!(cuda.unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn plain_images_are_official_ones() {
        for (text, expected) in [
            ("python:3.12", true),
            ("library/python:3.12", true),
            ("mirror/library/python:3.12", true),
            ("astral-sh/uv:0.9", true),
            ("team-library/python:3.12", false),
            ("team/python:3.12", false),
        ] {
            assert_eq!(is_plain(image(text)), expected, "{text}");
        }
    }

    #[test]
    fn tags_are_of_images_that_there_are() {
        for (base, capable, expected) in [
            // 24.04 is there from 12.5.1 on, and 11.4.4 is one of wheels alone.
            ("nvidia/cuda:13.0.1-runtime-ubuntu24.04", "11.4", "nvidia/cuda:11.4.3-runtime-ubuntu20.04"),
            ("nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04", "12.2", "nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04"),
            ("nvidia/cuda:13.0.1-base-ubuntu22.04", "12.4", "nvidia/cuda:12.4.1-base-ubuntu22.04"),
            ("nvidia/cuda:11.8.0-base-ubuntu20.04", "12.4", "nvidia/cuda:12.4.1-base-ubuntu20.04"),
            ("nvidia/cuda:12.8.1-base-ubuntu24.04", "12.6", "nvidia/cuda:12.6.3-base-ubuntu24.04"),
            ("nvidia/cuda:12.8.1-base-rockylinux9", "12.4", ""),
            ("nvidia/cuda:12.8.1-base-ubuntu24.04", "10.2", ""),
            ("nvidia/pytorch:25.03-py3", "12.4", ""),
        ] {
            let tag = tag_for(image(base), &Dotted::parse(capable).expect("a version"));
            assert_eq!(tag.unwrap_or_default(), expected, "{base} {capable}");
        }
    }

    #[test]
    fn compilers_are_there_or_not_or_it_is_not_known() {
        let shown = |stage: &Stage| match (stage.compiler(), stage.lacks_compiler()) {
            (Some(Known { value: Some(cuda), .. }), None) => cuda.to_string(),
            (Some(_), None) => "some".to_owned(),
            (None, Some(_)) => "none".to_owned(),
            (None, None) => "unknown".to_owned(),
            (Some(_), Some(_)) => "both".to_owned(),
        };
        for (base, installs, expected) in [
            ("nvidia/cuda:12.4.1-devel-ubuntu22.04", &[][..], "12.4.1"),
            ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", &[], "none"),
            ("nvidia/cuda:12.4.1-base-ubuntu22.04", &[("apt", "cuda-nvcc-12-6")], "12.6"),
            ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime", &[], "none"),
            ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel", &[], "12.4"),
            ("python:3.12-slim", &[], "none"),
            ("python:3.12", &[("apt", "nvidia-cuda-toolkit")], "some"),
            ("python:3.12", &[("conda", "cuda-nvcc")], "some"),
            ("team/base:1", &[], "unknown"),
        ] {
            assert_eq!(shown(&stage(base, installs)), expected, "{base} {installs:?}");
        }
    }

    #[test]
    fn forward_compatibility_is_of_a_driver_branch() {
        let compat = stage("nvidia/cuda:12.4.1-base-ubuntu22.04", &[]).compat().map(|known| known.value);
        assert_eq!(
            compat.map(|compat| (compat.cuda.to_string(), compat.branch)),
            Some(("12.4.1".to_owned(), Some(550)))
        );
        assert!(stage("python:3.12", &[]).compat().is_none());
        assert!(stage("python:3.12", &[("apt", "cuda-compat-12-8")]).compat().is_some());
    }
}
