//! The bytes of a file, read while they are sent.

use std::io::{Error as IoError, ErrorKind, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::BoxError;
use crate::respond::stream::{Chunks, Sender};

const CHUNK_BYTES: usize = 64 * 1024;

/// A part of a file as a body that knows its length.
pub(super) struct Reader {
    chunks: Chunks,
    left: u64,
}

impl Reader {
    pub(super) fn new(file: tokio::fs::File, start: u64, length: u64) -> Self {
        Self {
            chunks: Chunks::new(1, move |sender| read(file, start, length, sender)),
            left: length,
        }
    }
}

impl HttpBody for Reader {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.chunks).poll_next(cx).map(|chunk| {
            chunk.map(|chunk| {
                let chunk = chunk?;
                self.left = self.left.saturating_sub(chunk.len() as u64);
                Ok(Frame::data(chunk))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

async fn read(
    mut file: tokio::fs::File,
    start: u64,
    length: u64,
    sender: Sender,
) -> Result<(), BoxError> {
    file.set_max_buf_size(CHUNK_BYTES);
    if start > 0 {
        file.seek(SeekFrom::Start(start)).await?;
    }
    let mut rest = file.take(length);
    while rest.limit() > 0 {
        let next = usize::try_from(rest.limit()).unwrap_or(usize::MAX);
        let mut chunk = BytesMut::with_capacity(next.min(CHUNK_BYTES));
        if rest.read_buf(&mut chunk).await? == 0 {
            let shrunk = "the file shrank while it was sent";
            return Err(IoError::new(ErrorKind::UnexpectedEof, shrunk).into());
        }
        sender.send(chunk.freeze()).await?;
    }
    Ok(())
}
