//! DEFLATE in independent blocks on all cores.
//!
//! The input is cut every [`BLOCK`] bytes; each block is compressed from nothing and ends on a byte
//! boundary, so that the bytes depend on the input and the level alone: not on the number of
//! threads, not on how the input was handed in, not on the platform. The result is one raw DEFLATE
//! stream that any inflater reads. Framing (gzip, zip) is not done here.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Bytes of input that are compressed on their own.
pub const BLOCK: usize = 1 << 20;

/// The crate that compresses. A test holds the version against the lockfile.
pub const COMPRESSOR: &str = "miniz_oxide";
/// Its version.
pub const VERSION: &str = "0.9.1";

/// Levels that can be asked for.
pub const LEVELS: std::ops::RangeInclusive<u32> = 1..=9;

/// The level unless one is asked for: on two cores half again as fast as level 6, for output that
/// is 1.7 % larger.
pub const LEVEL: u32 = 5;

/// What went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of input.
    pub read: u64,
    /// Bytes of output.
    pub written: u64,
    /// CRC-32 of the input.
    pub crc32: u32,
}

/// A block on its way through a worker. The buffers go round.
pub(crate) struct Block {
    input: Vec<u8>,
    /// What it was compressed to.
    pub(crate) output: Vec<u8>,
    /// Of the input.
    pub(crate) crc: Crc,
    /// It ends its stream.
    pub(crate) last: bool,
}

struct Worker {
    todo: Option<SyncSender<Block>>,
    done: Receiver<io::Result<Block>>,
    thread: Option<JoinHandle<()>>,
}

/// Threads that compress blocks, which come back in the order in which they were given.
pub(crate) struct Pool {
    workers: Vec<Worker>,
    /// Blocks given to workers so far; block `i` goes to worker `i` modulo their number.
    given: usize,
    /// Blocks taken back so far.
    taken: usize,
    spare: Vec<Block>,
}

/// Blocks that one worker may have waiting, beside the one it works on.
const WAITING: usize = 1;

impl Pool {
    /// A pool of `threads`, at least one, that compresses at `level` (one of [`LEVELS`]).
    pub(crate) fn new(level: u32, threads: usize) -> io::Result<Pool> {
        let workers = (0..threads.max(1)).map(|_| start(level)).collect::<io::Result<_>>()?;
        Ok(Pool { workers, given: 0, taken: 0, spare: Vec::new() })
    }

    /// Whether a block must be taken before another can be given.
    pub(crate) fn is_full(&self) -> bool {
        self.given - self.taken == self.workers.len() * (WAITING + 1)
    }

    /// Gives a block of input away, and leaves an empty buffer in its place.
    pub(crate) fn give(&mut self, input: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let (mut empty, output) = match self.spare.pop() {
            Some(block) => (block.input, block.output),
            None => (Vec::new(), Vec::new()),
        };
        empty.clear();
        std::mem::swap(&mut empty, input);
        let block = Block { input: empty, output, crc: Crc::new(), last };
        let worker = &self.workers[self.given % self.workers.len()];
        let todo = worker.todo.as_ref().ok_or_else(gone)?;
        todo.send(block).map_err(|_| gone())?;
        self.given += 1;
        Ok(())
    }

    /// The oldest block that was given and not taken, once it is done.
    pub(crate) fn take(&mut self) -> io::Result<Option<Block>> {
        if self.taken == self.given {
            return Ok(None);
        }
        let worker = &self.workers[self.taken % self.workers.len()];
        let block = worker.done.recv().map_err(|_| gone())??;
        self.taken += 1;
        Ok(Some(block))
    }

    /// Takes the buffers of a block back.
    pub(crate) fn recycle(&mut self, block: Block) {
        self.spare.push(block);
    }
}

/// Compresses what is written to it. [`Deflater::finish`] must be called: without it the stream has
/// no end.
pub struct Deflater<W: Write> {
    out: W,
    pool: Pool,
    input: Vec<u8>,
    crc: Crc,
    read: u64,
    written: u64,
}

impl<W: Write> Deflater<W> {
    /// A compressor at `level` (one of [`LEVELS`]) with `threads` workers, at least one.
    pub fn new(out: W, level: u32, threads: usize) -> io::Result<Deflater<W>> {
        Ok(Deflater {
            out,
            pool: Pool::new(level, threads)?,
            input: Vec::new(),
            crc: Crc::new(),
            read: 0,
            written: 0,
        })
    }

    fn give(&mut self, last: bool) -> io::Result<()> {
        if self.pool.is_full() {
            self.take()?;
        }
        self.pool.give(&mut self.input, last)
    }

    /// Writes the oldest block out; whether there was one.
    fn take(&mut self) -> io::Result<bool> {
        let Some(block) = self.pool.take()? else {
            return Ok(false);
        };
        self.out.write_all(&block.output)?;
        self.written += block.output.len() as u64;
        self.crc.combine(&block.crc);
        self.pool.recycle(block);
        Ok(true)
    }

    /// Writes what is still under way and the end of the stream.
    pub fn finish(mut self) -> io::Result<(W, Totals)> {
        self.give(true)?;
        while self.take()? {}
        let totals = Totals { read: self.read, written: self.written, crc32: self.crc.sum() };
        Ok((self.out, totals))
    }
}

impl<W: Write> Write for Deflater<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // A full block is given away only when more follows: the last one is marked as such.
        if self.input.len() == BLOCK && !buf.is_empty() {
            self.give(false)?;
        }
        let n = buf.len().min(BLOCK - self.input.len());
        self.input.extend_from_slice(&buf[..n]);
        self.read += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Worker {
    fn stop(&mut self) {
        self.todo = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // What it still had to hand over is not wanted: it must not wait for that.
        let (_, nowhere) = sync_channel(0);
        self.done = nowhere;
        self.stop();
    }
}

fn gone() -> io::Error {
    io::Error::other("a compressing thread ended early")
}

fn start(level: u32) -> io::Result<Worker> {
    let (todo, next) = sync_channel::<Block>(WAITING);
    let (finished, done) = sync_channel(WAITING + 1);
    let thread = std::thread::Builder::new().name("deflate".into()).spawn(move || {
        let mut state = Compress::new(Compression::new(level), false);
        for mut block in next {
            let result = compress(&mut state, &mut block).map(|()| block);
            if finished.send(result).is_err() {
                return;
            }
        }
    })?;
    Ok(Worker { todo: Some(todo), done, thread: Some(thread) })
}

fn compress(state: &mut Compress, block: &mut Block) -> io::Result<()> {
    state.reset();
    block.output.clear();
    // What cannot be compressed is stored, at five bytes for each 31 KiB or more; so one call gives
    // all, and the bytes cannot depend on how full a buffer was.
    let bound = block.input.len() + block.input.len() / 1000 + 1024;
    block.output.reserve(bound);
    let (flush, want) = match block.last {
        true => (FlushCompress::Finish, Status::StreamEnd),
        false => (FlushCompress::Sync, Status::Ok),
    };
    let status = state.compress_vec(&block.input, &mut block.output, flush)?;
    if status != want || state.total_in() != block.input.len() as u64 || block.output.len() >= bound
    {
        return Err(io::Error::other("a block did not fit its compressed bound"));
    }
    block.crc.update(&block.input);
    Ok(())
}

/// Compresses all of `input` into `out` as one raw DEFLATE stream.
pub fn deflate_blocks(
    input: &mut dyn Read,
    out: &mut dyn Write,
    level: u32,
    threads: usize,
) -> io::Result<Totals> {
    let mut deflater = Deflater::new(out, level, threads)?;
    io::copy(input, &mut deflater)?;
    Ok(deflater.finish()?.1)
}

/// As many workers as there are cores at hand.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::digest;

    /// Text, noise and zeros, about 5 MiB, the same on every machine.
    pub fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut state = 1u64;
        while bytes.len() < 5 * BLOCK + 12_345 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            match state >> 62 {
                0 => bytes.extend_from_slice(&state.to_le_bytes()),
                1 => bytes.extend_from_slice(&[0; 100]),
                _ => bytes
                    .extend_from_slice(format!("line {} of some text\n", state >> 50).as_bytes()),
            }
        }
        bytes
    }

    fn packed(input: &[u8], level: u32, threads: usize, chunk: usize) -> (Vec<u8>, Totals) {
        let mut deflater = Deflater::new(Vec::new(), level, threads).unwrap();
        for part in input.chunks(chunk) {
            deflater.write_all(part).unwrap();
        }
        deflater.finish().unwrap()
    }

    fn unpacked(raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(raw).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn the_bytes_depend_on_input_and_level_alone() {
        let input = sample();
        let (want, totals) = packed(&input, LEVEL, 1, input.len());
        for (threads, chunk) in [(1, 777), (2, BLOCK), (3, 65_536), (16, BLOCK + 1)] {
            assert!(packed(&input, LEVEL, threads, chunk) == (want.clone(), totals));
        }
        assert!(unpacked(&want) == input);
        assert_eq!(totals.read, input.len() as u64);
        assert_eq!(totals.written, want.len() as u64);
        let mut crc = Crc::new();
        crc.update(&input);
        assert_eq!(totals.crc32, crc.sum());
    }

    #[test]
    fn noise_is_stored_within_its_bound() {
        let mut state = 7u64;
        let next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        let noise: Vec<u8> = std::iter::repeat_with(next).take(2 * BLOCK).collect();
        for level in LEVELS {
            assert!(unpacked(&packed(&noise, level, 2, BLOCK).0) == noise);
        }
    }

    #[test]
    fn ends_of_blocks_and_of_input_can_meet() {
        let input = sample();
        for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK] {
            let (raw, totals) = packed(&input[..size], 1, 2, 100_000);
            assert!(unpacked(&raw) == input[..size], "{size}");
            assert_eq!(totals.read, size as u64);
        }
    }

    /// Another compressor behind `flate2`, by feature unification or by an update, changes these.
    #[test]
    fn the_compressor_is_the_pinned_one() {
        let golden = [
            (1, "ce4497780312567e08a7c0096c8ec2e21558ae3d914f8ec550b7fc0d0a7cc744"),
            (5, "5d05c085371e04da6b19d690904d07d6af6673f9f8c61902b9435a60f37fd4f0"),
            (6, "8a1baa43ac96119cdd3e29354cd29fb9cdbf85f262cb5c614c991442729402e8"),
            (9, "d9bf289136ed30ccd2e0a31b63b699cf8890c48fb694f4409503887cd816b281"),
        ];
        let input = sample();
        let found = golden.map(|(level, _)| {
            let raw = packed(&input, level, 2, BLOCK).0;
            (level, digest::of_bytes(&raw).sha256)
        });
        assert_eq!(found, golden.map(|(level, sum)| (level, sum.to_string())));
        let lock = include_str!("../../../../Cargo.lock");
        let entry = format!("name = \"{COMPRESSOR}\"\nversion = \"{VERSION}\"\n");
        assert!(lock.contains(&entry), "the lockfile has another {COMPRESSOR}");
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failing_output_is_an_error_and_no_thread_stays() {
        let input = sample();
        let error = deflate_blocks(&mut &input[..], &mut Full, 1, 2).unwrap_err();
        assert_eq!(error.to_string(), "disk full");
    }
}
