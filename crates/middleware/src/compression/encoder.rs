//! The three encoders behind one face. They write into memory and never hold more than a window.

use std::io::{self, Write};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::Coding;

/// Windows of 2^19 bytes: half a megabyte.
const WINDOW_LOG: u32 = 19;

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
}

pub(super) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(coding: Coding, level: Level) -> io::Result<Self> {
        let out = Vec::new();
        let fast = level == Level::Fast;
        Ok(match coding {
            Coding::Gzip => {
                let level = if fast { 1 } else { 6 };
                Self::Gzip(GzEncoder::new(out, Compression::new(level)))
            }
            Coding::Brotli => {
                let level = if fast { 1 } else { 4 };
                let encoder = CompressorWriter::new(out, BROTLI_BUFFER_BYTES, level, WINDOW_LOG);
                Self::Brotli(Box::new(encoder))
            }
            Coding::Zstd => {
                let mut encoder = ZstdEncoder::new(out, if fast { 1 } else { 3 })?;
                encoder.window_log(WINDOW_LOG)?;
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
