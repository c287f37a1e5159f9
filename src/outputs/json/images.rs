//! What is approved, locked and installed of images at hand.

use serde::Serialize;

use crate::intern::Text;
use crate::model::Layer;
use crate::report::ImageTable;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Image<'r> {
    /// The image's name.
    image: Text,
    /// The lockfile's path.
    lock: Text,
    /// The environment's subject.
    installed: Text,
    /// Whether the BOM pins the lockfile.
    approved: bool,
    /// How many packages are the same wherever they are known.
    same: usize,
    /// The others.
    rows: Vec<ImageRow<'r>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ImageRow<'r> {
    /// The purl less its version.
    purl: Text,
    /// The name as its ecosystem writes it.
    name: Text,
    /// The versions that the BOM pins.
    approved: &'r [Text],
    /// The versions that are locked.
    locked: &'r [Text],
    /// The versions that are installed.
    installed: &'r [Text],
    /// What that means, in a word.
    meaning: Text,
    /// The layer that brought what is installed.
    layer: Option<ImageLayer>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ImageLayer {
    /// Its number, from 1.
    number: u32,
    /// Its digest.
    digest: Text,
    /// The command that made it.
    created_by: Text,
}

impl<'r> Image<'r> {
    pub(super) fn of(table: &'r ImageTable) -> Self {
        let layer = |layer: &'static Layer| {
            let Layer { number, digest, created_by } = *layer;
            ImageLayer { number, digest, created_by }
        };
        let row = |row: &'r crate::report::ImageRow| ImageRow {
            purl: row.purl,
            name: row.name,
            approved: &row.approved,
            locked: &row.locked,
            installed: &row.installed,
            meaning: row.meaning,
            layer: row.layer.map(layer),
        };
        Image {
            image: table.image,
            lock: table.lock,
            installed: table.installed,
            approved: table.is_approved,
            same: table.same,
            rows: table.rows.iter().map(row).collect(),
        }
    }
}
