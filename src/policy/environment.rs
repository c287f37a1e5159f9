//! What runs as one, where the tree itself does not show it.

use super::cursor::{Placed, Table};
use super::globs::Globs;
use crate::intern::Text;
use crate::source::Place;

/// Lockfiles, the image that they are installed into, and what deployments call that image.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What it is called; empty where it has no name of its own.
    pub name: Text,
    /// The lockfiles.
    pub locks: Globs,
    /// The file that describes the image: a Dockerfile, an image's configuration.
    pub image: Option<Placed<Text>>,
    /// The stage of it that runs; the last one where it is not said.
    pub stage: Option<Placed<Text>>,
    /// What deployments call the image: its name without tag, with wildcards.
    pub deployed_as: Vec<Placed<Text>>,
    /// Where it begins.
    pub place: Place,
}

impl Environment {
    /// Reads one `[[environment]]`.
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let environment = Environment {
            name: table.text("name").map_or("", |name| name.value),
            locks: Globs::read(&table, "locks"),
            image: table.text("image"),
            stage: table.text("stage"),
            deployed_as: table.texts("deployed-as"),
            place: table.place,
        };
        let parts = usize::from(!environment.locks.is_empty())
            + usize::from(environment.image.is_some())
            + usize::from(!environment.deployed_as.is_empty());
        if parts < 2 {
            table.fault(
                table.place,
                "an environment joins two of \"locks\", \"image\" and \"deployed-as\"; here is less to join",
            );
        }
        table.close(|key| match key {
            "lock" | "path" => Some(", write locks = [\"uv.lock\"]".to_owned()),
            "dockerfile" => Some(", write image = \"Dockerfile\"".to_owned()),
            _ => None,
        });
        environment
    }
}
