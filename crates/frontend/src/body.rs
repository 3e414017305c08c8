//! Parts of a file as a body, read while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::BoxError;
use tokio::task::JoinHandle;

use crate::source::Written;

/// So much is read at once, on a thread that may block. One chunk of a client is in memory at a
/// time, beside what the server holds.
pub(crate) const CHUNK_BYTES: u64 = 128 * 1024;

/// A part of a body.
#[derive(Debug)]
pub(crate) enum Piece {
    Memory(Bytes),
    /// Bytes of the file.
    File(Range<u64>),
}

/// Pieces, one after the other. Its length is known; a file that changes meanwhile ends it
/// with an error.
#[derive(Debug)]
pub(crate) struct Pieces {
    waiting: VecDeque<Piece>,
    /// `None` while it is read, and when nothing is to be read.
    file: Option<Source>,
    reading: Option<JoinHandle<io::Result<(Source, Bytes)>>>,
    left: u64,
}

/// A file that must stay as it was written.
#[derive(Debug)]
struct Source {
    file: File,
    written: Written,
}

impl Piece {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(range) => range.end - range.start,
        }
    }
}

impl Pieces {
    /// Pieces in memory.
    pub(crate) fn in_memory(pieces: Vec<Piece>) -> Self {
        Self::new(None, pieces)
    }

    /// Pieces of a file that was written so, the first chunk read at once. Blocks.
    pub(crate) fn begin(file: File, written: Written, mut pieces: Vec<Piece>) -> io::Result<Self> {
        let mut source = Source { file, written };
        let first = pieces
            .iter()
            .position(|piece| matches!(piece, Piece::File(_)));
        if let Some(place) = first
            && let Some(Piece::File(range)) = pieces.get_mut(place)
        {
            let bytes = source.read(&next_chunk(range))?;
            let is_done = range.is_empty();
            if is_done {
                pieces.remove(place);
            }
            pieces.insert(place, Piece::Memory(bytes));
        }
        let is_over = !pieces.iter().any(|piece| matches!(piece, Piece::File(_)));
        Ok(Self::new((!is_over).then_some(source), pieces))
    }

    /// The whole, when there is nothing but one piece in memory.
    pub(crate) fn into_bytes(mut self) -> Result<Bytes, Self> {
        match self.waiting.pop_front() {
            Some(Piece::Memory(bytes)) if self.waiting.is_empty() => Ok(bytes),
            Some(piece) => {
                self.waiting.push_front(piece);
                Err(self)
            }
            None => Ok(Bytes::new()),
        }
    }

    fn new(file: Option<Source>, pieces: Vec<Piece>) -> Self {
        Self {
            left: pieces.iter().map(Piece::length).sum(),
            waiting: pieces.into(),
            file,
            reading: None,
        }
    }

    fn emit(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    /// Nothing follows an error.
    fn fail(&mut self, error: BoxError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.waiting.clear();
        self.file = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            if let Some(reading) = &mut this.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                this.reading = None;
                return match read {
                    Ok(Ok((file, bytes))) => {
                        this.file = Some(file);
                        this.emit(bytes)
                    }
                    Ok(Err(error)) => this.fail(error.into()),
                    Err(error) => this.fail(error.into()),
                };
            }
            let chunk = match this.waiting.front_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Memory(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    this.waiting.pop_front();
                    return this.emit(bytes);
                }
                Some(Piece::File(range)) => next_chunk(range),
            };
            if chunk.is_empty() {
                this.waiting.pop_front();
                continue;
            }
            let Some(mut file) = this.file.take() else {
                return this.fail("the file is not open".into());
            };
            this.reading = Some(tokio::task::spawn_blocking(move || {
                let bytes = file.read(&chunk)?;
                Ok((file, bytes))
            }));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.reading.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Takes the next chunk off a range.
fn next_chunk(range: &mut Range<u64>) -> Range<u64> {
    let end = range.end.min(range.start.saturating_add(CHUNK_BYTES));
    let chunk = range.start..end;
    range.start = end;
    chunk
}

impl Source {
    fn read(&mut self, chunk: &Range<u64>) -> io::Result<Bytes> {
        let length = chunk.end - chunk.start;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        self.file.seek(SeekFrom::Start(chunk.start))?;
        (&mut self.file).take(length).read_to_end(&mut bytes)?;
        // Parts of two files are not what the tag stands for.
        if (bytes.len() as u64) < length || Written::of(&self.file.metadata()?) != self.written {
            let changed = "the file changed while it was sent";
            return Err(io::Error::new(ErrorKind::UnexpectedEof, changed));
        }
        Ok(Bytes::from(bytes))
    }
}
