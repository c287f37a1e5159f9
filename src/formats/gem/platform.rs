//! RubyGems' platforms: which builds of a gem a machine takes.
//!
//! Specification: RubyGems' `lib/rubygems/platform.rs` (how a platform is spelled, and what matches it) and Bundler's
//! `select_best_platform_match` (which of several that match is taken).

/// A platform as RubyGems reads it: `x86_64-linux-musl`, `universal-darwin`, `java`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Platform<'t> {
    /// The processor; empty where any will do.
    cpu: &'t str,
    /// The system; empty for `ruby`, which is any.
    os: &'t str,
    /// The system's version, or its C library; empty where none is said.
    version: &'t str,
}

impl<'t> Platform<'t> {
    /// Reads a platform; `ruby` and nothing are the same.
    pub(super) fn read(text: &'t str) -> Self {
        if matches!(text, "" | "ruby") {
            return Platform::default();
        }
        let (cpu, system) = text.split_once('-').unwrap_or(("", text));
        let cpu = match cpu.as_bytes() {
            [b'i', digit, b'8', b'6'] if digit.is_ascii_digit() => "x86",
            _ => cpu,
        };
        // The version follows the name, with or without a hyphen: `darwin-20`, `darwin20`, `linux-musl`, `mingw-ucrt`.
        let numbered = ["darwin", "freebsd", "openbsd", "solaris", "aix", "hpux", "dalvik", "dotnet", "java"];
        let (os, version) = match system.split_once('-') {
            Some(parts) => parts,
            None => match numbered.iter().find(|os| system.starts_with(**os)) {
                Some(os) => system.split_at(os.len()),
                None => (system, ""),
            },
        };
        let os = if os == "jruby" { "java" } else { os };
        Platform { cpu, os, version }
    }

    /// Says whether a build for this platform runs on that machine; of a machine called `ruby` nothing is known.
    fn runs_on(self, machine: Platform<'_>) -> bool {
        if self.os.is_empty() || machine.os.is_empty() {
            return true;
        }
        let is_any = |cpu: &str| matches!(cpu, "" | "universal");
        let cpu = is_any(self.cpu)
            || is_any(machine.cpu)
            || self.cpu == machine.cpu
            || (self.cpu == "arm" && machine.cpu.starts_with("armv"));
        let version = if self.os == "linux" {
            // GNU's C library goes without saying, and a machine's kind of floating point; a build for no library in
            // particular runs beside musl too.
            library(self.version) == library(machine.version)
                || (self.version.is_empty() && matches!(machine.version, "musl" | "musleabi" | "musleabihf"))
        } else {
            self.version.is_empty() || machine.version.is_empty() || self.version == machine.version
        };
        cpu && self.os == machine.os && version
    }

    /// Returns how far a build that runs on a machine is from being made for it; 0 is the machine's own.
    fn distance(self, machine: Platform<'_>) -> u32 {
        if self == machine {
            return 0;
        }
        if self.os.is_empty() || machine.os.is_empty() {
            return u32::MAX;
        }
        let step = |own: &str, other: &str, is_open: bool| match (own == other, is_open) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let is_arm = self.cpu == "arm" && machine.cpu.starts_with("arm");
        let cpu = if is_arm { 0 } else { step(self.cpu, machine.cpu, matches!(self.cpu, "" | "universal")) };
        1 + cpu * 10 + step(self.version, machine.version, self.version.is_empty()) * 100
    }
}

/// Returns the C library that a version of Linux names, without the kind of floating point; none where it is GNU's.
fn library(version: &str) -> &str {
    let plain = version.strip_prefix("gnu").unwrap_or(version);
    plain.strip_suffix("eabihf").or(plain.strip_suffix("eabi")).unwrap_or(plain)
}

/// Returns which builds a machine takes, of those that are given by their platforms: all that are nearest to it.
pub(super) fn taken(builds: &[Platform<'_>], machine: Platform<'_>) -> Vec<usize> {
    let distance = |build: &Platform<'_>| build.runs_on(machine).then(|| build.distance(machine));
    let nearest = builds.iter().filter_map(distance).min();
    (0..builds.len()).filter(|&number| nearest.is_some() && distance(&builds[number]) == nearest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row was answered by RubyGems 3.3.15 and Bundler 2.3.15, but those with a C library and of ARM: by RubyGems 3.6.
    #[test]
    fn a_machine_takes_the_nearest_build() {
        let darwin = ["ruby", "x86_64-darwin", "universal-darwin", "arm64-darwin", "arm64-darwin-22"];
        let linux = ["ruby", "x86_64-linux", "aarch64-linux", "x86_64-linux-musl", "arm-linux"];
        let gnu = ["x86_64-linux-gnu", "x86_64-linux-musl", "aarch64-linux-gnu"];
        let other = ["ruby", "java", "x86-mingw32", "x64-mingw32", "x64-mingw-ucrt", "x86-linux"];
        let rows: &[(&[&str], &str, &[&str])] = &[
            (&darwin, "x86_64-darwin-20", &["x86_64-darwin"]),
            (&darwin, "x86_64-darwin20", &["x86_64-darwin"]),
            (&darwin, "arm64-darwin-22", &["arm64-darwin-22"]),
            (&darwin, "arm64-darwin-21", &["arm64-darwin"]),
            (&darwin[..3], "arm64-darwin-21", &["universal-darwin"]),
            (&darwin, "ruby", &["ruby"]),
            (&darwin, "x86_64-linux", &["ruby"]),
            (&linux, "x86_64-linux", &["x86_64-linux"]),
            (&linux, "x86_64-linux-musl", &["x86_64-linux-musl"]),
            (&linux[..3], "x86_64-linux-musl", &["x86_64-linux"]),
            (&linux, "arm64-linux", &["ruby"]),
            (&linux, "armv7-linux", &["arm-linux"]),
            (&["x86-linux-musl", "arm-linux-musl", "arm-linux-gnueabihf"], "arm-linux-musleabihf", &["arm-linux-musl"]),
            (&["arm-linux-musl", "arm-linux-gnueabihf"], "arm-linux", &["arm-linux-gnueabihf"]),
            (&linux, "riscv64-linux", &["ruby"]),
            (&gnu, "x86_64-linux", &["x86_64-linux-gnu"]),
            (&gnu, "x86_64-linux-musl", &["x86_64-linux-musl"]),
            (&gnu, "ruby", &gnu),
            (&gnu, "java", &[]),
            (&other, "jruby", &["java"]),
            (&other, "i386-mingw32", &["x86-mingw32"]),
            (&other, "x64-mingw-ucrt", &["x64-mingw-ucrt"]),
            (&other, "i686-linux", &["x86-linux"]),
        ];
        for (builds, machine, expected) in rows {
            let read: Vec<Platform<'_>> = builds.iter().map(|build| Platform::read(build)).collect();
            let found: Vec<&str> =
                taken(&read, Platform::read(machine)).into_iter().map(|number| builds[number]).collect();
            assert_eq!(found, *expected, "{machine} of {builds:?}");
        }
    }
}
