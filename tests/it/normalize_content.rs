//! What looks like metadata and is content to some client: `repro normalize` leaves it as it is, and its
//! clients read what is normalized as they read it before.

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

const EPOCH: &str = "1700000000";

fn scratch() -> Project {
    Project::plain("sound-features")
}

fn normalize(project: &Project, args: &[&str]) -> Run {
    let run = project.repro(&[&["normalize", "--format", "json", "--epoch", EPOCH], args].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    run
}

/// A file stays, byte for byte, for a reason that holds the words.
#[track_caller]
fn stays(project: &Project, file: &str, want: &str) {
    let before = std::fs::read(project.dir.join(file)).unwrap();
    let run = normalize(project, &[file]);
    let found = &run.json()["files"][0];
    assert_eq!(found["status"], "left-alone", "{found}");
    assert!(found["why"].as_str().unwrap().contains(want), "{found}");
    assert!(before == std::fs::read(project.dir.join(file)).unwrap(), "{file}");
}

#[track_caller]
fn changes(project: &Project, args: &[&str]) -> Run {
    let run = normalize(project, args);
    for found in run.json()["files"].as_array().unwrap() {
        assert_eq!(found["status"], "changed", "{found}");
    }
    run
}

fn python(project: &Project, script: &str) -> String {
    std::fs::write(project.dir.join("script.py"), script).unwrap();
    sh(&project.dir, "python3 script.py")
}

const ZIPS: &str = r"
import zipfile
def one(name, members, system=3, pad=lambda at: 0):
    z = zipfile.ZipFile(name, 'w')
    for m in members:
        i = zipfile.ZipInfo('x', (2025, 1, 1, 0, 0, 0)); i.filename = m; i.create_system = system
        i.external_attr = 0o100644 << 16 if system == 3 else 0x20
        i.extra = bytes(pad(z.fp.tell() + 30 + len(m)))
        z.writestr(i, b'x' * 64)
    z.close()
one('dos.zip', ['dir\\file.txt'], 0)
one('slash.zip', ['dir/file.txt'], 0)
one('aligned.zip', ['a.bin', 'bb.bin'], pad=lambda at: -at % 4)
one('app.msix', ['app.exe', 'AppxManifest.xml', 'AppxBlockMap.xml', '[Content_Types].xml'])
one('signed.msix', ['app.exe', 'AppxSignature.p7x'])
one('plain.zip', ['app.exe', 'AppxManifest.xml'])
";

#[needs("python3", "unzip")]
#[test]
fn a_zip_keeps_its_directories_its_alignment_and_its_block_map() {
    let project = scratch();
    let dir = &project.dir;
    python(&project, ZIPS);
    // It warns of the backslashes, and ends with 1.
    let names = |file: &str| {
        sh(dir, &format!("mkdir o; unzip -q {file} -d o || test $? = 1; find o -type f; rm -r o"))
    };
    assert_eq!(names("dos.zip"), "o/dir/file.txt\n");
    stays(&project, "dos.zip", "which some readers take for a `/`");
    stays(&project, "aligned.zip", "is aligned");
    stays(&project, "app.msix", "block map");
    stays(&project, "signed.msix", "is a signature of the others");
    // The controls: nothing of the others is rare.
    changes(&project, &["slash.zip", "plain.zip"]);
    assert_eq!(names("slash.zip"), "o/dir/file.txt\n");
}

#[needs("jar", "java")]
#[test]
fn a_jar_of_any_name_has_its_manifest_where_java_looks_for_it() {
    let project = scratch();
    let dir = &project.dir;
    project.write(
        "Manifest.java",
        "import java.io.*; import java.util.jar.*;
        public class Manifest { public static void main(String[] names) throws Exception {
            for (String name : names) { JarInputStream in = new JarInputStream(new FileInputStream(name));
                System.out.println(in.getManifest() != null); } } }",
    );
    sh(dir, "mkdir A; echo 1 >A/x; jar cf p.hpi A; cp p.hpi p.jar");
    changes(&project, &["p.hpi", "p.jar"]);
    assert_eq!(sh(dir, "cmp p.hpi p.jar && java Manifest.java p.hpi p.jar"), "true\ntrue\n");
}

#[needs("python3")]
#[test]
fn an_archive_that_was_stored_in_a_zip_is_stored_again() {
    let project = scratch();
    let dir = &project.dir;
    let methods = "
import sys, zipfile
z = zipfile.ZipFile('boot.jar'); assert z.testzip() is None
print(*(f'{i.filename}:{i.compress_type}' for i in z.infolist()))";
    python(
        &project,
        "
import zipfile
inner = zipfile.ZipFile('x.jar', 'w'); inner.writestr('A', 'content of A'); inner.close()
with zipfile.ZipFile('boot.jar', 'w') as z:
    z.write('x.jar', 'lib/deflated.jar', zipfile.ZIP_DEFLATED); z.write('x.jar', 'lib/stored.jar')",
    );
    let run = changes(&project, &["--recursive", "boot.jar"]);
    assert!(run.stdout.contains("lib/stored.jar: A"), "{}", run.all());
    // Spring Boot and others map what is stored, and refuse what is not.
    assert_eq!(python(&project, methods), "lib/deflated.jar:8 lib/stored.jar:0\n");
    sh(dir, "unzip -p boot.jar lib/stored.jar >x.jar; python3 -m zipfile -t x.jar");
}

#[test]
fn an_archive_whose_digest_is_named_stays_as_it_is() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "set -e; mkdir -p c-1.0.0 v/crates oci/blobs/sha256 gem rel
        echo '[package]' >c-1.0.0/Cargo.toml; touch -d @1800000000 c-1.0.0/Cargo.toml
        tar -czf x.tar.gz c-1.0.0; sum=$(sha256sum x.tar.gz | cut -c1-64)
        cp x.tar.gz v/crates/c-1.0.0.crate; echo \"checksum = \\\"$sum\\\"\" >v/Cargo.lock
        cp x.tar.gz oci/blobs/sha256/$sum; echo '{}' >oci/oci-layout
        cp x.tar.gz gem/data.tar.gz; (echo SHA512:; sha512sum gem/data.tar.gz) | gzip -n >gem/checksums.yaml.gz
        cp x.tar.gz rel/x.tar.gz; sha256sum x.tar.gz | tr a-f A-F >rel/SHA256SUMS
        for d in v oci gem rel; do tar --mtime=@1800000000 -cf $d.tar $d; done
        (cd rel && python3 -m zipfile -c ../rel.zip x.tar.gz SHA256SUMS && ar rcSU ../rel.a x.tar.gz SHA256SUMS)
        echo other >rel/SHA256SUMS; rm v/Cargo.lock; tar -cf open.tar rel v",
    );
    for file in ["v.tar", "oci.tar", "gem.tar", "rel.tar", "rel.zip", "rel.a"] {
        let run = changes(&project, &["--recursive", file]);
        let word = if file == "oci.tar" { "is named by its digest" } else { "has its digest" };
        assert!(run.stdout.contains(word), "{file}: {}", run.all());
        let take = match file.rsplit_once('.').unwrap().1 {
            "tar" => format!("tar -xf {file} -C o"),
            "zip" => format!("unzip -q {file} -d o"),
            _ => format!("cd o; ar x ../{file}"),
        };
        sh(
            dir,
            &format!(
                "set -e; rm -rf o; mkdir o; ({take}); f=$(find o -size +0 -name '*.tar.gz' -o -name '*.crate' -o -path '*/sha256/*'); cmp x.tar.gz $f"
            ),
        );
    }
    // A crate is opened unasked, and stays as well.
    sh(dir, "tar -xf v.tar; tar --mtime=@1900000000 -cf v.tar v");
    let run = changes(&project, &["v.tar"]);
    assert!(run.stdout.contains("`v/Cargo.lock` has its digest"), "{}", run.all());
    // The control: nothing names it.
    let run = changes(&project, &["--recursive", "open.tar"]);
    assert!(!run.stdout.contains("has its digest"), "{}", run.all());
    sh(
        dir,
        "for f in rel/x.tar.gz v/crates/c-1.0.0.crate; do tar -xOf open.tar $f | cmp -s - x.tar.gz && exit 1; done; true",
    );
}

#[test]
fn a_package_whose_list_has_modes_and_times_stays() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "mkdir -p p/etc/sudoers.d ova; chmod 750 p/etc/sudoers.d; echo x >p/etc/x; touch -d @1800000000 p/etc/x
        printf 'pkgname = x\\npkgver = 1-1\\narch = any\\n' >p/.PKGINFO; echo '#mtree' | gzip -n >p/.MTREE
        tar -C p -czf x.pkg.tar.gz .MTREE .PKGINFO etc; tar -C p -czf plain.tar.gz .PKGINFO etc
        for f in box.ovf box.mf box-disk1.vmdk; do echo $f >ova/$f; done
        tar -C ova -cf box.ova box.ovf box.mf box-disk1.vmdk; tar -C ova -cf plain.tar box.mf box.ovf",
    );
    stays(&project, "x.pkg.tar.gz", "pacman");
    stays(&project, "box.ova", "in the order of its members");
    changes(&project, &["plain.tar.gz", "plain.tar"]);
}

/// As its client sees it, whose list is real.
#[needs("pacman", "bsdtar")]
#[test]
fn a_package_that_pacman_reads_stays() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "set -e; mkdir -p p/etc; cd p; echo x >etc/x; printf 'pkgname = x\\npkgver = 1-1\\narch = any\\n' >.PKGINFO
            bsdtar --format=mtree --options='!all,use-set,type,mode,time,size,sha256' -czf .MTREE .PKGINFO etc
        bsdtar -czf ../y.pkg.tar.gz .MTREE .PKGINFO etc",
    );
    stays(&project, "y.pkg.tar.gz", "pacman");
}

/// The seed of a PE file, with a header of .NET in its section, which has a strong name or none.
fn assembly(strong_name: u32) -> Vec<u8> {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/formats/fuzz/seeds/pe/pe32-plus");
    let mut bytes = std::fs::read(seed).unwrap();
    // The section is at 0x200 of the file and at 0x1000 of memory; the directories begin 112 bytes behind
    // 0x98, and the size of the strong name is 36 bytes into the header.
    for (at, value) in
        [(0x98 + 112 + 8 * 14, 0x1180), (0x98 + 116 + 8 * 14, 72), (0x380 + 36, strong_name)]
    {
        bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
    }
    bytes
}

#[test]
fn an_assembly_with_a_strong_name_is_signed() {
    let project = scratch();
    for (file, strong_name) in [("strong.dll", 128), ("weak.dll", 0)] {
        std::fs::write(project.dir.join(file), assembly(strong_name)).unwrap();
    }
    stays(&project, "strong.dll", "signed");
    changes(&project, &["weak.dll"]);
}

#[test]
fn a_check_passes_only_what_is_in_normal_form() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "echo x >f; tar --format=pax --pax-option='comment:=x' -cf left.tar f; tar -cf normal.tar f",
    );
    normalize(&project, &["normal.tar", "left.tar"]);
    let check = |file: &str| project.repro(&["normalize", "--check", "--epoch", EPOCH, file]);
    for (file, code) in [("normal.tar", 0), ("left.tar", 1)] {
        let run = check(file);
        assert_eq!(run.code, Some(code), "{}", run.all());
    }
    // A name cannot add a line to the report.
    sh(dir, "cp normal.tar \"$(printf 'a\\nunchanged     b')\"");
    let run = check("a\nunchanged     b");
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.all());
}
