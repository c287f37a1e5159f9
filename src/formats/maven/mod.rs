//! The JVM: what Maven, Gradle, sbt and Bazel's rules_jvm_external ask for, resolve and verify.

mod coordinates;
pub mod dependency_tree;
pub mod gradle_lockfile;
pub mod gradle_verification;
pub mod maven_install;
pub mod pom_xml;
pub mod sbt_lock;
mod xml;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &dependency_tree::DependencyTree,
    &gradle_lockfile::GradleLockfile,
    &gradle_verification::GradleVerification,
    &maven_install::MavenInstall,
    &pom_xml::PomXml,
    &sbt_lock::SbtLock,
];
