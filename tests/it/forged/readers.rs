//! Archives of a source in which readers see one thing and others another: what is built from one of them
//! is not what a person who unpacks it has read.

use crate::support::Project;
use crate::verify::fails;

/// Writes `NAME.zip` and `NAME.tar`: what is in them depends on who reads.
const ARCHIVES: &str = r#"
import binascii, struct, zipfile, tarfile
def local(name, data, extra=b''):
    sizes = struct.pack('<III', binascii.crc32(data), len(data), len(data))
    return (struct.pack('<4sHHHHH', b'PK\3\4', 20, 0, 0, 0, 0x2821) + sizes
        + struct.pack('<HH', len(name), len(extra)) + name + extra)
def central(name, data, at, extra, host):
    sizes = struct.pack('<III', binascii.crc32(data), len(data), len(data))
    host, mode = host if isinstance(host, tuple) else (host, 0o100644 << 16 if host == 3 else 0)
    return (struct.pack('<4sBBHHHHH', b'PK\1\2', 20, host, 20, 0, 0, 0, 0x2821) + sizes
        + struct.pack('<HHHHHII', len(name), len(extra), 0, 0, 0, mode, at) + name + extra)
def zipped(members, base=0, comment=b'', said=None):
    out, directory = b'', b''
    for name, data, extra, host in members:
        directory += central(name, data, base + len(out), extra, host)
        out += local(name, data, extra) + data
    return out + directory + struct.pack('<4sHHHHIIH', b'PK\5\6', 0, 0, len(members), len(members),
        len(directory), base + len(out), len(comment) if said is None else said) + comment
def utf8(name, other):
    text = b'\1' + struct.pack('<I', binascii.crc32(name)) + other
    return struct.pack('<HH', 0x7075, len(text)) + text
def write(name, data):
    open(name, 'wb').write(data)
good = (b'd/f', b'good', b'', 3)
evil = (b'd/f', b'evil', b'', 3)
base = len(zipped([good]))
write('plain.zip', zipped([good], comment=b'a comment'))
write('utf8.zip', zipped([(b'd/f', b'good', utf8(b'd/f', b'd/f'), 3)]))
write('ends.zip', zipped([good], comment=zipped([evil], base=base, said=9)))
write('ends-early.zip', zipped([good], comment=zipped([evil], base=base) + b'x'))
write('other-utf8.zip', zipped([(b'd/f', b'good', utf8(b'd/f', b'd/evil'), 3)]))
link = 0o120777
asi = struct.pack('<HIHH', link, 4, 0, 0) + b'good'
asi = struct.pack('<HHI', 0x756e, len(asi) + 4, binascii.crc32(asi)) + asi
own = struct.pack('<HHBHHI', 0x6c78, 9, 7, 0x314, 0, link << 16)
write('label.zip', zipped([(b'd/f', b'good', b'', (0, 8))]))
write('dos-directory.zip', zipped([(b'd/f', b'good', b'', (0, 16))]))
write('dos.zip', zipped([(b'd/', b'', b'', (0, 16)), (b'd/f', b'good', b'', (0, 32))]))
write('fat-link.zip', zipped([(b'd/f', b'good', b'', (0, link << 16))]))
write('beos-link.zip', zipped([(b'd/f', b'good', b'', (16, link << 16))]))
write('asi-link.zip', zipped([(b'd/f', b'good', asi, (3, 0))]))
write('own-link.zip', zipped([(b'd/f', b'good', own, 3)]))
with zipfile.ZipFile('bzip2.zip', 'w', zipfile.ZIP_BZIP2) as z:
    z.writestr('d/f', b'evil')
    info = z.infolist()[0]
open('as-packed', 'wb').write(open('bzip2.zip', 'rb').read()[30 + 3:][:info.compress_size])
write('backslash.zip', zipped([good, (b'd\\f', b'evil', b'', 0)]))
for name in ['ends.zip', 'ends-early.zip']:
    assert zipfile.ZipFile(name).read('d/f') == b'evil', name

def header(name, size, kind=b'0', magic=b'ustar  \0', prefix=b''):
    h = bytearray(512)
    h[:len(name)] = name
    h[100:124] = b'0000644\0' + b'0000000\0' * 2
    h[124:136], h[136:148] = b'%011o\0' % size, b'%011o\0' % 5
    h[156:157], h[257:265], h[345:345 + len(prefix)] = kind, magic, prefix
    h[148:156] = b' ' * 8
    h[148:156] = b'%06o\0 ' % sum(h)
    return bytes(h)
def member(name, data, **how):
    return header(name, len(data), **how) + data + b'\0' * (-len(data) % 512)
def record(key, value):
    size = len(key) + len(value) + 3
    while len(str(size)) + len(key) + len(value) + 3 != size: size += 1
    return f'{size} {key}={value}\n'.encode()
def pax(key, value, kind=b'x'):
    return member(b'PaxHeaders/x', record(key, value), kind=kind, magic=POSIX)
def long(name):
    return member(b'././@LongLink', name + b'\0', kind=b'L')
POSIX = b'ustar\x0000'
END = b'\0' * 1024
f = member(b'd/f', b'good')
g = member(b'd/f', b'good', magic=POSIX)
write('plain.tar', f + END)
write('long.tar', long(b'd/long') + f + END)
write('prefix.tar', member(b'f', b'good', magic=POSIX, prefix=b'd') + END)
write('pax.tar', pax('comment', 'x', b'g') + pax('path', 'd/p') + g + END)
write('xattr.tar', pax('SCHILY.xattr.user.a', '1') + g + END)
write('two-long.tar', long(b'd/evil') + long(b'd/f') + f + END)
write('long-and-pax.tar', long(b'd/evil') + pax('path', 'd/f') + g + END)
write('gnu-prefix.tar', member(b'd/f', b'good', prefix=b'evil') + END)
write('odd-version.tar', member(b'f', b'good', magic=b'ustar\0\0\0', prefix=b'd') + END)
write('global-path.tar', pax('path', 'd/f', b'g') + member(b'd/evil', b'good', magic=POSIX) + END)
write('global-size.tar', pax('size', '4', b'g') + g + END)
write('realsize.tar', pax('SCHILY.realsize', '2') + g + END)
write('holes.tar', pax('SUN.holesdata', ' 0 2 4') + g + END)
def cpio(name, data, inode, links):
    values = (inode, 0o100644, 0, 0, links, 5, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    out = b'070701' + b''.join(b'%08x' % v for v in values) + name + b'\0'
    out += b'\0' * (-len(out) % 4) + data
    return out + b'\0' * (-len(out) % 4)
trailer = cpio(b'TRAILER!!!', b'', 0, 1)
write('plain.cpio', cpio(b'a', b'evil', 7, 1) + cpio(b'b', b'good', 8, 1) + trailer)
write('linked.cpio', cpio(b'a', b'evil', 7, 2) + cpio(b'b', b'good', 7, 2) + trailer)
import gzip, io
room = gzip.compress(f + END, mtime=0)
inside = zipped([evil], base=len(room) + 12, comment=b'\3' + b'\0' * 9)[:-10]
room += b'\x1f\x8b\x08\4' + b'\0' * 6 + struct.pack('<H', len(inside)) + inside + b'\3' + b'\0' * 9
write('two.zip', room)
assert zipfile.ZipFile('two.zip').read('d/f') == b'evil'
assert tarfile.open('two.zip').extractfile('d/f').read() == b'good'
write('plain.tar.gz', gzip.compress(f + member(b'd/g.zip', zipped([evil])) + END, mtime=0))
for name, seen in [('two-long', 'd/evil'), ('long-and-pax', 'd/evil'), ('gnu-prefix', 'evil/d/f')]:
    assert tarfile.open(name + '.tar').getnames() == [seen], name
"#;

#[test]
fn a_source_that_readers_do_not_agree_on_is_refused() {
    let project = Project::plain("no-core");
    let python = project.command("python3", &project.dir).args(["-c", ARCHIVES]).output();
    let Ok(python) = python else {
        return; // Without python3.
    };
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    project.write("app", "a program\n");
    let verify = |source: &str| project.repro(&["verify", "--source", source, "--artifact", "app"]);
    for (source, word) in [
        ("ends.zip", "more than one end record"),
        ("two.zip", "a zip is at its end"),
        ("ends-early.zip", "more than one end record"),
        ("other-utf8.zip", "gives it another name"),
        ("backslash.zip", "some readers take for a `/`"),
        ("label.zip", "a directory or a volume label"),
        ("dos-directory.zip", "a directory or a volume label"),
        ("fat-link.zip", "take it for a link"),
        ("beos-link.zip", "take it for a link"),
        ("asi-link.zip", "take it for a link"),
        ("own-link.zip", "take it for a link"),
        ("two-long.tar", "two long names"),
        ("long-and-pax.tar", "a long name and a PAX record"),
        ("gnu-prefix.tar", "its header has a prefix"),
        ("odd-version.tar", "its header has a prefix"),
        ("global-path.tar", "the PAX record `path` for all members"),
        ("global-size.tar", "the PAX record `size` for all members"),
        ("realsize.tar", "its PAX record `SCHILY.realsize`"),
        ("holes.tar", "its PAX record `SUN.holesdata`"),
    ] {
        fails(&verify(source), 5, &[word]);
        // Nobody's file is rewritten by one of the readings.
        let kept = project.repro(&["normalize", "--epoch", "9", "--dry-run", source]);
        assert!(kept.stdout.contains("left-alone"), "{source}: {}", kept.all());
    }
    // The controls: each is read, and is no source of a program.
    let controls = [
        "plain.zip", "utf8.zip", "plain.tar", "long.tar", "prefix.tar", "pax.tar", "xattr.tar",
        "plain.tar.gz", "dos.zip",
    ];
    for source in controls {
        fails(&verify(source), 4, &["no Cargo.toml"]);
    }
}

#[test]
fn an_archive_that_readers_do_not_agree_on_is_the_same_as_no_directory() {
    let project = Project::plain("no-core");
    let python = project.command("python3", &project.dir).args(["-c", ARCHIVES]).output();
    let Ok(python) = python else {
        return; // Without python3.
    };
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    project.write("same/d/f", "good");
    let diff = |archive: &str| project.repro(&["diff", "same", archive]);
    for archive in ["ends.zip", "two.zip", "other-utf8.zip", "gnu-prefix.tar", "realsize.tar"] {
        let run = diff(archive);
        assert_eq!(run.code, Some(5), "{archive}: {}", run.all());
    }
    // GNU cpio keeps the one content, bsdtar the other.
    project.write("linked/a", "evil");
    project.write("linked/b", "good");
    let run = project.repro(&["diff", "linked", "linked.cpio"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    assert_eq!(project.repro(&["diff", "linked", "plain.cpio"]).last(), "SAME");
    // What is in it is not known, and its packed bytes are not that.
    std::fs::rename(project.dir.join("as-packed"), project.dir.join("same/d/f")).unwrap();
    let run = diff("bzip2.zip");
    assert_eq!(run.code, Some(5), "{}", run.all());
    project.write("same/d/f", "good");
    for archive in ["plain.zip", "utf8.zip", "plain.tar", "prefix.tar", "xattr.tar"] {
        let run = diff(archive);
        assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{archive}: {}", run.all());
    }
}

/// `git clone --branch NAME` and `git checkout NAME` take the branch, `git rev-parse NAME` the tag.
#[test]
fn a_name_of_two_commits_is_none() {
    let project = Project::committed("no-core");
    project.git(&["rm", "-q", "--ignore-unmatch", "Cargo.lock"]);
    project.commit("for review");
    let short = project.git(&["rev-parse", "--short=12", "HEAD"]);
    let read = project.git(&["rev-parse", "HEAD"]);
    project.git(&["branch", "v1"]);
    project.git(&["tag", "one"]);
    project.commit("to be built");
    let built = project.git(&["rev-parse", "HEAD"]);
    project.git(&["tag", "v1"]);
    project.git(&["tag", &read[..8]]);
    project.write("app", "a program\n");
    let clone = project.base().join("clone.git").display().to_string();
    project.git(&["clone", "-q", "--bare", ".", &clone]);
    for source in [clone.clone(), format!("file://{clone}")] {
        let verify = |revision: &str| {
            let source = format!("{source}@{revision}");
            project.repro(&["verify", "--source", &source, "--artifact", "app"])
        };
        for name in ["v1", &read[..8]] {
            fails(&verify(name), 4, &["is more than one commit", &read, &built]);
        }
        // The controls: each names one commit, and `verify` says that it has no Cargo.toml.
        for (name, id) in [("one", &read), (&read, &read), (&built, &built)] {
            fails(&verify(name), 4, &[&format!("commit {}", &id[..12]), "no Cargo.lock"]);
        }
        fails(&verify(&short), 4, &[&format!("commit {short}"), "no Cargo.lock"]);
    }
}
