//! The calls that read and write a connection, in each manner.

use std::{
    io::{IoSlice, IoSliceMut, Seek as _, Write as _},
    net::TcpStream,
    os::fd::{AsFd as _, AsRawFd as _},
};

use rustix::{
    io::{ReadWriteFlags, dup, preadv2, pwritev2},
    net::{
        MMsgHdr, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, recv, recvmsg, send,
        sendmmsg, sendmsg,
    },
    pipe::{SpliceFlags, pipe, splice},
};

use super::{Reads, Writes};

/// A socket has no offset.
const NO_OFFSET: u64 = u64::MAX;

/// Reads once. 0 at the end, also where the client has reset the connection.
pub(super) fn read(stream: &TcpStream, reads: Reads, buffer: &mut [u8]) -> usize {
    let middle = buffer.len() / 2;
    let whole = &mut *buffer;
    let got = match reads {
        Reads::Read => rustix::io::read(stream, whole),
        Reads::Recv => recv(stream, whole, RecvFlags::empty()).map(|(_, bytes)| bytes),
        Reads::Readv => rustix::io::readv(stream, &mut halves(whole, middle)),
        Reads::Recvmsg => {
            let mut control = RecvAncillaryBuffer::default();
            recvmsg(stream, &mut halves(whole, middle), &mut control, RecvFlags::empty()).map(|got| got.bytes)
        }
        Reads::Positional => preadv2(stream, &mut halves(whole, middle), NO_OFFSET, ReadWriteFlags::empty()),
    };
    got.unwrap_or(0)
}

fn halves(buffer: &mut [u8], middle: usize) -> [IoSliceMut<'_>; 2] {
    let (first, second) = buffer.split_at_mut(middle);
    [first, second].map(IoSliceMut::new)
}

/// Writes all, in as few calls as it takes. A client that has gone is no matter.
pub(super) fn write(stream: &TcpStream, writes: Writes, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (first, second) = bytes.split_at(bytes.len() / 3);
        let buffers = [first, &[], second].map(IoSlice::new);
        let sent = match writes {
            Writes::Write => rustix::io::write(stream, bytes),
            Writes::Send => send(stream, bytes, SendFlags::NOSIGNAL),
            Writes::Writev => rustix::io::writev(stream, &buffers),
            Writes::Sendmsg => {
                sendmsg(stream, &buffers, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
            }
        };
        let Ok(sent) = sent else { return };
        bytes = &bytes[sent..];
    }
}

pub(super) fn send_file(stream: &TcpStream, bytes: &[u8]) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    assert_eq!(rustix::fs::sendfile(stream, file.as_fd(), None, bytes.len()).unwrap(), bytes.len());
}

/// Through a pipe, as a proxy does it.
pub(super) fn splice_to(stream: &TcpStream, bytes: &[u8]) {
    let (reader, writer) = pipe().unwrap();
    assert_eq!(rustix::io::write(&writer, bytes).unwrap(), bytes.len());
    let moved = splice(&reader, None, stream, None, bytes.len(), SpliceFlags::empty());
    assert_eq!(moved.unwrap(), bytes.len());
}

pub(super) fn positional_write(stream: &TcpStream, bytes: &[u8]) {
    let sent = pwritev2(stream, &[IoSlice::new(bytes)], NO_OFFSET, ReadWriteFlags::empty());
    assert_eq!(sent.unwrap(), bytes.len());
}

pub(super) fn messages(stream: &TcpStream, bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let (first, second) = ([IoSlice::new(first)], [IoSlice::new(second)]);
    let (mut control, mut more) = (SendAncillaryBuffer::default(), SendAncillaryBuffer::default());
    let mut headers = [MMsgHdr::new(&first, &mut control), MMsgHdr::new(&second, &mut more)];
    assert_eq!(sendmmsg(stream, &mut headers, SendFlags::empty()).unwrap(), 2);
}

pub(super) fn write_duplicate(stream: &TcpStream, bytes: &[u8]) {
    let duplicate = dup(stream).unwrap();
    assert_ne!(duplicate.as_raw_fd(), stream.as_raw_fd());
    assert_eq!(rustix::io::write(&duplicate, bytes).unwrap(), bytes.len());
}
