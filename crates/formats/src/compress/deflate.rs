//! DEFLATE in independent blocks on all cores.
//!
//! The input is cut every [`BLOCK`] bytes. Each block is compressed on its own and ends on a byte
//! boundary, so the output depends only on the input and the level: not on the number of threads, the
//! sizes of writes or the platform. The result is one raw DEFLATE stream that any inflater reads.
//! Framing (gzip, zip) is not done here.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Bytes of input that are compressed on their own.
pub const BLOCK: usize = 1 << 20;

/// The library that compresses a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// zlib-rs: at one size, 0.7 of the time of miniz_oxide. Its output depends on how it is fed, so each
    /// block is given in one call; it does not depend on the instructions that the processor has.
    ZlibRs,
    /// miniz_oxide, which packed until version 0.1 of the manifest's first archives.
    Miniz,
}

/// The current engine and its default level: programs become 2.3 % larger than with zlib's level 6, in half
/// the time.
pub const CURRENT: (Engine, u32) = (Engine::ZlibRs, 6);

/// An engine with its buffers, at one level.
enum State {
    ZlibRs(Box<zlib_rs::Deflate>),
    Miniz(Compress),
}

/// zlib's `memLevel`: with 7, a Huffman table for every 8 Ki symbols, which suits programs better than
/// the usual 16 Ki.
const ZLIB_MEMORY: i32 = 7;

impl State {
    /// One of the levels 1 to 9.
    fn new(engine: Engine, level: u32) -> State {
        match engine {
            Engine::ZlibRs => {
                let config = zlib_rs::DeflateConfig {
                    level: level as i32,
                    // Raw DEFLATE with the largest window.
                    window_bits: -15,
                    mem_level: ZLIB_MEMORY,
                    ..zlib_rs::DeflateConfig::default()
                };
                State::ZlibRs(Box::new(zlib_rs::Deflate::new_with_config(config)))
            }
            Engine::Miniz => State::Miniz(Compress::new(Compression::new(level), false)),
        }
    }

    /// Compresses all of `input` into `output`, which has room for it; whether it did.
    fn block(&mut self, input: &[u8], output: &mut Vec<u8>, last: bool) -> io::Result<bool> {
        match self {
            State::ZlibRs(state) => {
                let (flush, want) = match last {
                    true => (zlib_rs::DeflateFlush::Finish, zlib_rs::Status::StreamEnd),
                    false => (zlib_rs::DeflateFlush::SyncFlush, zlib_rs::Status::Ok),
                };
                state.reset();
                output.resize(output.capacity(), 0);
                let status = state.compress(input, output, flush);
                let status = status.map_err(|e| io::Error::other(e.as_str()))?;
                output.truncate(state.total_out() as usize);
                Ok(status == want && state.total_in() == input.len() as u64)
            }
            State::Miniz(state) => {
                let (flush, want) = match last {
                    true => (FlushCompress::Finish, Status::StreamEnd),
                    false => (FlushCompress::Sync, Status::Ok),
                };
                state.reset();
                let status = state.compress_vec(input, output, flush)?;
                Ok(status == want && state.total_in() == input.len() as u64)
            }
        }
    }
}

/// What went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of input.
    pub read: u64,
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

/// Blocks that one worker may have waiting in addition to the one that it compresses.
const WAITING: usize = 1;

impl Pool {
    /// A pool of `threads`, at least one, that compresses at `level`, 1 to 9.
    pub(crate) fn new(engine: Engine, level: u32, threads: usize) -> io::Result<Pool> {
        let workers = (0..threads.max(1)).map(|_| start(engine, level));
        let workers = workers.collect::<io::Result<_>>()?;
        Ok(Pool { workers, given: 0, taken: 0, spare: Vec::new() })
    }

    /// Whether a block must be taken before another can be given.
    pub(crate) fn is_full(&self) -> bool {
        self.given - self.taken == self.workers.len() * (WAITING + 1)
    }

    /// Gives a block of input to a worker, and leaves an empty buffer in its place.
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
}

impl<W: Write> Deflater<W> {
    /// A compressor at `level`, 1 to 9, with `threads` workers, at least one.
    pub fn new(out: W, engine: Engine, level: u32, threads: usize) -> io::Result<Deflater<W>> {
        Ok(Deflater {
            out,
            pool: Pool::new(engine, level, threads)?,
            input: Vec::new(),
            crc: Crc::new(),
            read: 0,
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
        let Some(block) = self.pool.take()? else { return Ok(false) };
        self.out.write_all(&block.output)?;
        self.crc.combine(&block.crc);
        self.pool.recycle(block);
        Ok(true)
    }

    /// Writes the remaining blocks and the end of the stream.
    pub fn finish(mut self) -> io::Result<(W, Totals)> {
        self.give(true)?;
        while self.take()? {}
        let totals = Totals { read: self.read, crc32: self.crc.sum() };
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

impl Drop for Worker {
    fn drop(&mut self) {
        // Its remaining blocks are not read: it must not wait until they are taken.
        let (_, nowhere) = sync_channel(0);
        self.done = nowhere;
        self.todo = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("a compressing thread ended early")
}

fn start(engine: Engine, level: u32) -> io::Result<Worker> {
    let (todo, next) = sync_channel::<Block>(WAITING);
    let (finished, done) = sync_channel(WAITING + 1);
    let thread = std::thread::Builder::new().name("deflate".into()).spawn(move || {
        let mut state = State::new(engine, level);
        for mut block in next {
            let result = compress(&mut state, &mut block).map(|()| block);
            if finished.send(result).is_err() {
                return;
            }
        }
    })?;
    Ok(Worker { todo: Some(todo), done, thread: Some(thread) })
}

fn compress(state: &mut State, block: &mut Block) -> io::Result<()> {
    block.output.clear();
    // What cannot be compressed is stored, at five bytes for each 8 KiB or more; zlib-rs at level 1 writes
    // it in codes of 9 bits. One call gives all, so the bytes cannot depend on how full a buffer was.
    let bound = block.input.len() + block.input.len() / 7 + 1024;
    block.output.reserve(bound);
    let all = state.block(&block.input, &mut block.output, block.last)?;
    if !all || block.output.len() >= bound {
        return Err(io::Error::other("a block did not fit its compressed bound"));
    }
    block.crc.update(&block.input);
    Ok(())
}

/// As many workers as there are cores at hand.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Read;

    use super::*;
    use crate::digest;

    const ENGINES: [Engine; 2] = [Engine::ZlibRs, Engine::Miniz];

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

    fn packed(
        input: &[u8],
        (engine, level): (Engine, u32),
        threads: usize,
        chunk: usize,
    ) -> (Vec<u8>, Totals) {
        let mut deflater = Deflater::new(Vec::new(), engine, level, threads).unwrap();
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
        for with in ENGINES.map(|engine| (engine, 5)) {
            let (want, totals) = packed(&input, with, 1, input.len());
            for (threads, chunk) in [(1, 777), (2, BLOCK), (3, 65_536), (16, BLOCK + 1)] {
                assert!(packed(&input, with, threads, chunk) == (want.clone(), totals));
            }
            assert!(unpacked(&want) == input);
            assert_eq!(totals.read, input.len() as u64);
            let mut crc = Crc::new();
            crc.update(&input);
            assert_eq!(totals.crc32, crc.sum());
        }
    }

    #[test]
    fn noise_is_stored_within_its_bound() {
        let mut state = 7u64;
        let next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        let noise: Vec<u8> = std::iter::repeat_with(next).take(2 * BLOCK).collect();
        for (engine, level) in ENGINES.into_iter().flat_map(|e| (1..=9).map(move |l| (e, l))) {
            assert!(unpacked(&packed(&noise, (engine, level), 2, BLOCK).0) == noise);
        }
    }

    #[test]
    fn ends_of_blocks_and_of_input_can_meet() {
        let input = sample();
        for engine in ENGINES {
            for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK] {
                let (raw, totals) = packed(&input[..size], (engine, 1), 2, 100_000);
                assert!(unpacked(&raw) == input[..size], "{size}");
                assert_eq!(totals.read, size as u64);
            }
        }
    }

    /// A different version of an engine, or a different one behind `flate2`, changes these.
    #[test]
    fn each_engine_is_the_pinned_one() {
        let golden = [
            (Engine::ZlibRs, 1, "0ce45a07de9844c6e38f250804920181bafa4e54cca580cffd69188a3e41db76"),
            (Engine::ZlibRs, 5, "fe73ca195f2f27c92fb83e82d90808b99d657c1b4b4ef0839dc72292c7030452"),
            (Engine::ZlibRs, 6, "21feaca6ed50507a0222451dbe41e0e39144747f594e67671219ca0f7ca6b5a4"),
            (Engine::ZlibRs, 9, "91db9a6a8bbafd91950fa08cd98c71cd832cfd85c68aa314bcc934d42f887759"),
            (Engine::Miniz, 1, "ce4497780312567e08a7c0096c8ec2e21558ae3d914f8ec550b7fc0d0a7cc744"),
            (Engine::Miniz, 5, "5d05c085371e04da6b19d690904d07d6af6673f9f8c61902b9435a60f37fd4f0"),
            (Engine::Miniz, 6, "8a1baa43ac96119cdd3e29354cd29fb9cdbf85f262cb5c614c991442729402e8"),
            (Engine::Miniz, 9, "d9bf289136ed30ccd2e0a31b63b699cf8890c48fb694f4409503887cd816b281"),
        ];
        let input = sample();
        let found = golden.map(|(engine, level, _)| {
            let raw = packed(&input, (engine, level), 2, BLOCK).0;
            (engine, level, digest::of_bytes(&raw).sha256)
        });
        assert_eq!(found, golden.map(|(engine, level, sum)| (engine, level, sum.to_string())));
    }

    #[test]
    fn a_failing_output_is_an_error_and_no_thread_stays() {
        let input = sample();
        for engine in ENGINES {
            let mut full = [0; 9];
            let mut deflater = Deflater::new(&mut full[..], engine, 1, 2).unwrap();
            let error = deflater.write_all(&input).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        }
    }
}
