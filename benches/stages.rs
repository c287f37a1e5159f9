//! Each stage by itself, on the demo's lockfiles: `cargo bench --bench stages`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divan::{Bencher, black_box};
use driftgate::bom;
use driftgate::compare;
use driftgate::discover::{self, Scan};
use driftgate::formats;
use driftgate::graph::Graph;
use driftgate::source::{FileId, Source, Sources};
use driftgate::tree::image::Wish;
use driftgate::tree::{Folder, Image, Tree};
use sha2::{Digest, Sha256};

fn main() {
    divan::main();
}

const LOCKS: [&str; 3] = ["api/uv.lock", "web/package-lock.json", "worker/Cargo.lock"];

fn demo(side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo").join(side)
}

fn graph(side: &str) -> Graph {
    let tree: Arc<dyn Tree> = Arc::new(Folder::new(&demo(side)).unwrap());
    Graph::join(discover::read(&Sources::default(), &tree, &Scan::default()).unwrap().inventories)
}

#[divan::bench]
fn discover_and_parse() -> usize {
    graph("proposed").subjects().len()
}

#[divan::bench(args = LOCKS)]
fn parse(bencher: Bencher<'_, '_>, lock: &str) {
    let text = fs::read_to_string(demo("proposed").join(lock)).unwrap();
    let format = formats::of_file(lock).unwrap();
    let source = Source { file: FileId(0), path: "lock", text: &text };
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| format.parse(black_box(&source)).unwrap().nodes.len());
}

#[divan::bench(args = LOCKS)]
fn join(bencher: Bencher<'_, '_>, lock: &str) {
    let text = fs::read_to_string(demo("proposed").join(lock)).unwrap();
    let format = formats::of_file(lock).unwrap();
    let inventory = format.parse(&Source { file: FileId(0), path: "lock", text: &text }).unwrap();
    bencher.with_inputs(|| [inventory.clone()]).bench_values(Graph::join);
}

/// An image of one layer of 64 MiB, as `docker save` writes it: digests, the walk, what is looked at.
#[divan::bench]
fn image(bencher: Bencher<'_, '_>) {
    let archive = |files: &mut dyn Iterator<Item = (String, Vec<u8>)>| {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    };
    let mut content = (0..4096).map(|number| match number % 16 {
        0 => (
            format!("usr/lib/python3/dist-packages/p{number}-1.dist-info/METADATA"),
            format!("Name: p{number}\nVersion: 1\n").into(),
        ),
        _ => (format!("usr/share/data/{number}"), vec![number as u8; 17 << 10]),
    });
    let layer = archive(&mut content);
    let hex: String = Sha256::digest(&layer).iter().map(|byte| format!("{byte:02x}")).collect();
    let config = format!(r#"{{"os":"linux","architecture":"amd64","rootfs":{{"diff_ids":["sha256:{hex}"]}}}}"#);
    let manifest = r#"[{"Config":"config.json","RepoTags":["a:1"],"Layers":["layer.tar"]}]"#;
    let size = layer.len();
    let files = [("layer.tar", layer), ("config.json", config.into_bytes()), ("manifest.json", manifest.into())];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    fs::write(&file, archive(&mut files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)))).unwrap();
    bencher.counter(divan::counter::BytesCount::new(size)).bench(|| {
        let image = Image::open(&file, "image", &Wish::default(), &discover::look).unwrap().unwrap();
        let tree: Arc<dyn Tree> = Arc::new(image);
        discover::read(&Sources::default(), &tree, &Scan::default()).unwrap().inventories.len()
    });
}

#[divan::bench]
fn compare_graphs(bencher: Bencher<'_, '_>) {
    let (old, new) = (graph("approved"), graph("proposed"));
    bencher.bench(|| compare::drift(black_box(&old), black_box(&new)).subjects.len());
}

#[divan::bench]
fn write_bom(bencher: Bencher<'_, '_>) {
    let graph = graph("proposed");
    bencher.bench(|| bom::write(black_box(&graph), &bom::Options::default()).unwrap().len());
}

#[divan::bench]
fn read_bom(bencher: Bencher<'_, '_>) {
    let bytes = bom::write(&graph("proposed"), &bom::Options::default()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let format = formats::of_text(&text).unwrap();
    let source = Source { file: FileId(0), path: "bom.cdx.json", text: &text };
    bencher.bench(|| format.parse_all(black_box(&source)).unwrap().len());
}
