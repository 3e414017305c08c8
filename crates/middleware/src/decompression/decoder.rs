//! The three decoders behind one face: so much in, so much out, never more than there is room for.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use crate::compression::Coding;

/// A zstd window of at most 2^23 bytes, which RFC 9659 asks of every decoder.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A gzip body may have so many members, and one more for each KiB that is decoded: each member
/// has its own decoder, and an empty one takes 20 bytes.
const GZIP_MEMBERS: u64 = 1024;

/// The body is not what its coding says.
#[derive(Debug)]
pub(super) struct Broken;

/// How far a step came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) produced: usize,
}

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) enum Decoder {
    Gzip {
        raw: Decompress,
        ended: bool,
        members: u64,
        decoded: u64,
    },
    Brotli {
        state: Box<Brotli>,
        ended: bool,
    },
    Zstd {
        raw: ZstdDecoder<'static>,
        ended: bool,
    },
}

impl Decoder {
    pub(super) fn new(coding: Coding) -> std::io::Result<Self> {
        let ended = false;
        Ok(match coding {
            Coding::Gzip => Self::Gzip {
                raw: Decompress::new_gzip(15),
                ended,
                members: 1,
                decoded: 0,
            },
            Coding::Brotli => {
                let alloc = StandardAlloc::default();
                // Strict: without the windows of a gigabyte that are no part of RFC 7932.
                let state = BrotliState::new_strict(alloc, alloc, alloc);
                Self::Brotli {
                    state: Box::new(state),
                    ended,
                }
            }
            Coding::Zstd => {
                let mut raw = ZstdDecoder::new()?;
                raw.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))?;
                Self::Zstd { raw, ended }
            }
        })
    }

    /// Whether the body may end here.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Gzip { ended, .. } | Self::Brotli { ended, .. } | Self::Zstd { ended, .. } => {
                *ended
            }
        }
    }

    /// Decodes some of the input into the output. With no input: what is left from before.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Broken> {
        match self {
            Self::Gzip {
                raw,
                ended,
                members,
                decoded,
            } => {
                if *ended {
                    if input.is_empty() {
                        return Ok(Step::default());
                    }
                    *members += 1;
                    if *members > GZIP_MEMBERS + *decoded / 1024 {
                        return Err(Broken);
                    }
                    *raw = Decompress::new_gzip(15);
                    *ended = false;
                }
                let step = gzip(raw, ended, input, output)?;
                *decoded += step.produced as u64;
                Ok(step)
            }
            Self::Brotli { state, ended } => {
                if *ended {
                    let rest = input.is_empty().then(Step::default);
                    return rest.ok_or(Broken);
                }
                brotli(state, ended, input, output)
            }
            Self::Zstd { raw, ended } => {
                if *ended && input.is_empty() {
                    return Ok(Step::default());
                }
                zstd(raw, ended, input, output)
            }
        }
    }
}

fn gzip(
    raw: &mut Decompress,
    ended: &mut bool,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, Broken> {
    let (before_in, before_out) = (raw.total_in(), raw.total_out());
    let status = raw
        .decompress(input, output, FlushDecompress::None)
        .map_err(|_| Broken)?;
    *ended = status == Status::StreamEnd;
    let grown = |now: u64, before: u64| usize::try_from(now - before).map_err(|_| Broken);
    Ok(Step {
        consumed: grown(raw.total_in(), before_in)?,
        produced: grown(raw.total_out(), before_out)?,
    })
}

fn brotli(
    state: &mut Brotli,
    ended: &mut bool,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, Broken> {
    let (mut left_in, mut left_out) = (input.len(), output.len());
    let mut step = Step::default();
    let mut total = 0;
    let result = BrotliDecompressStream(
        &mut left_in,
        &mut step.consumed,
        input,
        &mut left_out,
        &mut step.produced,
        output,
        &mut total,
        state,
    );
    match result {
        BrotliResult::ResultFailure => return Err(Broken),
        BrotliResult::ResultSuccess => *ended = true,
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
    }
    Ok(step)
}

fn zstd(
    raw: &mut ZstdDecoder<'static>,
    ended: &mut bool,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, Broken> {
    let mut from = InBuffer::around(input);
    let mut to = OutBuffer::around(output);
    // Zero when a frame is complete and all of it was given out.
    let hint = raw.run(&mut from, &mut to).map_err(|_| Broken)?;
    *ended = hint == 0;
    Ok(Step {
        consumed: from.pos(),
        produced: to.pos(),
    })
}
