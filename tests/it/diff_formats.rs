//! `repro diff` on what others pack: the formats that are only read, lists of digests, and remedies that
//! do what they say.

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

fn scratch(lines: &str) -> Project {
    let project = Project::plain("sound-features");
    sh(&project.dir, lines);
    project
}

fn diff(project: &Project, a: &str, b: &str) -> Run {
    let run = project.repro(&["diff", "--format", "json", a, b]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    run
}

/// Cause and place of each finding that is no consequence.
fn causes(run: &Run) -> Vec<(String, String)> {
    let json = run.json();
    let findings = json["artifacts"][0]["findings"].as_array().unwrap().clone();
    let text = |f: &serde_json::Value, key: &str| f[key].as_str().unwrap().to_string();
    let own = findings.iter().filter(|f| f["consequence"] == false);
    own.map(|f| (text(f, "cause"), text(f, "where"))).collect()
}

fn assert_causes(project: &Project, (a, b): (&str, &str), want: &[(&str, &str)]) {
    let run = diff(project, a, b);
    let found = causes(&run);
    let found: Vec<_> = found.iter().map(|(c, w)| (c.as_str(), w.as_str())).collect();
    assert_eq!(found, want, "{a} {b}: {}", run.all());
}

/// Two directories of one content, of which one file has another time.
const TIMES: &str =
    "for s in a b; do mkdir $s; echo 1 >$s/f; echo 2 >$s/g; touch -d @1500000000 $s/*; done
    touch -d @1600000000 b/g";

#[needs("bzip2", "lz4", "cpio")]
#[test]
fn archives_that_are_only_read_have_their_cause_and_no_advice_to_normalize() {
    let project = scratch(TIMES);
    let cpio = "printf 'f\\ng\\n' | cpio -o -H newc --reproducible --quiet";
    for (how, name) in [
        ("tar cf - f g | bzip2", "t.tar.bz2"),
        ("tar cf - f g | lz4 -q", "t.tar.lz4"),
        (cpio, "c.cpio"),
        (&format!("{cpio} | gzip -n"), "c.cpio.gz"),
    ] {
        sh(&project.dir, &format!("for s in a b; do (cd $s; {how}) >$s.{name}; done"));
        let (a, b) = (format!("a.{name}"), format!("b.{name}"));
        assert_causes(&project, (&a, &b), &[("archive-mtime", "mtime of `g`")]);
        let text = project.repro(&["diff", &a, &b]).stdout;
        assert!(text.contains("when packing") && !text.contains("normalize"), "{text}");
        if !name.ends_with(".gz") {
            let before = std::fs::read(project.dir.join(&a)).unwrap();
            let run = project.repro(&["normalize", "--epoch", "1", &a]);
            assert!(run.code == Some(0) && run.stdout.contains("left-alone"), "{}", run.all());
            assert!(before == std::fs::read(project.dir.join(&a)).unwrap());
        }
    }
}

#[needs("bzip2", "lz4")]
#[test]
fn one_tar_in_any_two_compressors_differs_in_the_compressor_alone() {
    let project =
        scratch(&format!("{TIMES}\ntar cf t.tar -C a f g; tar cf u.tar -C b f g; gzip -nk t.tar"));
    sh(&project.dir, "bzip2 -k t.tar; lz4 -q t.tar t.tar.lz4");
    let compressor = [("compressor", "compressed bytes")];
    assert_causes(&project, ("t.tar.gz", "t.tar.bz2"), &compressor);
    assert_causes(&project, ("t.tar", "t.tar.bz2"), &compressor);
    assert_causes(&project, ("t.tar", "t.tar.lz4"), &compressor);
    // The same compressor at another level blames no compressor while the content differs.
    sh(&project.dir, "gzip -9nc t.tar >9.gz; gzip -1nc u.tar >1.gz");
    let found = causes(&diff(&project, "9.gz", "1.gz"));
    assert!(found.iter().all(|(cause, _)| cause != "compressor"), "{found:?}");
}

/// Compressed bytes look random: what they unpack to tells why they differ, wherever they stand.
#[test]
fn what_is_compressed_behind_a_script_or_a_program_is_unpacked() {
    let project = scratch(&format!(
        "{TIMES}
        p() {{ printf '#!/bin/sh\\ntail -n+3 \"$0\" | tar xz\\nexit\\n' >$1.run
            cp /bin/sh $1.bin; tar cz -C $1 f g | tee -a $1.run >>$1.bin; }}; p a; p b"
    ));
    for kind in ["run", "bin"] {
        let (a, b) = (format!("a.{kind}"), format!("b.{kind}"));
        let found = causes(&diff(&project, &a, &b));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "archive-mtime");
        assert!(found[0].1.starts_with("`the gzip stream at byte "), "{found:?}");
    }
    sh(
        &project.dir,
        "touch -d @1500000000 b/g; p() { tar cz -C $1 f g >$1.tgz; }; p a; p b; cmp a.tgz b.tgz",
    );
}

#[test]
fn names_and_times_of_each_gzip_stream_are_no_compressor() {
    let project = scratch(
        "echo x >f; echo x >g
        for i in 1 2; do touch -d @${i}500000000 f; (gzip -nc f; gzip -c f) >$i.gz; done
        touch -d @1500000000 f g; gzip -c f >f.gz; gzip -c g >g.gz",
    );
    assert_causes(&project, ("1.gz", "2.gz"), &[("archive-mtime", "time in the header")]);
    let name = [("compressor", "name in the header")];
    assert_causes(&project, ("f.gz", "g.gz"), &name);
    let text = project.repro(&["diff", "f.gz", "g.gz"]).stdout;
    assert!(text.contains("call it with `-n`"), "{text}");
    sh(&project.dir, "gzip -nc f >f.gz; gzip -nc g >g.gz; cmp f.gz g.gz");
}

/// What git, Python and Windows write into files that are the same but for that.
#[test]
fn line_ends_idents_and_times_in_compiled_python_are_told() {
    let project = scratch(
        "printf 'one\ntwo\n' >lf; printf 'one\r\ntwo\r\n' >crlf; printf 'one\r\ntwo\n' >mixed
        echo '$Id$' >raw; echo '$Id: 0123456789012345678901234567890123456789 $' >filled
        echo x=1 >m.py; for i in 1 2; do touch -d @${i}500000000 m.py
        env -u SOURCE_DATE_EPOCH python3 -c 'import py_compile; py_compile.compile(\"m.py\", \"o\")'
        mv o $i.pyc; done",
    );
    let line = "line 1 (line ends)";
    assert_causes(&project, ("lf", "crlf"), &[("unknown", &format!("{line}, and 1 more place"))]);
    assert_causes(&project, ("lf", "mixed"), &[("unknown", line)]);
    let text = project.repro(&["diff", "lf", "crlf"]).stdout;
    assert!(text.contains("core.autocrlf"), "{text}");
    let ident = [("vcs-state", "line 1 (what git puts in place of `$Id$`)")];
    assert_causes(&project, ("raw", "filled"), &ident);
    let time = [("source-mtime", "header+0x8 (the time of the source)")];
    assert_causes(&project, ("1.pyc", "2.pyc"), &time);
}

/// An image as an OCI layout in a tar: two layers, the second one with a file of that text and time.
const IMAGE: &str = r#"
import gzip, hashlib, io, json, sys, tarfile
def image(out, text, mtime, created, docker):
    blobs = {}
    def add(b):
        h = hashlib.sha256(b).hexdigest(); blobs[h] = b; return h
    layers, diffs = [], []
    for name, t in ('base', 0), ('app', mtime):
        raw = io.BytesIO(); tar = tarfile.open(fileobj=raw, mode='w')
        info = tarfile.TarInfo('etc/' + name); data = (text if name == 'app' else 'b').encode()
        info.size, info.mtime = len(data), t; tar.addfile(info, io.BytesIO(data)); tar.close()
        diffs.append('sha256:' + hashlib.sha256(raw.getvalue()).hexdigest())
        packed = raw.getvalue() if docker else gzip.compress(raw.getvalue(), mtime=0)
        layers.append((add(packed), len(packed)))
    config = json.dumps({'created': created, 'rootfs': {'diff_ids': diffs}}).encode(); c = add(config)
    if docker:
        files = {h + '.tar': blobs[h] for h, _ in layers}; files[c + '.json'] = config
        files['manifest.json'] = json.dumps([{'Config': c + '.json', 'Layers': [h + '.tar' for h, _ in layers]}]).encode()
    else:
        m = json.dumps({'config': {'digest': 'sha256:' + c, 'size': len(config)}, 'layers': [{'digest': 'sha256:' + h, 'size': n} for h, n in layers]}).encode()
        index = json.dumps({'manifests': [{'digest': 'sha256:' + add(m), 'size': len(m)}]}).encode()
        files = {'blobs/sha256/' + h: b for h, b in blobs.items()}; files.update({'index.json': index, 'oci-layout': b'{}'})
    with tarfile.open(out, 'w') as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name); info.size = len(files[name]); tar.addfile(info, io.BytesIO(files[name]))
for kind in 'oci', 'docker':
    day = '2024-01-01T00:00:00Z'
    image(kind + '.tar', 'x', 1, day, kind == 'docker'); image(kind + '-time.tar', 'x', 2, day, kind == 'docker')
    image(kind + '-made.tar', 'x', 1, '2024-02-03T04:05:06Z', kind == 'docker'); image(kind + '-text.tar', 'y', 1, day, kind == 'docker')
"#;

#[test]
fn layers_of_an_image_are_paired_and_what_names_their_digests_follows() {
    let project = Project::plain("sound-features");
    project.write("image.py", IMAGE);
    sh(&project.dir, "python3 image.py");
    for kind in ["oci", "docker"] {
        let base = format!("{kind}.tar");
        let other = |what: &str| format!("{kind}-{what}.tar");
        let time = [("archive-mtime", "`layer 2`: mtime of `etc/app`")];
        assert_causes(&project, (&base, &other("time")), &time);
        assert_causes(&project, (&base, &other("made")), &[("timestamp", "`config`: line 1")]);
        assert_causes(
            &project,
            (&base, &other("text")),
            &[("unknown", "`layer 2`: `etc/app`: line 1")],
        );
    }
    sh(&project.dir, "for f in oci oci-time; do mkdir $f; tar xf $f.tar -C $f; done");
    let time = [("archive-mtime", "`layer 2`: mtime of `etc/app`")];
    assert_causes(&project, ("oci", "oci-time"), &time);
}

#[needs("rpmbuild")]
#[test]
fn an_rpm_differs_in_time_and_machine_and_its_digests_follow() {
    let project = scratch(
        "printf 'Name: x\\nVersion: 1\\nRelease: 1\\nSummary: x\\nLicense: MIT\\nBuildArch: noarch\\n%%description\\nx\\n%%install\\nmkdir -p %%{buildroot}/etc\\necho conf >%%{buildroot}/etc/x.conf\\n%%files\\n/etc/x.conf\\n' >x.spec
        for n in 1 2; do SOURCE_DATE_EPOCH=150000000$n rpmbuild -bb --target noarch --define \"_topdir $PWD/$n\" --define \"_buildhost host-$n\" \\
        --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' x.spec >log 2>&1 || cat log; cp $n/RPMS/noarch/*.rpm $n.rpm; done",
    );
    let run = diff(&project, "1.rpm", "2.rpm");
    let found = causes(&run);
    let mut names: Vec<&str> = found.iter().map(|(cause, _)| cause.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["archive-mtime", "hostname", "timestamp"], "{}", run.all());
    let first = found.iter().any(|(_, place)| place == "`payload`: mtime of `etc/x.conf`");
    assert!(first, "{found:?}");
}

#[test]
fn a_list_follows_where_it_has_more_lines_and_where_names_have_a_version() {
    let project = scratch(
        "for v in 1.0 1.1; do mkdir -p $v/x-$v.dist-info; echo code $v >$v/x.py; echo same >$v/x-$v.dist-info/WHEEL
        test $v = 1.0 || echo more >$v/new.py
        (cd $v; for f in *.py x-$v.dist-info/WHEEL; do
        echo $f,sha256=$(python3 -c \"import base64, hashlib, sys; print(base64.urlsafe_b64encode(hashlib.sha256(open(sys.argv[1],'rb').read()).digest()).decode().rstrip('='))\" $f),$(stat -c %s $f); done >list
        echo x-$v.dist-info/RECORD,, >>list; mv list x-$v.dist-info/RECORD; touch -d @1500000000 *.py */*; zip -qrXD ../x-$v.whl . ); done",
    );
    let run = diff(&project, "x-1.0.whl", "x-1.1.whl");
    let found = causes(&run);
    assert!(!found.iter().any(|(_, place)| place.contains("RECORD`: ")), "{found:?}");
    assert!(found.iter().all(|(cause, _)| cause == "unknown"), "{found:?}");
    let text = project.repro(&["diff", "x-1.0.whl", "x-1.1.whl"]).stdout;
    assert!(text.contains("these are two versions"), "{text}");
    assert_eq!(text.matches("A: x-1.0.dist-info").count(), 1, "{text}");
}

#[test]
fn what_a_remedy_says_makes_the_two_files_equal() {
    let project = scratch(
        "mkdir t; seq 1 3000 >t/a; seq 2 900 >t/b; chmod 644 t/*; touch -d @1500000000 t/*
        gnu() { tar --format=gnu --owner=0 --group=0 \"$@\"; }
        gnu -cf base.tar -C t a b; gnu -cf order.tar -C t b a; tar --format=ustar --owner=0 --group=0 -cf style.tar -C t a b
        tar --format=pax --owner=0 --group=0 -cf pax.tar -C t a b; tar --format=gnu --owner=me:7 --group=us:8 -cf owner.tar -C t a b
        gnu -b 128 -cf padded.tar -C t a b; chmod 600 t/a; gnu -cf mode.tar -C t a b; chmod 644 t/a
        gzip -9nc base.tar >base.tgz; gzip -1c base.tar >fast.tgz; xz -0c base.tar >base.txz; xz -9c base.tar >best.txz
        touch -d @1400000000 t/b; gnu -cf time.tar -C t a b; gzip -c t/b >time.gz; touch -d @1500000000 t/b; gzip -c t/b >base.gz
        ar rcU base.a t/a t/b; touch -d @1400000000 t/a; ar rcU time.a t/a t/b; touch -d @1500000000 t/a
        (cd t; TZ=UTC zip -qX ../base.zip a b; TZ=UTC zip -qX ../order.zip b a; TZ=UTC zip -q ../extra.zip a b; touch -d @1400000000 a; TZ=UTC zip -qX ../time.zip a b; touch -d @1500000000 a)
        (cat base.tar; echo more) >more.tar; cat base.tgz base.tgz >two.tgz",
    );
    for (a, b) in [
        ("base.tar", "order.tar"),
        ("base.tar", "style.tar"),
        ("base.tar", "pax.tar"),
        ("base.tar", "owner.tar"),
        ("base.tar", "padded.tar"),
        ("base.tar", "mode.tar"),
        ("base.tar", "time.tar"),
        ("pax.tar", "time.tar"),
        ("base.txz", "best.txz"),
        ("base.gz", "time.gz"),
        ("base.a", "time.a"),
        ("base.zip", "order.zip"),
        ("base.zip", "extra.zip"),
        ("base.zip", "time.zip"),
    ] {
        let run = diff(&project, a, b);
        let json = run.json();
        let findings = json["artifacts"][0]["findings"].as_array().unwrap().clone();
        sh(&project.dir, &format!("rm -rf 1 2; mkdir 1 2; cp -p {a} 1/x; cp -p {b} 2/x"));
        // What several remedies say is done at once: one gives the time.
        let mut epoch = None;
        for finding in &findings {
            let remedy = finding["remedy"].as_str().unwrap();
            let mut words = remedy.split('`').filter(|w| w.starts_with("repro normalize"));
            let command = words.next().unwrap_or_else(|| panic!("{a} {b}: {remedy}"));
            epoch = epoch.or(command.strip_prefix("repro normalize --epoch ").map(str::to_string));
        }
        let epoch = epoch.unwrap_or("2000000000".to_string());
        let done = project.repro(&["normalize", "--epoch", &epoch, "1/x", "2/x"]);
        assert_eq!(done.code, Some(0), "{}", done.all());
        let same = project.repro(&["diff", "1/x", "2/x"]);
        assert_eq!((same.code, same.last()), (Some(0), "SAME"), "{a} {b}: {}", run.all());
    }
    // Times before 1970 cannot be clamped to.
    sh(
        &project.dir,
        "for y in 1950 1960; do touch -d $y-06-01 t/a; tar -cf $y.tar -C t a b; done; rm -rf 1 2; mkdir 1 2; cp 1950.tar 1/x; cp 1960.tar 2/x",
    );
    let text = project.repro(&["diff", "1950.tar", "1960.tar"]).stdout;
    assert!(text.contains("run `repro normalize --set-time 0` on both"), "{text}");
    let done = project.repro(&["normalize", "--set-time", "0", "1/x", "2/x"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert_eq!(project.repro(&["diff", "1/x", "2/x"]).last(), "SAME");
    // What `normalize` leaves alone is not said to be mended by it.
    for (a, b, why) in
        [("base.tar", "more.tar", "data follows the end"), ("base.tgz", "two.tgz", "several gzip")]
    {
        let text = project.repro(&["diff", a, b]).stdout;
        assert!(text.contains("leaves B as it is") && text.contains(why), "{text}");
        assert!(!text.contains("run `repro normalize"), "{text}");
    }
}

#[test]
fn what_tar_and_ar_list_is_compared() {
    let project = scratch(
        "echo 1 >f; echo 2 >g; touch -d @1500000000 f g; for l in one two; do tar --label=$l -cf $l.tar f; done
        mkfifo p; touch -d @1500000000 p; tar -cf p1.tar f p; touch -d @1600000000 p; tar -cf p2.tar f p
        truncate -s 1M h; echo end >>h; truncate -s 3M h; echo 2 >>h; touch -d @1500000000 h
        tar -cf whole.tar h; tar -S -cf sparse.tar h
        for v in 0.0 0.1 1.0; do tar --format=pax --sparse-version=$v -S -cf $v.tar h; done
        truncate -s 2M h; echo END >>h; touch -d @1500000000 h; tar -S -cf other.tar h
        ar rcTU thin1.a f g; touch -d @1600000000 g; ar rcTU thin2.a f g",
    );
    let label = [("unknown", "member `one`"), ("unknown", "member `two`")];
    assert_causes(&project, ("one.tar", "two.tar"), &label);
    assert_causes(&project, ("p1.tar", "p2.tar"), &[("archive-mtime", "mtime of `p`")]);
    // The same content, whatever holes are written as.
    for sparse in ["sparse.tar", "0.0.tar", "0.1.tar", "1.0.tar"] {
        let run = diff(&project, "whole.tar", sparse);
        let found = causes(&run);
        let of_content = |(_, place): &(String, String)| !place.contains("other fields");
        let packing = ["name as written of `h`", "mtime of `h`"];
        let content = found.iter().filter(|f| of_content(f) && !packing.contains(&&*f.1));
        assert_eq!(content.count(), 0, "{sparse}: {}", run.all());
        assert!(run.stdout.contains("\"same_content\": true"), "{sparse}: {}", run.all());
    }
    let run = diff(&project, "sparse.tar", "other.tar");
    assert!(run.stdout.contains("\"same_content\": false"), "{}", run.all());
    assert_causes(&project, ("thin1.a", "thin2.a"), &[("archive-mtime", "mtime of `g`")]);
    let text = project.repro(&["diff", "thin1.a", "thin2.a"]).stdout;
    assert!(text.contains("it is a thin archive"), "{text}");
}

#[needs("python3", "zstd")]
#[test]
fn comments_frames_programs_and_signatures_are_what_they_are() {
    let project = scratch(
        "git init -q g; cd g; echo x >f; git add f
        c() { git -c user.name=u -c user.email=u@localhost -c commit.gpgsign=false commit --allow-empty -qm $1; }
        for i in 1 2; do c $i; git archive --format=zip --mtime=@1500000000 HEAD >../g$i.zip; done; cd ..
        for w in 'env python3' python3.11; do printf '#!/usr/bin/%s\nx\n' \"$w\" >\"s-${w% *}\"; done
        seq 1 900 >t; zstd -q t -o t.zst
        for i in 1 2; do (printf 'P*M\\030\\004\\0\\0\\0abc%s' $i; cat t.zst) >z$i.zst; done",
    );
    let comment = [("vcs-state", "comment in the header")];
    assert_causes(&project, ("g1.zip", "g2.zip"), &comment);
    let program = causes(&diff(&project, "s-env", "s-python3.11"));
    assert_eq!(program, [("unknown".to_string(), "line 1".to_string())]);
    let frames = [("unknown", "skippable frames in the header")];
    assert_causes(&project, ("z1.zst", "z2.zst"), &frames);
    assert_causes(&project, ("z1.zst", "t.zst"), &frames);
    let dir = &project.dir;
    std::fs::write(dir.join("jars.py"), JARS).unwrap();
    sh(dir, "python3 jars.py");
    // Content differs, and what signs it follows; a signature that differs alone does not.
    let run = diff(&project, "one.jar", "two.jar");
    assert_eq!(causes(&run), [("unknown".to_string(), "`a.txt`: line 1".to_string())]);
    assert_causes(
        &project,
        ("one.jar", "again.jar"),
        &[("code-signature", "`META-INF/ME.RSA`: the whole file")],
    );
}

/// The same names in another kind of archive are those of any file.
#[test]
fn a_signature_is_one_where_the_format_has_it() {
    let project = scratch(
        "for i in 1 2; do for n in .SIGN.RSA.key _gpgorigin; do echo $i >$n; done
        tar --mtime=@1 -cf alpine$i.tar .SIGN.RSA.key; ar rcD deb$i.a _gpgorigin
        tar --mtime=@1 -cf other$i.tar _gpgorigin; ar rcD other$i.a .SIGN.RSA.key; done",
    );
    for (a, b, cause) in [
        ("alpine1.tar", "alpine2.tar", "code-signature"),
        ("deb1.a", "deb2.a", "code-signature"),
        ("other1.tar", "other2.tar", "unknown"),
        ("other1.a", "other2.a", "unknown"),
    ] {
        let found = causes(&diff(&project, a, b));
        assert!(found.len() == 1 && found[0].0 == cause, "{a}: {found:?}");
    }
}

#[test]
fn a_hard_link_has_the_content_of_the_file() {
    let project = scratch(
        "mkdir -p d/deps; cp /bin/true d/deps/app; ln d/deps/app d/app; ln d/deps/app d/deps/other; ln -s app d/to
        tar -cf d.tar -C d .; tar --hard-dereference -cf each.tar -C d .; : >none; cp /bin/true some",
    );
    for archive in ["d.tar", "each.tar"] {
        let run = project.repro(&["diff", "d", archive]);
        assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{}", run.all());
    }
    let run = diff(&project, "d.tar", "each.tar");
    assert!(run.stdout.contains("hardlink to "), "{}", run.all());
    assert_causes(&project, ("none", "some"), &[("unknown", "the whole file (empty on one side)")]);
}

/// Signed jars: of two contents, and of one with another signature.
const JARS: &str = "
import base64, hashlib, zipfile
digest = lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode()
def jar(name, content, salt):
    with zipfile.ZipFile(name, 'w') as z:
        put = lambda member, data: z.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), data)
        section = f'Name: a.txt\\r\\nSHA-256-Digest: {digest(content)}\\r\\n\\r\\n'
        manifest = 'Manifest-Version: 1.0\\r\\n\\r\\n' + section
        put('META-INF/MANIFEST.MF', manifest)
        put('META-INF/ME.SF', f'Signature-Version: 1.0\\r\\nSHA-256-Digest-Manifest: {digest(manifest.encode())}\\r\\n\\r\\n')
        put('META-INF/ME.RSA', b'0' + hashlib.sha512(manifest.encode() + salt).digest() * 4)
        put('a.txt', content)
jar('one.jar', b'one', b''); jar('two.jar', b'two', b''); jar('again.jar', b'one', b'salt')
";

#[needs("dpkg-deb")]
#[test]
fn a_package_whose_list_alone_differs_in_it_says_no_more() {
    let project = scratch(
        "for y in 1 2; do mkdir -p $y/DEBIAN $y/usr; echo $y >$y/usr/f; (cd $y; md5sum usr/f >DEBIAN/md5sums)
        printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: u <u@localhost>\nDescription: x\n' >$y/DEBIAN/control
        SOURCE_DATE_EPOCH=5 dpkg-deb --root-owner-group -Zxz -b $y $y.deb; done",
    );
    let run = diff(&project, "1.deb", "2.deb");
    let found = causes(&run);
    assert!(found.len() == 1 && found[0].1.contains("usr/f`"), "{}", run.all());
    assert!(run.stdout.contains("digests and sizes of other files"), "{}", run.all());
}
