//! What lines, comments and included files are read as.

use crate::formats::pypi::trial::{survives, told};

fn alone(text: &str) -> Vec<String> {
    told(&[("requirements.txt", text)], "requirements.txt")
}

#[test]
fn lines_are_read() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for (text, expected) in [
        ("a==1\nB.c [x] === 2 ; os_name == 'nt' # why\n", vec!["· > a@1 ==1", "· > b-c@2 === 2 ; os_name == 'nt' +x"]),
        ("a \\\n  ==1 \\\r\n  --hash=sha256:00\n", vec!["· > a@1 ==1", "--hash=sha256:00: \"sha256:00\" is no digest"]),
        ("a==1.*\nb>=1\nc", vec!["· > a ? ==1.*: unpinned", "· > b ? >=1: unpinned", "· > c ?: unpinned"]),
        ("a>=1\na==1.5\n", vec!["· > a@1.5 ==1.5", "· > a@1.5 >=1"]),
        (
            "a==1 ; python_version < '3'\na==2 ; python_version >= '3'\n",
            vec!["· > a@1 ==1 ; python_version < '3'", "· > a@2 ==2 ; python_version >= '3'"],
        ),
        (
            "https://u:p@x.example/a_b-1.0%2Bcu-py3-none-any.whl ; os_name == 'nt'",
            vec!["· > a-b@1.0%2Bcu @ https://x.example/a_b-1.0%2Bcu-py3-none-any.whl ; os_name == 'nt'"],
        ),
        (
            "./dist/a-1.0.tar.gz\na-2-py3-none-any.whl\n-e libs/c[x]\n",
            vec!["· > a@1.0 @ ./dist/a-1.0.tar.gz", "· > a@2 @ a-2-py3-none-any.whl", "· > c @ libs/c"],
        ),
        (
            &format!("git+https://g.example/a@{commit}#egg=a\n-e git+https://g.example/b@v1#egg=b"),
            vec![
                "· > a @ git+https://g.example/a@0123456789abcdef0123456789abcdef01234567",
                "· > b @ git+https://g.example/b@v1",
                "· > b ? @ git+https://g.example/b@v1: unpinned",
            ],
        ),
        ("-e .", vec!["· > . ? @ .: unpinned"]),
        ("# nothing\n", vec![": the file asks for nothing"]),
        ("", vec!["error: the file is empty"]),
        (
            "a==1\n<html>\na b\n--frob x\nhttps://x.example/\n-r\n",
            vec![
                "· > a@1 ==1",
                "<html>: \"<html>\" is no requirement: it does not begin with a name",
                "a b: \"b\" after \"a\" is no version specifier",
                "--frob x: \"--frob\" is no option of a requirements file",
                "https://x.example/: the address names no package; write `name @ address`",
                "-r: an option that names no file",
            ],
        ),
        ("a==1 ; b", vec!["a==1 ; b: \"b\" is no marker"]),
        ("a==1 \\", vec!["· > a@1 ==1", "a==1 \\: the line goes on past the end of the file, which seems cut off"]),
    ] {
        assert_eq!(alone(text), expected, "{text}");
    }
}

#[test]
fn comments_say_who_requires() {
    for (text, expected) in [
        (
            "a==1\n    # via -r x.in\nb==1\n    # via\n    #   -c y.txt\n    #   A\n    #   app (pyproject.toml)\n# via nothing\nc==1\n",
            vec!["· > a@1 ==1", "· > b@1 ==1", "a@1 > b@1", "· > c@1 ==1"],
        ),
        (
            "a==1  # via app (pyproject.toml:dev)\nb==1  # via a, c\nc==1  # via gone\n",
            vec!["· > a@1 dev ==1 +dev", "a@1 > b@1", "c@1 > b@1", "· > c@1 ==1"],
        ),
        (
            "p==1 ; os_name == 'nt'\np==2 ; os_name != 'nt'\nq==1 ; os_name == 'nt'\n    # via p\nr==1\n    # via p\ns==1\n    # via p, r\n",
            vec![
                "· > p@1 ==1 ; os_name == 'nt'",
                "· > p@2 ==2 ; os_name != 'nt'",
                "p@1 > q@1 ; os_name == 'nt'",
                "p@1 > r@1",
                "p@2 > r@1",
                "r@1 > s@1",
                "p@1 > s ?: s@1",
                "p@2 > s ?: s@1",
            ],
        ),
    ] {
        assert_eq!(alone(text), expected, "{text}");
    }
}

#[test]
fn files_include_files() {
    let files = [
        ("r/requirements.txt", "-r base.txt\n-c ../limits.txt\nx\ny>=2\nz\n-r gone.txt\n-r ../../out.txt\n"),
        ("r/base.txt", "-r requirements.txt\nb==1\nz>1\n"),
        ("limits.txt", "x==3\ny==1\nz==2 ; os_name == 'nt'\nz==3 ; os_name != 'nt'\nw==1\n"),
    ];
    assert_eq!(
        told(&files, "r/requirements.txt"),
        [
            "· > b@1 ==1",
            "· > x@3",
            "· > z@2",
            "· > z@3",
            "· > z@2 >1",
            "· > z@3 >1",
            "· > y ? >=2: unpinned",
            "-r ../../out.txt: the included file \"../../out.txt\" is outside of the tree",
            "gone.txt: the included file \"r/gone.txt\" is not in the tree",
        ]
    );
}

#[test]
fn the_one_index_is_where_things_come_from() {
    use crate::formats::Format;
    for (options, expected) in [
        ("-i https://u:p@x.example/simple", "registry https://x.example/simple"),
        ("--index-url=https://x.example/s\n--extra-index-url https://x.example/s/", "registry https://x.example/s"),
        ("-i https://x.example/s\n--extra-index-url https://y.example/s", "registry https://x.example/s"),
        ("--extra-index-url https://y.example/s", "an unknown source"),
        ("", "an unknown source"),
    ] {
        let text = format!("{options}\na==1\n");
        let source = crate::source::Source { file: Default::default(), path: "requirements.txt", text: &text };
        let inventory = super::RequirementsTxt.parse(&source).expect("a file");
        assert_eq!(inventory.component(1).expect("a").origin.to_string(), expected, "{options}");
    }
}

#[test]
fn a_file_says_where_it_looks() {
    use crate::bom;
    use crate::formats::{self, Format, Near};
    use crate::graph::Graph;
    use crate::model::Inventory;
    use crate::source::{FileId, Source};
    let read = |path: &'static str, text: &str| -> Inventory {
        super::RequirementsTxt.parse(&Source { file: FileId(0), path, text }).expect("a file")
    };
    let looks = |inventory: &Inventory| -> Vec<&str> { inventory.sources.iter().map(|source| source.0).collect() };
    for (text, expected) in [
        (
            "-i https://u:s3cret@x.example/s --extra-index-url=https://y.example/s?token=s3cret\n",
            "https://x.example/s https://y.example/s",
        ),
        (
            "--find-links ./wheels\n-f https://z.example/\n--no-index\n-i https://x.example/s\n",
            "./wheels https://z.example/",
        ),
        ("--extra-index-url \\\n  \"https://y.example/s\"\n", "https://y.example/s"),
        ("--no-index --find-links=w\n", "w"),
        ("--pre\n", ""),
    ] {
        let inventory = read("requirements.txt", &format!("{text}a==1\n"));
        assert!(inventory.faults.is_empty(), "{:?}", inventory.faults);
        assert_eq!(looks(&inventory).join(" "), expected, "{text}");
        for (address, place) in &inventory.sources {
            let spelled = &text[place.start as usize..(place.start + place.len) as usize];
            assert!(spelled.len() >= address.len(), "{spelled} {address}");
        }
        let bom = bom::write(
            &Graph::join([inventory.clone()]),
            &bom::Options { timestamp: None, about: None, validate: true },
        );
        let bom = String::from_utf8(bom.expect("a BOM")).expect("text");
        assert!(!bom.contains("s3cret"), "{bom}");
        let source = Source { file: FileId(1), path: "bom.cdx.json", text: &bom };
        let back = formats::named("cyclonedx-json").expect("a format").parse_all(&source).expect("a BOM");
        assert_eq!(looks(&back[0]).join(" "), expected, "{bom}");
    }
    // Files that are installed together share their indexes.
    let all = [
        read("a/base.txt", "-i https://x.example/s\nb==1\n"),
        read("a/more.txt", "--extra-index-url https://y.example/s\nc==1\n"),
        read("a/requirements.txt", "-r base.txt\n-c more.txt\na==1\nc\n"),
    ];
    let mut joined = all[2].clone();
    super::RequirementsTxt.join(&mut joined, &Near { inventories: &all, sources: None });
    assert_eq!(looks(&joined), ["https://x.example/s", "https://y.example/s"]);
    let origins: Vec<String> =
        joined.nodes.iter().filter_map(|node| Some(node.component?.origin.to_string())).collect();
    assert_eq!(origins, ["registry https://x.example/s"; 3]);
}

#[test]
fn malformed_files_are_survived() {
    survives(
        "requirements.txt",
        "-r a\\\n#é\na[b]==1 \\\r\n --hash=sha256:0 # via b\n  # via\n  #   é\n./x@1#egg=é ; é\n",
    );
}
