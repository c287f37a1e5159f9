#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::layer::{self, Brings, Named};
use super::limits::{Hasher, Limits, Spent};
use super::*;

/// What stands in a layer.
enum Item<'i> {
    File(&'i str, &'i str),
    Folder(&'i str),
    Link(&'i str, &'i str),
    HardLink(&'i str, &'i str),
}
use Item::*;

fn tar(items: &[Item<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for item in items {
        let (path, target, kind, content): (&str, &str, EntryType, &[u8]) = match item {
            File(path, content) => (path, "", EntryType::Regular, content.as_bytes()),
            Folder(path) => (path, "", EntryType::Directory, b""),
            Link(path, target) => (path, target, EntryType::Symlink, b""),
            HardLink(path, target) => (path, target, EntryType::Link, b""),
        };
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        // The crate refuses what climbs out; those who write such archives don't use it.
        let bytes = header.as_gnu_mut().unwrap();
        bytes.name[..path.len()].copy_from_slice(path.as_bytes());
        bytes.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    io::copy(&mut &*bytes, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn digest(bytes: &[u8]) -> String {
    let mut hasher = Hasher::of(&format!("sha256:{}", "0".repeat(64))).unwrap();
    hasher.update(bytes);
    hasher.digest()
}

/// How a layer is packed.
type Pack = fn(&[u8]) -> Vec<u8>;

/// An OCI layout in the making.
#[derive(Default)]
struct Layout {
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Layout {
    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = digest(&bytes);
        let size = bytes.len();
        self.blobs.insert(format!("blobs/{}", digest.replace(':', "/")), bytes);
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    /// Adds an image of layers and how each is packed.
    fn image(&mut self, layers: &[Vec<u8>], pack: Pack, architecture: &str) -> Value {
        let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let history: Vec<Value> = (1..=layers.len())
            .flat_map(|number| {
                let run = format!("RUN /bin/sh -c step {number} # buildkit");
                [json!({"created_by": run}), json!({"created_by": "ENV A=b", "empty_layer": true})]
            })
            .collect();
        let config = json!({"os": "linux", "architecture": architecture, "config": {"Env": ["A=b"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history});
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
        let layers: Vec<Value> =
            layers.iter().map(|layer| self.blob("application/vnd.oci.image.layer.v1.tar", pack(layer))).collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        self.blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().into_bytes())
    }

    fn index(&mut self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests}).to_string().into_bytes();
        self.blobs.insert("index.json".to_owned(), index);
        self.blobs.insert("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
    }

    fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in &self.blobs {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn archive(&self) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (path, bytes) in &self.blobs {
            let mut header = Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, bytes.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Looks at what is called `look`, with whatever before it and after, and weighs what is called `weights`.
fn looks(path: &str) -> Look {
    if path.contains("weights") {
        return Look::Weighed;
    }
    if path.contains("look") || path == "var/lib/dpkg/status" { Look::Whole } else { Look::No }
}

fn open(path: &Path) -> Result<Option<Image>> {
    Image::open(path, "image", &Wish::default(), &looks)
}

/// Shows what is read of an image: each file with its content, its layer and what it was.
fn shown(image: &Image) -> Vec<String> {
    let enter: Enter = Arc::new(|_| true);
    let listing = image.list(&enter, true).unwrap();
    let mut lines: Vec<String> = listing.unlisted.into_iter().map(|(path, fault)| format!("{path}: {fault}")).collect();
    for path in listing.files.iter().filter(|path| *path != CONFIG) {
        let opened = || image.open(path).map_or_else(|e| e.to_string(), |bytes| String::from_utf8(bytes).unwrap());
        let size = |pointer: String| pointer.lines().last().unwrap_or_default().to_owned();
        let content = image.weigh(path).unwrap().map_or_else(opened, size);
        let layer = image.layer(path).map_or("?".to_owned(), |layer| layer.number.to_string());
        let earlier = image.earlier(path).into_iter();
        let earlier: Vec<String> = earlier.map(|(layer, bytes)| format!("{}:{}", layer.number, bytes.len())).collect();
        lines.push(format!("{path}={content} @{layer}{}", earlier.join(",")));
    }
    lines
}

fn of_layers(layers: &[&[Item<'_>]]) -> Vec<String> {
    let mut layout = Layout::default();
    let layers: Vec<Vec<u8>> = layers.iter().map(|items| tar(items)).collect();
    let image = layout.image(&layers, gzip, "amd64");
    layout.index(&[image]);
    let folder = layout.folder();
    shown(&open(folder.path()).unwrap().unwrap())
}

#[test]
fn layers_lie_on_each_other() {
    let a = [File("a/look", "1"), File("b/look", "1"), File("b/c/look", "1"), File("./d//look", "1")];
    for (name, upper, expected) in [
        ("nothing", &[][..], vec!["a/look=1 @1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"]),
        (
            "a file again",
            &[File("a/look", "two")],
            vec!["a/look=two @21:1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"],
        ),
        ("a whiteout of a file", &[File("b/.wh.look", "")], vec!["a/look=1 @1", "b/c/look=1 @1", "d/look=1 @1"]),
        ("a whiteout of a folder", &[File(".wh.b", "")], vec!["a/look=1 @1", "d/look=1 @1"]),
        (
            "an opaque folder",
            &[File("b/.wh..wh..opq", ""), File("b/look2", "2")],
            vec!["a/look=1 @1", "b/look2=2 @2", "d/look=1 @1"],
        ),
        ("an opaque root", &[File(".wh..wh..opq", ""), File("look", "2")], vec!["look=2 @2"]),
        (
            "a whiteout beside what comes",
            &[File("a/look", "2"), File("a/.wh.look", "")],
            vec!["a/look=2 @2", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"],
        ),
        (
            "what aufs keeps",
            &[File(".wh..wh.plnk", ""), File("a/.wh..wh.aufs", "")],
            vec!["a/look=1 @1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"],
        ),
        ("a file in place of a folder", &[File("b", "")], vec!["a/look=1 @1", "d/look=1 @1"]),
        (
            "weights, and what is only called so",
            &[File("m/weights", "GGUF1"), File("n/weights", "text")],
            vec!["a/look=1 @1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1", "m/weights=size 5 @2"],
        ),
        ("a folder in place of a file", &[Folder("a/look/")], vec!["b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"]),
        (
            "a link in place of a file",
            &[Link("a/look", "../d/look")],
            vec!["b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"],
        ),
        (
            "a folder that was there",
            &[Folder("b"), Folder("b/c/")],
            vec!["a/look=1 @1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1"],
        ),
        (
            "a file twice",
            &[File("look", "1"), File("look", "2")],
            vec!["a/look=1 @1", "b/c/look=1 @1", "b/look=1 @1", "d/look=1 @1", "look=2 @2"],
        ),
    ] {
        assert_eq!(of_layers(&[&a, upper]), expected, "{name}");
    }
}

#[test]
fn links_lead_nowhere_out_of_the_image() {
    let lower =
        [Link("lib", "usr/lib"), Link("etc/out", "../../../../usr"), Link("circle", "circle"), Link("abs", "/usr/lib")];
    let upper = [File("lib/look", "1"), File("etc/out/look2", "2"), File("circle/look3", "3"), File("abs/look4", "4")];
    let expected = ["usr/lib/look=1 @2", "usr/lib/look4=4 @2", "usr/look2=2 @2"];
    assert_eq!(of_layers(&[&lower, &upper]), expected);
    // A folder of the upper layer replaces the link.
    assert_eq!(of_layers(&[&lower, &[Folder("lib/"), File("lib/look", "1")]]), ["lib/look=1 @2"]);
}

#[test]
fn names_of_one_file_share_its_content() {
    for (layers, expected) in [
        (vec![&[File("store/x", "1"), HardLink("a/look", "store/x")][..]], vec!["a/look=1 @1"]),
        (vec![&[File("look", "1"), HardLink("a/look", "look")][..]], vec!["a/look=1 @1", "look=1 @1"]),
        (vec![&[File("store/x", "1")][..], &[HardLink("a/look", "store/x")][..]], vec!["a/look=1 @2"]),
        (vec![&[File("look", "1")][..], &[HardLink("a/look", "look")][..]], vec!["a/look=1 @2", "look=1 @1"]),
        (vec![&[HardLink("a/look", "nothing")][..]], vec![]),
        // Weights have hard links in the stores of those who fetch them.
        (vec![&[File("blobs/7", "GGUF1"), HardLink("m/weights", "blobs/7")][..]], vec!["m/weights=size 5 @1"]),
        // The file that was there is not the one that is there now.
        (vec![&[File("look", "old")][..], &[File("new", "2"), HardLink("look", "new")][..]], vec!["look=2 @21:3"]),
        (vec![&[HardLink("a/look", "b/look"), HardLink("b/look", "x")][..], &[File("x", "")][..]], vec![]),
        (
            vec![&[File("x", "1"), HardLink("b/look", "x"), HardLink("a/look", "b/look")][..]],
            vec!["a/look=1 @1", "b/look=1 @1"],
        ),
        // One that only changed its owner.
        (vec![&[File("look", "1")][..], &[File("look", "1")][..]], vec!["look=1 @11:1"]),
    ] {
        assert_eq!(of_layers(&layers), expected);
    }
}

/// A record of packages that cannot be read is told of, whatever hides it.
#[test]
fn records_behind_links_are_read_or_told() {
    let status = "var/lib/dpkg/status";
    for (layers, expected) in [
        (vec![&[File("data/status", "1"), Link(status, "/data/status")][..]], vec!["var/lib/dpkg/status=1 @?"]),
        (
            vec![&[Link(status, "/data/status")][..]],
            vec!["image: var/lib/dpkg/status is another name of data/status, which is not there to be read"],
        ),
        (
            vec![&[HardLink(status, "data/status")][..]],
            vec!["image: var/lib/dpkg/status is another name of data/status, which is not there to be read"],
        ),
        (vec![&[File(status, "1")][..], &[Link("var/lib/dpkg", "elsewhere")][..]], vec![]),
    ] {
        assert_eq!(of_layers(&layers), expected);
    }
    let mut header = Header::new_gnu();
    header.set_path(status).unwrap();
    header.set_entry_type(EntryType::Fifo);
    header.set_size(0);
    header.set_cksum();
    let read = layer::read(&mut &header.as_bytes()[..], &Named::default(), &looks, &Spent::default());
    assert_eq!(read.faults, ["\"var/lib/dpkg/status\" is no plain file, and is not read"]);
}

#[test]
fn every_way_to_store_an_image_reads_alike() {
    let layers = [tar(&[File("a/look", "1"), Folder("b")]), tar(&[File("b/look", &"2".repeat(3000))])];
    // A layer that adds nothing often stands twice.
    let layers = [layers[0].clone(), tar(&[]), layers[1].clone(), tar(&[])];
    let packs: [Pack; 3] = [gzip, zstd, |bytes| bytes.to_vec()];
    let expected = ["a/look=1 @1".to_owned(), format!("b/look={} @3", "2".repeat(3000))];
    for pack in packs {
        let mut layout = Layout::default();
        let image = layout.image(&layers, pack, "amd64");
        layout.index(&[image]);
        let folder = layout.folder();
        assert_eq!(shown(&open(folder.path()).unwrap().unwrap()), expected);
        for (name, bytes) in
            [("a.tar", layout.archive()), ("a.tar.gz", gzip(&layout.archive())), ("z", zstd(&layout.archive()))]
        {
            let path = written(&folder, name, &bytes);
            assert_eq!(shown(&open(&path).unwrap().unwrap()), expected, "{name}");
        }
    }
    let (layers, expected) =
        ([&layers[0], &layers[2]], ["a/look=1 @1".to_owned(), format!("b/look={} @2", "2".repeat(3000))]);
    // What `docker save` wrote before it wrote layouts; a layer that two images share is linked.
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [digest(layers[0]), digest(layers[1])]},
        "history": [{"created_by": "/bin/sh -c #(nop) ADD file:1 in / "}, {"created_by": "/bin/sh -c pip install x"}]});
    let config = config.to_string();
    let name = format!("{}.json", &digest(config.as_bytes())[7..]);
    let manifest =
        json!([{"Config": name, "RepoTags": ["app:1"], "Layers": ["1/layer.tar", "2/layer.tar"]}]).to_string();
    let mut builder = Builder::new(Vec::new());
    let files = [
        (name.as_str(), config.as_bytes()),
        ("1/layer.tar", layers[0].as_slice()),
        ("3/layer.tar", layers[1].as_slice()),
        ("manifest.json", manifest.as_bytes()),
    ];
    for (path, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, path, bytes).unwrap();
    }
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "2/layer.tar", "../3/layer.tar").unwrap();
    let saved = builder.into_inner().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.tar", saved.clone()), ("a.tgz", gzip(&saved))] {
        let image = open(&written(&folder, name, &bytes)).unwrap().unwrap();
        assert_eq!(shown(&image), expected);
        assert_eq!(image.name(), "app:1");
        let commands = ["a/look", "b/look"].map(|path| image.layer(path).unwrap().created_by);
        assert_eq!(commands, ["ADD file:1 in /", "RUN pip install x"]);
    }
}

#[test]
fn one_of_several_images_is_named() {
    let layer = |text: &str| vec![tar(&[File("look", text)])];
    let mut layout = Layout::default();
    let mut amd = layout.image(&layer("amd"), gzip, "amd64");
    let mut arm = layout.image(&layer("arm"), gzip, "arm64");
    amd["platform"] = json!({"os": "linux", "architecture": "amd64"});
    arm["platform"] = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
    let mut attestation = layout.image(&layer("none"), gzip, "amd64");
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    let mut absent = amd.clone();
    absent["digest"] = json!(format!("sha256:{}", "a".repeat(64)));
    let index = json!({"manifests": [amd, arm, attestation, absent]}).to_string().into_bytes();
    let mut index = layout.blob("application/vnd.oci.image.index.v1+json", index);
    index["annotations"] = json!({"org.opencontainers.image.ref.name": "mirror.example/app:2"});
    let mut other = layout.image(&layer("other"), gzip, "amd64");
    other["annotations"] = json!({"org.opencontainers.image.ref.name": "other"});
    layout.index(&[index, other]);
    let folder = layout.folder();
    let read = |platform: Option<&str>, reference: Option<&str>| {
        let wish = Wish { platform: platform.map(str::to_owned), reference: reference.map(str::to_owned) };
        match Image::open(folder.path(), "image", &wish, &looks) {
            Ok(image) => shown(&image.unwrap()).join(" "),
            Err(error) => format!("{error:#}"),
        }
    };
    assert_eq!(read(Some("linux/arm64"), None), "look=arm @1");
    assert_eq!(read(Some("arm64"), None), "look=arm @1");
    assert_eq!(read(None, Some("other")), "look=other @1");
    assert_eq!(read(Some("linux/amd64"), Some("app:2")), "look=amd @1");
    let all = "mirror.example/app:2 (linux/amd64), mirror.example/app:2 (linux/arm64/v8), other (linux/amd64)";
    let several = format!("it holds several images: {all}; name one with --platform, or by its name as in FILE#NAME");
    assert_eq!(read(None, None), format!("reading the image image: {several}"));
    let none = format!("reading the image image: it holds no image that is asked for, but {all}");
    assert_eq!(read(Some("linux/arm/v7"), None), none);
}

#[test]
fn damaged_images_are_told_and_the_rest_is_read() {
    let damage = |change: &dyn Fn(&mut Layout, &mut Value)| {
        let mut layout = Layout::default();
        let layers = [tar(&[File("a/look", "1")]), tar(&[File("b/look", &"2".repeat(2000)), File("c/look", "3")])];
        let mut image = layout.image(&layers, gzip, "amd64");
        change(&mut layout, &mut image);
        layout.index(&[image]);
        let folder = layout.folder();
        match open(folder.path()) {
            Ok(image) => shown(&image.unwrap()).join("\n"),
            Err(error) => format!("{error:#}"),
        }
    };
    let second = |layout: &Layout| {
        let packed = gzip(&tar(&[File("b/look", &"2".repeat(2000)), File("c/look", "3")]));
        let name = format!("blobs/{}", digest(&packed).replace(':', "/"));
        assert!(layout.blobs.contains_key(&name));
        name
    };
    let shorten = |text: String| {
        let hex = |word: &str| word.len() >= 64;
        text.split_inclusive([' ', '\n', ':', '/', ',', ';', ')'])
            .map(|word| if hex(word) { format!("{}…{}", &word[..4], &word[word.len() - 1..]) } else { word.to_owned() })
            .collect::<String>()
    };
    let cases = [
        (
            "truncated",
            damage(&|layout, _| {
                let name = second(layout);
                layout.blobs.get_mut(&name).unwrap().truncate(40);
            }),
        ),
        (
            "one byte more",
            damage(&|layout, _| {
                let name = second(layout);
                layout.blobs.get_mut(&name).unwrap().push(b'x');
            }),
        ),
        (
            "another layer",
            damage(&|layout, _| {
                let name = second(layout);
                layout.blobs.insert(name, gzip(&tar(&[File("x/look", "evil")])));
            }),
        ),
        (
            "a layer is gone",
            damage(&|layout, _| {
                let name = second(layout);
                layout.blobs.remove(&name);
            }),
        ),
        (
            "a layer is no archive",
            damage(&|layout, _| {
                let name = second(layout);
                layout.blobs.insert(name, vec![b'x'; 2000]);
            }),
        ),
        (
            "another manifest",
            damage(&|layout, image| {
                let name = format!("blobs/{}", image["digest"].as_str().unwrap().replace(':', "/"));
                layout.blobs.get_mut(&name).unwrap().push(b' ');
            }),
        ),
        (
            "the manifest is no JSON",
            damage(&|layout, image| {
                let name = format!("blobs/{}", image["digest"].as_str().unwrap().replace(':', "/"));
                layout.blobs.insert(name, b"{".to_vec());
            }),
        ),
        ("a digest that climbs out", damage(&|_, image| image["digest"] = json!("sha256:../../../etc/passwd"))),
        (
            "a digest of another kind",
            damage(&|_, image| image["digest"] = json!("md5:d41d8cd98f00b204e9800998ecf8427e")),
        ),
    ];
    let text: Vec<String> = cases.into_iter().map(|(name, shown)| format!("-- {name}\n{}\n", shorten(shown))).collect();
    let expected = include_str!("damaged.snap");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tree/image/damaged.snap");
    let text = text.concat();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(file, &text).unwrap();
    } else {
        assert_eq!(text, expected);
    }
}

#[test]
fn indexes_in_circles_end() {
    let mut layout = Layout::default();
    // No digest can name what holds it: the circle is made of wrong ones.
    let digest = format!("sha256:{}", "c".repeat(64));
    let media_type = "application/vnd.oci.image.index.v1+json";
    let itself = json!({"mediaType": media_type, "digest": digest});
    layout
        .blobs
        .insert(format!("blobs/{}", digest.replace(':', "/")), json!({"manifests": [itself]}).to_string().into_bytes());
    layout.index(&[itself]);
    let folder = layout.folder();
    let error = open(folder.path()).map(|_| ()).expect_err("no image");
    assert_eq!(format!("{error:#}"), "reading the image image: it holds no container image");
    // A chain of many is none that anybody makes.
    let mut layout = Layout::default();
    let mut index = layout.blob(media_type, br#"{"manifests":[]}"#.to_vec());
    for _ in 0..20 {
        index = layout.blob(media_type, json!({"manifests": [index]}).to_string().into_bytes());
    }
    layout.index(&[index]);
    let error = open(layout.folder().path()).map(|_| ()).expect_err("too deep");
    assert!(format!("{error:#}").ends_with("stand in each other more than 8 deep"));
}

#[test]
fn other_files_are_no_images() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("empty", Vec::new()), ("text", b"hello".to_vec()), ("packed.gz", gzip(b"hello")), ("zst", zstd(b"hello"))]
    {
        assert!(open(&written(&folder, name, &bytes)).unwrap().is_none(), "{name}");
    }
    assert!(open(folder.path()).unwrap().is_none());
    let package = tar(&[File("package/package.json", "{}")]);
    for (name, bytes) in [("p.tar", package.clone()), ("p.tgz", gzip(&package))] {
        let error = open(&written(&folder, name, &bytes)).map(|_| ()).expect_err("no image");
        let expected = "reading the image image: it holds no container image: neither index.json (an OCI layout) nor \
                        manifest.json (`docker save`)";
        assert_eq!(format!("{error:#}"), expected);
    }
}

fn faults(stream: &mut dyn Read, limits: Limits) -> Vec<String> {
    let spent = Spent::of(limits);
    let faults = layer::read(stream, &Named::default(), &looks, &spent).faults;
    spent.fault().map_or(faults, |fault| vec![fault])
}

/// What is said of an image that is past a limit.
const LARGER: &str = "the image is larger than what is read: at most ";

#[test]
fn entries_that_climb_out_are_told() {
    let long = "a/".repeat(40);
    let items = [
        File("../look", "1"),
        File("a/../../look", "1"),
        Link("out", "/etc"),
        HardLink("look", "../../etc/passwd"),
        File(&long, ""),
    ];
    let bytes = tar(&items);
    let layer = layer::read(&mut bytes.as_slice(), &Named::default(), &looks, &Spent::default());
    assert_eq!(
        layer.faults,
        [
            "an entry is named \"../look\", which leads out of the image or is too long",
            "an entry is named \"a/../../look\", which leads out of the image or is too long",
            "\"look\" is another name of \"../../etc/passwd\", which leads out of the image",
        ]
    );
    assert!(layer.brings.values().all(|brings| matches!(brings, Brings::Link(_))));
}

#[test]
fn many_whiteouts_and_links_take_no_longer_than_they_are() {
    let gone: Vec<String> = (0..20_000).map(|number| format!("gone/{number}/.wh.x")).collect();
    let links: Vec<String> = (0..20_000).map(|number| format!("links/{number}")).collect();
    let kept: Vec<String> = (0..5_000).map(|number| format!("kept/{number}/look")).collect();
    let lower: Vec<Item<'_>> = kept.iter().map(|name| File(name, "1")).collect();
    let upper: Vec<Item<'_>> =
        gone.iter().map(|name| File(name, "")).chain(links.iter().map(|name| Link(name, "../links"))).collect();
    assert_eq!(of_layers(&[&lower, &upper]).len(), 5_000);
    let little = Limits { kept: 1 << 20, ..Limits::default() };
    assert!(faults(&mut tar(&upper).as_slice(), little)[0].starts_with(LARGER));
}

/// A Zstandard frame of a terabyte in 32 MiB: blocks of one byte repeated.
struct Bomb {
    head: &'static [u8],
    blocks: u64,
    block: Vec<u8>,
}

impl Read for Bomb {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(buffer);
        }
        if self.block.is_empty() && self.blocks > 0 {
            self.blocks -= 1;
            // Last: no; type: RLE; size: 128 KiB; the byte.
            let header: u32 = (1 << 1) | ((128 << 10) << 3);
            self.block = vec![header as u8, (header >> 8) as u8, (header >> 16) as u8, 0];
        }
        let many = self.block.len().min(buffer.len());
        buffer[..many].copy_from_slice(&self.block[..many]);
        self.block.drain(..many);
        Ok(many)
    }
}

#[test]
fn what_unpacks_to_too_much_ends() {
    let limits = Limits { free: 1 << 20, ..Limits::default() };
    // A file of 1 TiB of zeros.
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..4].copy_from_slice(b"look");
    header.set_size(1 << 40);
    header.set_cksum();
    let mut start = zstd(header.as_bytes());
    start.extend([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
    let start: &'static [u8] = start.leak();
    let mut bomb = Bomb { head: start, blocks: (1 << 40) / (128 << 10), block: Vec::new() };
    assert_eq!(faults(&mut bomb, limits), ["it unpacks to more than 200 times its size, and is not read further"]);
    assert!(bomb.blocks > 8_000_000, "it was read to the end");
    let bytes = gzip(&vec![0; 8 << 20]);
    assert_eq!(faults(&mut bytes.as_slice(), limits).len(), 1);
    let bytes = tar(&[File("a", &"x".repeat(3 << 20))]);
    let small = Limits { unpacked: 2 << 20, ..Limits::default() };
    assert!(faults(&mut bytes.as_slice(), small)[0].starts_with(LARGER));
}

#[test]
fn too_many_entries_end() {
    let names: Vec<String> = (0..2000).map(|number| format!("folder/{number}")).collect();
    let items: Vec<Item<'_>> = names.iter().map(|name| File(name, "")).collect();
    let bytes = tar(&items);
    assert!(faults(&mut bytes.as_slice(), Limits::default()).is_empty());
    let few = Limits { entries: 1000, ..Limits::default() };
    assert!(faults(&mut bytes.as_slice(), few)[0].starts_with(LARGER));
    let little = Limits { kept: 3000, ..Limits::default() };
    let bytes = tar(&[File("look", "1"), File("look2", "2")]);
    assert!(faults(&mut bytes.as_slice(), little)[0].starts_with(LARGER));
}

#[test]
fn headers_that_lie_are_told() {
    let entry = |change: &dyn Fn(&mut Header)| {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..4].copy_from_slice(b"look");
        header.set_size(4);
        header.set_mode(0o644);
        change(&mut header);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(b"text");
        bytes.resize(1024, 0);
        faults(&mut bytes.as_slice(), Limits::default()).join("; ")
    };
    assert_eq!(entry(&|_| ()), "");
    assert_eq!(entry(&|header| header.set_size(1 << 20)), "it ends early");
    assert_eq!(
        entry(&|header| header.set_size(1 << 60)),
        "an entry of 1152921504606846976 bytes, which no tool writes"
    );
    assert_eq!(
        entry(&|header| {
            header.set_size(1 << 30);
            header.set_entry_type(EntryType::GNULongName);
        }),
        "an extended header of 1073741824 bytes, which no tool writes"
    );
    assert_eq!(
        entry(&|header| header.as_gnu_mut().unwrap().size = *b"notanumber!!"),
        "numeric field was not a number: notanumber!! when getting size for look"
    );
    let mut bytes = tar(&[File("look", "x")]);
    bytes[0] = b'L';
    assert_eq!(
        faults(&mut bytes.as_slice(), Limits::default()),
        ["this is no tar stream: the checksum of a header is wrong"]
    );
    assert_eq!(faults(&mut &tar(&[File("look", "x")])[..700], Limits::default()), ["it ends early"]);
}

#[test]
fn long_names_are_read() {
    let name = format!("{}/look", "folder/".repeat(30));
    let mut gnu = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(1);
    gnu.append_data(&mut header, &name, &b"1"[..]).unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", name.as_bytes()), ("size", b"1"), ("mtime", b"1.5")]).unwrap();
    let mut header = Header::new_ustar();
    header.set_path("short").unwrap();
    header.set_size(0);
    header.set_cksum();
    // The size that counts is the extended one.
    pax.get_mut().extend(header.as_bytes());
    pax.get_mut().extend([b'1'].iter().chain(&[0; 511]));
    for bytes in [gnu.into_inner().unwrap(), pax.into_inner().unwrap()] {
        let layer = layer::read(&mut bytes.as_slice(), &Named::default(), &looks, &Spent::default());
        assert_eq!(layer.faults, [""; 0]);
        let (path, brings) = layer.brings.first_key_value().unwrap();
        assert_eq!(*path, name.replace("//", "/"));
        assert!(matches!(brings, Brings::File(bytes) if **bytes == *b"1"), "{brings:?}");
    }
}
