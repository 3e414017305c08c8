//! The three encoders behind one face. They write into memory and never hold more than a window.

use std::io::{self, Write};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression};
use http_body::Body as _;
use plumego_contract::Body;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::Coding;

/// Windows of at most 2^19 bytes: half a megabyte.
const MAX_WINDOW_LOG: u32 = 19;

/// Of a stream of unknown length: 2^16 bytes.
const STREAM_WINDOW_LOG: u32 = 16;

/// Of a stream of events, of which there may be thousands: 2^12 bytes.
const EVENTS_WINDOW_LOG: u32 = 12;

/// The smallest that all three can have.
const MIN_WINDOW_LOG: u32 = 10;

/// The buffer of a brotli encoder, beside its window.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// How much work goes into a response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// zstd 1, brotli 1, gzip 1: the least work.
    Fast,
    /// zstd 3, brotli 4, gzip 6: what answers that are made on the fly can afford.
    #[default]
    Balanced,
    /// zstd 15, brotli 9, gzip 9: for what is compressed once and sent often. Some 50 times the
    /// work of [`Level::Fast`].
    Dense,
}

impl Level {
    fn pick<T>(self, fast: T, balanced: T, dense: T) -> T {
        match self {
            Self::Fast => fast,
            Self::Balanced => balanced,
            Self::Dense => dense,
        }
    }
}

/// What is known of a body before it is sent: its encoder takes no more memory than it needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Bytes(u64),
    Unknown,
    Events,
}

impl Size {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.len() as u64)
    }

    pub(super) fn of_body(body: &Body) -> Self {
        body.size_hint().exact().map_or(Self::Unknown, Self::Bytes)
    }

    fn window_log(self) -> u32 {
        match self {
            Self::Bytes(bytes) => bytes
                .max(1)
                .next_power_of_two()
                .trailing_zeros()
                .clamp(MIN_WINDOW_LOG, MAX_WINDOW_LOG),
            Self::Unknown => STREAM_WINDOW_LOG,
            Self::Events => EVENTS_WINDOW_LOG,
        }
    }
}

/// These bytes in a coding, all at once. Takes a processor for as long as it needs: some 100 ms for
/// a MiB at [`Level::Dense`], so not in an async function.
///
/// # Errors
/// What the encoder says, which is about memory alone.
pub fn compress(bytes: &[u8], coding: Coding, level: Level) -> io::Result<Bytes> {
    let mut encoder = Encoder::new(coding, level, Size::of(bytes))?;
    encoder.write(bytes)?;
    encoder.finish()
}

pub(super) enum Encoder {
    /// Of the deflate stream with the frame of gzip around it.
    Gzip(ZlibEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(coding: Coding, level: Level, size: Size) -> io::Result<Self> {
        let out = Vec::new();
        let window_log = size.window_log();
        Ok(match coding {
            Coding::Gzip => {
                let level = level.pick(1, 6, 9);
                let window_bits = u8::try_from(window_log.min(15)).unwrap_or(15);
                let raw = Compress::new_gzip(Compression::new(level), window_bits);
                Self::Gzip(ZlibEncoder::new_with_compress(out, raw))
            }
            Coding::Brotli => {
                let level = level.pick(1, 4, 9);
                let encoder = CompressorWriter::new(out, BROTLI_BUFFER_BYTES, level, window_log);
                Self::Brotli(Box::new(encoder))
            }
            Coding::Zstd => {
                let mut encoder = ZstdEncoder::new(out, level.pick(1, 3, 15))?;
                encoder.window_log(window_log)?;
                Self::Zstd(encoder)
            }
        })
    }

    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.writer().write_all(data)
    }

    /// Brings out everything that was written, so that a decoder can read it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }

    /// How many bytes are ready.
    pub(super) fn ready(&mut self) -> usize {
        self.out().len()
    }

    /// Takes the bytes that are ready.
    pub(super) fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(self.out()))
    }

    /// The last bytes.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        let out = match self {
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Zstd(encoder) => encoder.finish()?,
        };
        Ok(Bytes::from(out))
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Gzip(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        }
    }

    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        }
    }
}
