//! Python's package files: lockfiles, requirements, the manifest, and the records of what is installed.

mod answers;
pub(in crate::formats) mod constraint;
pub mod dist_info;
mod hosts;
pub(in crate::formats) mod listed;
mod locked;
pub(in crate::formats) mod marker;
pub mod pdm_lock;
pub(in crate::formats) mod pep508;
pub mod pip_inspect;
pub mod pip_report;
pub mod pipfile;
pub mod pipfile_lock;
mod poetry;
pub mod poetry_lock;
pub mod pylock;
pub mod pyproject;
mod reported;
pub mod requirements;
#[cfg(test)]
mod trial;
pub mod uv_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &dist_info::DistInfo,
    &pdm_lock::PdmLock,
    &pip_inspect::PipInspect,
    &pip_report::PipReport,
    &pipfile::Pipfile,
    &pipfile_lock::PipfileLock,
    &poetry_lock::PoetryLock,
    &pylock::Pylock,
    &pyproject::Pyproject,
    &requirements::RequirementsTxt,
    &uv_lock::UvLock,
];

pub(crate) use pep508::normal;

/// Says whether a marker can hold on Linux with an x86-64 processor; what is no marker can.
pub fn can_hold_on_linux(marker: &str) -> bool {
    const LINUX: &str = "sys_platform == 'linux' and platform_machine == 'x86_64'";
    marker.is_empty() || marker::overlap(&[marker, LINUX]) != marker::Overlap::Never
}

/// Says whether a marker can hold on Linux, whatever the processor; what is no marker can.
pub fn can_hold_on_any_linux(marker: &str) -> bool {
    marker.is_empty() || marker::overlap(&[marker, "sys_platform == 'linux'"]) != marker::Overlap::Never
}

/// Says whether two markers hold in the same environments, however they are written; what is no marker is not the same.
pub fn is_same_marker(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && marker::is_same(one, other)
}

/// Says whether a version satisfies what is asked for (`==2.5.1`, `>=2,<3`); none where either is of no known form.
pub fn allows(asked: &str, version: &str) -> Option<bool> {
    let (asked, version) = (constraint::Constraint::read(asked)?, version.parse().ok()?);
    Some(asked.allows(&version))
}

#[cfg(test)]
mod tests {
    use super::can_hold_on_linux;

    #[test]
    fn markers_of_other_systems_do_not_hold_on_linux() {
        for (marker, expected) in [
            ("", true),
            ("sys_platform == 'darwin'", false),
            ("sys_platform != 'darwin'", true),
            ("python_full_version >= '3.12' and sys_platform == 'win32'", false),
            ("platform_machine == 'arm64' and sys_platform == 'darwin' or sys_platform == 'linux'", true),
            ("no marker at all", true),
        ] {
            assert_eq!(can_hold_on_linux(marker), expected, "{marker}");
        }
    }
}
