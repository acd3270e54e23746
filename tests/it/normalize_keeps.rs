//! `repro normalize` never loses anything: what it cannot keep leaves the file as it is, with a line
//! that names the thing; all else comes out of the real tools as it went in.

use std::path::Path;

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

const EPOCH: &str = "1700000000";

fn scratch() -> Project {
    Project::plain("sound-features")
}

fn normalize(project: &Project, args: &[&str]) -> Run {
    project.repro(&[&["normalize", "--format", "json", "--epoch", EPOCH], args].concat())
}

/// Bytes, inode and time of a file.
fn identity(path: &Path) -> (Vec<u8>, u64, std::time::SystemTime) {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(path).unwrap();
    (std::fs::read(path).unwrap(), meta.ino(), meta.modified().unwrap())
}

/// Each file is left alone, for a reason that holds the words.
#[track_caller]
fn left_alone(project: &Project, cases: &[(&str, &str)]) {
    let at = |file: &str| project.dir.join(file);
    let before: Vec<_> = cases.iter().map(|(file, _)| identity(&at(file))).collect();
    let files: Vec<&str> = cases.iter().map(|(file, _)| *file).collect();
    let run = normalize(project, &files);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let json = run.json();
    for (((file, want), before), found) in
        cases.iter().zip(before).zip(json["files"].as_array().unwrap())
    {
        assert_eq!(found["status"], "left-alone", "{file}: {found}");
        let why = found["why"].as_str().unwrap();
        assert!(why.contains(want), "{file}: {why}\nwanted {want}");
        assert!(identity(&at(file)) == before, "{file} was touched");
    }
}

#[track_caller]
fn changed(project: &Project, files: &[&str]) -> Run {
    let run = normalize(project, files);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for found in run.json()["files"].as_array().unwrap() {
        assert_eq!(found["status"], "changed", "{found}");
    }
    run
}

#[test]
fn a_tar_with_records_that_would_be_lost_stays() {
    let project = scratch();
    sh(
        &project.dir,
        "echo x >f; touch -d @1800000000 f
        one() { tar --format=pax --pax-option=\"$2:=$3\" -cf $1.tar f; }
        one selinux RHT.security.selinux system_u:object_r:etc_t:s0; one fflags SCHILY.fflags nodump
        one xattr SCHILY.xattr.user.a 1; one acl SCHILY.acl.access user::rw-
        one born LIBARCHIVE.creationtime 1400000000; one vendor APK-TOOLS.checksum.SHA1 00
        one ntacl MSWINDOWS.rawsd AQAA; one comment comment hello; one odd SCHILY.ino twelve
        tar --format=pax --pax-option='comment=of all' -cf global.tar f
        tar --label=volume -cf label.tar f; tar --format=pax --label=volume -cf paxlabel.tar f
        truncate -s 1M holes; echo end >>holes; tar -S -cf sparse.tar holes
        tar --format=pax -S -cf paxsparse.tar holes",
    );
    let cases = [
        ("selinux.tar", "RHT.security.selinux"),
        ("fflags.tar", "SCHILY.fflags"),
        ("xattr.tar", "SCHILY.xattr.user.a"),
        ("acl.tar", "SCHILY.acl.access"),
        ("born.tar", "LIBARCHIVE.creationtime"),
        ("vendor.tar", "APK-TOOLS.checksum.SHA1"),
        ("ntacl.tar", "MSWINDOWS.rawsd"),
        ("comment.tar", "comment"),
        ("odd.tar", "SCHILY.ino"),
        ("global.tar", "comment"),
        ("label.tar", "volume label"),
        ("paxlabel.tar", "GNU.volume.label"),
        ("sparse.tar", "sparse"),
        ("paxsparse.tar", "sparse"),
    ];
    left_alone(&project, &cases);
    // The control: records that only say when and by whom.
    sh(
        &project.dir,
        "tar --format=pax --pax-option='atime:=1.5,ctime:=2,SCHILY.ino:=12' -cf plain.tar f",
    );
    changed(&project, &["plain.tar"]);
}

#[test]
fn a_commit_in_a_tar_of_git_can_still_be_read() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "git init -q g; cd g; echo x >f; git add f
        git -c user.name=u -c user.email=u@example.org -c commit.gpgsign=false commit -qm a
        git archive HEAD >../g.tar; git rev-parse HEAD >../id",
    );
    left_alone(&project, &[("g.tar", "comment")]);
    sh(dir, "git get-tar-commit-id <g.tar | cmp - id");
}

#[test]
fn several_streams_and_what_follows_them_stay() {
    let project = scratch();
    sh(
        &project.dir,
        "mkdir -p usr/bin; echo hi >usr/bin/z; echo s >.SIGN.RSA.k.rsa.pub; echo p >.PKGINFO
        noend() { tar -cf - \"$1\" | head -c 1024; }
        (noend .SIGN.RSA.k.rsa.pub | gzip -n; noend .PKGINFO | gzip -n; tar -cf - usr | gzip -n) >a.apk
        echo '{}' >stargz.index.json
        (noend usr/bin/z | gzip -n; tar -cf - stargz.index.json | gzip -n
        printf '\\037\\213\\010\\004\\0\\0\\0\\0\\0\\377\\032\\0SG\\026\\0%016xSTARGZ\\001\\0\\0\\377\\377\\0\\0\\0\\0\\0\\0\\0\\0' 99) >layer.tar.gz
        tar -cf t.tar usr; for z in gzip xz zstd; do $z -kq t.tar; done
        for e in gz xz zst; do (cat t.tar.$e; echo '-----BEGIN PGP SIGNATURE-----') >signed.tar.$e
        cat t.tar.$e t.tar.$e >two.tar.$e; done; (cat t.tar; echo more) >more.tar
        echo a >a; echo b >b; (gzip -c a; gzip -c b) >ab.gz; (gzip -c a; echo more) >more.gz
        printf '\\037\\213\\010\\020\\0\\0\\0\\0\\0\\003said\\0' >said.gz; gzip -nc a | tail -c +11 >>said.gz
        printf '\\037\\213\\010\\004\\0\\0\\0\\0\\0\\003\\004\\0AP\\0\\0' >extra.gz; gzip -nc a | tail -c +11 >>extra.gz
        printf '\\037\\213\\010\\004\\0\\0\\0\\0\\0\\003\\004\\0AP\\0\\0' >extra.tar.gz
        gzip -nc t.tar | tail -c +11 >>extra.tar.gz",
    );
    left_alone(
        &project,
        &[
            ("a.apk", "a package of Alpine"),
            ("layer.tar.gz", "eStargz"),
            ("two.tar.gz", "several gzip streams"),
            ("two.tar.xz", "several xz streams"),
            ("two.tar.zst", "several zstd streams"),
            ("signed.tar.gz", "data follows"),
            ("signed.tar.xz", "data follows"),
            ("signed.tar.zst", "data follows"),
            ("more.tar", "data follows"),
            ("ab.gz", "several gzip streams"),
            ("more.gz", "data follows"),
            ("said.gz", "a comment: `said`"),
            ("extra.gz", "an extra field"),
            ("extra.tar.gz", "an extra field"),
        ],
    );
    // The control: one stream each, and the name of the file that was compressed.
    sh(&project.dir, "gzip -c a >a.gz");
    changed(&project, &["t.tar.gz", "t.tar.xz", "t.tar.zst", "a.gz"]);
}

#[test]
fn members_that_others_read_and_are_not_rewritten_stay() {
    let project = scratch();
    sh(
        &project.dir,
        "mkfifo p; tar -cf fifo.tar p; rm p; echo 1 >f; tar -cf twice.tar f f; chmod 2755 f
        tar --owner=u:5 --group=g:6 -cf setgid.tar f; chmod 644 f
        tar --format=pax --mtime=@-5 -cf early.tar f
        ar rcT thin.a f; ar rc signed.a f; echo '-----BEGIN PGP' >>signed.a",
    );
    let cases = [
        ("fifo.tar", "`p`: it is a FIFO"),
        ("twice.tar", "the name was there before"),
        ("setgid.tar", "setgid"),
        ("early.tar", "before 1970"),
        ("thin.a", "thin archive"),
        ("signed.a", "ends within a header"),
    ];
    left_alone(&project, &cases);
}

const ZIPS: &str = "
import zipfile, struct
def one(name, members, **attributes):
    z = zipfile.ZipFile(name, 'w')
    for m in members:
        i = zipfile.ZipInfo(m, (2025, 1, 1, 0, 0, 0)); i.create_system = 3
        i.external_attr = 0o100644 << 16
        for k, v in attributes.items(): setattr(i, k, v)
        z.writestr(i, b'content of ' + m.encode())
    z.close()
field = lambda id, data: struct.pack('<HH', id, len(data)) + data
one('plain.zip', ['a'])
one('times.zip', ['a'], extra=field(0x5455, b'\\1' + b'\\0' * 4))
one('unicode.zip', ['a'], extra=field(0x7075, b'\\1' + b'\\0' * 4 + b'a'), comment=b'of a')
one('vendor.zip', ['a'], extra=field(0x1234, b'x'))
one('ntacl.zip', ['a'], extra=field(0x4453, b'x' * 8))
one('link.zip', ['a'], extra=field(0x000d, b'\\0' * 12 + b'target'))
one('aligned.zip', ['a'], extra=field(0xd935, b'\\4\\0'))
one('hidden.zip', ['a'], create_system=0, external_attr=2)
one('android.apk', ['classes.dex', 'AndroidManifest.xml'])
one('signed.jar', ['META-INF/MANIFEST.MF', 'META-INF/me.sf', 'a'])
one('signed.nupkg', ['a', '.signature.p7s'])
one('signed.xpi', ['a', 'META-INF/cose.sig'])
one('signed.docx', ['a', '_xmlsignatures/sig1.xml'])
one('case.zip', ['README.md', 'readme.md'])
one('x-1-py3-none-any.whl', ['x-1.dist-info/RECORD', 'x-1.dist-info/WHEEL', 'x-1.dist-info/top_level.txt', 'x/a.py'])
one('app.jar', ['a', 'META-INF/MANIFEST.MF', 'B'])
b = open('plain.zip', 'rb').read()
open('script.pyz', 'wb').write(b'#!/bin/sh\\n' + b)
open('stub.exe', 'wb').write(open('/bin/true', 'rb').read() + b)
open('after.zip', 'wb').write(b + b'-----BEGIN PGP SIGNATURE-----')
# A local header that the directory does not have, as packers for Android fill gaps.
d = b.index(b'PK\\1\\2'); gap = b'PK\\3\\4' + b'\\0' * 26
end = bytearray(b[d:]); at = end.index(b'PK\\5\\6')
end[at + 16:at + 20] = struct.pack('<I', d + len(gap))
open('virtual.zip', 'wb').write(b[:d] + gap + end)
# What apksigner puts before the directory, from the next page on.
block = struct.pack('<Q', 32) + b'x' * 8 + struct.pack('<Q', 32) + b'APK Sig Block 42'
for name, fill in ('v2.apk', b'\\0'), ('odd.apk', b'x'):
    block_at = -d % 4096 * fill + block
    end = bytearray(b[d:]); end[at + 16:at + 20] = struct.pack('<I', d + len(block_at))
    open(name, 'wb').write(b[:d] + block_at + end)
";

#[needs("python3")]
#[test]
fn a_zip_that_is_more_than_its_members_stays() {
    let project = scratch();
    let dir = &project.dir;
    std::fs::write(dir.join("zips.py"), ZIPS).unwrap();
    sh(dir, "python3 zips.py");
    left_alone(
        &project,
        &[
            ("vendor.zip", "0x1234"),
            ("ntacl.zip", "0x4453"),
            ("link.zip", "0x000d"),
            ("aligned.zip", "0xd935"),
            ("hidden.zip", "DOS attributes"),
            ("android.apk", "Android"),
            ("signed.jar", "signature"),
            ("signed.nupkg", "signature"),
            ("signed.xpi", "signature"),
            ("signed.docx", "signature"),
            ("script.pyz", "a zip behind a script"),
            ("stub.exe", "a zip behind a program"),
            ("after.zip", "data follows the end"),
            ("virtual.zip", "belong to no member"),
            ("v2.apk", "it is signed"),
            ("odd.apk", "belong to no member"),
        ],
    );
    let files = ["plain.zip", "times.zip", "unicode.zip", "case.zip"];
    changed(&project, &[&files[..], &["x-1-py3-none-any.whl", "app.jar"]].concat());
    let names = |file: &str| {
        let list = "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist())";
        sh(dir, &format!("python3 -c '{list}' {file}"))
    };
    let wheel = names("x-1-py3-none-any.whl");
    assert!(wheel.ends_with("x-1.dist-info/RECORD\n"), "{wheel}");
    assert_eq!(names("app.jar"), "META-INF/MANIFEST.MF B a\n");
    let kept = "import zipfile; i = zipfile.ZipFile('unicode.zip').infolist()[0]
assert i.comment == b'of a' and i.extra[:2] == b'\\x75\\x70', i";
    std::fs::write(dir.join("kept.py"), kept).unwrap();
    sh(dir, "python3 kept.py");
}

#[test]
fn names_that_differ_in_case_are_read_and_noted() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "mkdir -p tree/x-1; echo same >tree/x-1/README.md; echo same >tree/x-1/readme.md
        tar -C tree --sort=name --mtime=@1800000000 -czf a.tar.gz x-1
        tar -C tree --sort=name --mtime=@1900000000 -czf b.tar.gz x-1",
    );
    let run = changed(&project, &["a.tar.gz", "b.tar.gz"]);
    assert_eq!(run.stdout.matches("differ in letter case only").count(), 2, "{}", run.all());
    sh(
        dir,
        "set -e; cmp a.tar.gz b.tar.gz; rm -r tree/x-1/*; tar -C tree -xzf a.tar.gz; ls tree/x-1 | wc -l | grep 2",
    );
    // What `repro archive` writes, `repro` reads.
    let run = project.repro(&["archive", "tree", "-o", "c.tar.gz"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(run.stderr.contains("letter case only") || run.stdout.contains("letter case only"));
    let run = normalize(&project, &["c.tar.gz"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
}

#[test]
fn times_before_the_epoch_become_equal_with_set_time_and_a_dry_run_changes_nothing() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "for y in 2001 2002; do echo x >f; touch -d $y-01-01 f; tar -cf $y.tar f; gzip -c f >$y.gz
        gzip -k $y.tar; zip -q $y.zip f; ar rcU $y.a f; done",
    );
    let ends = ["tar", "gz", "tar.gz", "zip", "a"];
    let files: Vec<String> =
        ["2001", "2002"].iter().flat_map(|y| ends.map(|e| format!("{y}.{e}"))).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let before = sh(dir, "sha256sum 200*");
    let run = project.repro(&[&["normalize", "--dry-run", "--set-time", "5"], &files[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(run.stdout.contains("`f`: mtime 978307200 -> 5"), "{}", run.all());
    let check = project.repro(&[&["normalize", "--check", "--set-time", "5"], &files[..]].concat());
    assert_eq!(check.code, Some(1), "{}", check.all());
    assert_eq!(before, sh(dir, "sha256sum 200*"));
    // Clamping leaves earlier times as they are.
    changed(&project, &files);
    let differ = |e: &&&str| sh(dir, &format!("cmp -s 2001.{e} 2002.{e} || echo no")) == "no\n";
    assert_eq!(ends.iter().filter(differ).count(), ends.len());
    let run = project.repro(&[&["normalize", "--set-time", "5"], &files[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(ends.iter().filter(differ).count(), 0);
    let both = project.repro(&["normalize", "--set-time", "5", "--epoch", "5", "2001.tar"]);
    assert_eq!(both.code, Some(2), "{}", both.all());
}

#[needs("dpkg-deb")]
#[test]
fn a_package_is_normalized_with_the_tars_in_it() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "mkdir -p d/DEBIAN d/usr/bin d/var/mail
        printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: u <u@example.org>\\nDescription: x\\n' >d/DEBIAN/control
        echo '#!/bin/sh' >d/usr/bin/x; chmod +x d/usr/bin/x; gzip -kc d/usr/bin/x >d/usr/bin/x.gz
        (cd d; md5sum usr/bin/* >DEBIAN/md5sums); ln -s /usr/bin/x d/usr/bin/y; chmod 2775 d/var/mail
        for z in xz zstd gzip; do for e in 1 2; do SOURCE_DATE_EPOCH=$e dpkg-deb --root-owner-group -Z$z -b d $z-$e.deb; done; done
        cp xz-1.deb signed.deb; echo sig >_gpgorigin; ar q signed.deb _gpgorigin
        ar p xz-1.deb data.tar.xz >data.tar.xz; for z in xz zstd gzip; do dpkg-deb -c $z-1.deb >$z.list; done",
    );
    left_alone(&project, &[("signed.deb", "_gpgorigin")]);
    for z in ["xz", "zstd", "gzip"] {
        let (one, two) = (format!("{z}-1.deb"), format!("{z}-2.deb"));
        let run = project.repro(&["normalize", "--recursive", "--epoch", "1", &one, &two]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        sh(
            dir,
            &format!(
                "set -e; cmp {one} {two}; dpkg-deb -c {one} | cmp - {z}.list; dpkg-deb -I {one}
            dpkg-deb -R {one} {z}; cd {z} && md5sum --quiet -c DEBIAN/md5sums"
            ),
        );
    }
    // Another archive in an archive is opened only if that was asked for.
    sh(
        dir,
        "touch -d @1800000000 d/usr/bin/x; tar -C d/usr -cf in.tar bin; tar --mtime=@5 -cf out.tar in.tar; cp out.tar all.tar",
    );
    let run = changed(&project, &["out.tar"]);
    assert!(run.stdout.contains("pass --recursive"), "{}", run.all());
    sh(dir, "tar -xOf out.tar in.tar | cmp - in.tar");
    let run = changed(&project, &["--recursive", "all.tar"]);
    assert!(run.stdout.contains("in.tar: bin/x"), "{}", run.all());
    changed(&project, &["--recursive", "in.tar"]);
    sh(dir, "tar -xOf all.tar in.tar | cmp - in.tar");
}

#[needs("python3", "zip", "llvm-ar", "bsdtar")]
#[test]
fn what_the_real_tools_take_out_is_what_went_in() {
    let project = scratch();
    let dir = &project.dir;
    let long = "n".repeat(120);
    sh(
        dir,
        &format!(
            "mkdir -p t/d/{long}/{long}; echo long >t/d/{long}/{long}/{long}; echo 1 >t/a; ln t/a t/h
            ln -s /etc/hostname t/out; ln -s {long}/{long} t/d/far; echo u >\"t/d/é ü\"; : >t/d/empty
            printf raw >t/d/$(printf 'latin-\\351'); echo run >t/run; chmod 755 t/run; chmod 1777 t/d/{long}
            find t -exec touch -hd @1900000000.25 {{}} +; touch -hd @1600000000 t/a
            for f in gnu pax oldgnu; do tar --format=$f --owner=me:70000000 --group=us:7 -cf $f.tar -C t --exclude=./d/{long} .; done
            for f in gnu pax oldgnu; do tar --format=$f --owner=root:0 --group=root:0 -cf l$f.tar -C t .; done
            tar --format=ustar -cf ustar.tar -C t a h run out; tar --format=v7 -cf v7.tar -C t a h run
            python3 -c \"import tarfile
for n, f in ('pu', tarfile.USTAR_FORMAT), ('pg', tarfile.GNU_FORMAT), ('pp', tarfile.PAX_FORMAT):
    with tarfile.open(n + '.tar', 'w', format=f) as t: t.add('t/d/empty', 'e'); t.add('t/a', './a'); t.add('t/h', 'h')\"
            (cd t && zip -qry ../info.zip a h run d/empty out) || true
            python3 -c \"import zipfile
with zipfile.ZipFile('py.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    z.write('t/a', 'a', None); z.write('t/run', 'd/run'); z.writestr('é', 'x'); z.comment = b'of the whole'\"
            echo o >o.o; echo p >a-long-name-for-an-object.o; ar rcU sysv.a o.o a-long-name-for-an-object.o o.o"
        ),
    );
    sh(
        dir,
        "for f in bsd darwin; do llvm-ar --format=$f rcU $f.a o.o a-long-name-for-an-object.o; done",
    );
    sh(
        dir,
        "for f in pax paxr gnutar ustar; do bsdtar --format=$f -cf b$f.tar -C t a run h || exit 1; done",
    );
    let files = sh(dir, "ls *.tar *.zip *.a");
    for file in files.lines() {
        let content = |to: &str| {
            let line = match file.rsplit('.').next().unwrap() {
                "tar" => format!("mkdir {to}; tar -pxf {file} -C {to}"),
                "zip" => format!("mkdir {to}; unzip -q {file} -d {to}"),
                _ => format!("mkdir {to}; ar p {file} >{to}/all; ar t {file} >{to}/names"),
            };
            sh(dir, &format!("umask 022; {line}"));
            // Links as links, the exec bit, and which names are one file.
            sh(
                dir,
                &format!(
                    "cd {to}; find . -mindepth 1 -printf '%P %y %l %n\\n' | sort; find . -type f -perm /100 | sort; find . -perm /7000 | sort; find . -type f -exec sha256sum {{}} + | sort; cd ..; chmod -R u+w {to}; rm -r {to}"
                ),
            )
        };
        let (bytes, before) = (std::fs::read(dir.join(file)).unwrap(), content("x"));
        let run = normalize(&project, &[file]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let after = content("x");
        match run.json()["files"][0]["status"].as_str().unwrap() {
            "left-alone" => assert!(bytes == std::fs::read(dir.join(file)).unwrap(), "{file}"),
            "changed" => assert_eq!(before, after, "{file}"),
            other => panic!("{file}: {other}"),
        }
        let left = run.json()["files"][0]["status"] == "left-alone";
        let again = normalize(&project, &["--check", file]);
        assert_eq!(again.code, Some(left.into()), "{file}: {}", again.all());
    }
}

/// Extended attributes and access lists as the kernel stores them, where the file system takes them.
const ATTRIBUTES: &str = "
import os, struct
entry = lambda tag, mode, of=0xffffffff: struct.pack('<HHI', tag, mode, of)
acl = struct.pack('<I', 2) + b''.join(entry(*e) for e in ((1, 6), (2, 4, 1), (4, 4), (16, 4), (32, 4)))
for of, name, value in (('f', 'user.a', b'1'), ('d', 'user.b', b'\\1\\2'), ('f', 'system.posix_acl_access', acl),
                        ('g', 'security.selinux', b'system_u:object_r:etc_t:s0'), ('g', 'trusted.t', b'z')):
    try: os.setxattr('t/' + of, name, value)
    except OSError as e: print(name, e)
";

#[needs("python3", "bsdtar")]
#[test]
fn extended_attributes_come_out_as_they_went_in() {
    let project = scratch();
    let dir = &project.dir;
    std::fs::write(dir.join("attributes.py"), ATTRIBUTES).unwrap();
    sh(
        dir,
        "mkdir -p t/d; echo 1 >t/f; echo 2 >t/g; python3 attributes.py; chattr +d t/g || true
        all() { tar --xattrs --xattrs-include='*' \"$@\"; }
        all --acls --selinux -cf all.tar -C t .; all -cf gnu.tar -C t .; tar --acls -cf acl.tar -C t f
        bsdtar --format=pax --xattrs --acls --fflags -cf bsd.tar -C t .; gzip -k gnu.tar; tar -cf outer.tar gnu.tar
        bsdtar --format=pax --no-xattrs --no-acls --no-fflags -cf plain.tar -C t .",
    );
    // The control: nothing is lost where there is nothing, and the file is rewritten.
    changed(&project, &["plain.tar"]);
    for file in ["all.tar", "gnu.tar", "acl.tar", "bsd.tar", "gnu.tar.gz"] {
        let taken = || {
            let line = format!(
                "rm -rf x; mkdir x; tar --xattrs --xattrs-include='*' --acls -pxf {file} -C x 2>/dev/null; cd x
                for f in $(find . | sort); do python3 -c 'import os, sys; f = sys.argv[1]; print(f, os.stat(f).st_mode, [(n, os.getxattr(f, n)) for n in sorted(os.listxattr(f))])' $f; done"
            );
            sh(dir, &line)
        };
        let (bytes, before) = (std::fs::read(dir.join(file)).unwrap(), taken());
        let run = normalize(&project, &[file]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let left = run.json()["files"][0]["status"] == "left-alone";
        assert!(!before.contains("user.a") || left, "{file}: {}", run.all());
        assert!(!left || bytes == std::fs::read(dir.join(file)).unwrap(), "{file}");
        assert_eq!(before, taken(), "{file}");
    }
    // In another archive, too.
    sh(dir, "cp gnu.tar before.tar");
    let run = normalize(&project, &["--recursive", "outer.tar"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    sh(dir, "set -e; rm gnu.tar; tar -xf outer.tar; cmp gnu.tar before.tar");
}
