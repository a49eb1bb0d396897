//! Every system call that reads or writes a connection is seen. The server here is this process itself, on one
//! connection, so that it can choose its calls.

use std::{
    io::{IoSlice, IoSliceMut, Read as _, Seek as _, Write as _},
    net::{TcpListener, TcpStream},
    os::fd::{AsFd as _, AsRawFd as _},
};

use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, recv, recvmsg, send, sendmsg,
};

use crate::agent::Agent;

const REQUEST: &str = "POST /calls HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcdefghij";

type Call = fn(&TcpStream);

fn read_vector(stream: &TcpStream) {
    let (mut first, mut second, mut third) = ([0; 5], [0; 0], [0; 200]);
    let mut buffers = [&mut first[..], &mut second[..], &mut third[..]].map(IoSliceMut::new);
    assert_eq!({ stream }.read_vectored(&mut buffers).unwrap(), REQUEST.len());
}

fn read_message(stream: &TcpStream) {
    let (mut first, mut second) = ([0; 30], [0; 200]);
    let mut buffers = [&mut first[..], &mut second[..]].map(IoSliceMut::new);
    let got = recvmsg(stream, &mut buffers, &mut RecvAncillaryBuffer::default(), RecvFlags::empty());
    assert_eq!(got.unwrap().bytes, REQUEST.len());
}

fn receive_after_a_peek(stream: &TcpStream) {
    let mut buffer = [0; 200];
    assert_eq!(recv(stream, &mut buffer[..], RecvFlags::PEEK).unwrap().0, REQUEST.len());
    assert_eq!(recv(stream, &mut buffer[..20], RecvFlags::empty()).unwrap().0, 20);
    assert_eq!(recv(stream, &mut buffer[..], RecvFlags::empty()).unwrap().0, REQUEST.len() - 20);
}

fn read(stream: &TcpStream) {
    let mut buffer = [0; 200];
    assert_eq!(rustix::io::read(stream, &mut buffer[..]).unwrap(), REQUEST.len());
}

fn write(stream: &TcpStream) {
    assert_eq!(rustix::io::write(stream, ANSWER.as_bytes()).unwrap(), ANSWER.len());
}

fn write_vector(stream: &TcpStream) {
    let (head, body) = ANSWER.as_bytes().split_at(25);
    let buffers = [head, &[], body].map(IoSlice::new);
    assert_eq!({ stream }.write_vectored(&buffers).unwrap(), ANSWER.len());
}

fn send_message(stream: &TcpStream) {
    let (head, body) = ANSWER.as_bytes().split_at(40);
    let buffers = [head, body].map(IoSlice::new);
    let sent = sendmsg(stream, &buffers, &mut SendAncillaryBuffer::default(), SendFlags::empty());
    assert_eq!(sent.unwrap(), ANSWER.len());
}

fn send_all(stream: &TcpStream) {
    assert_eq!(send(stream, ANSWER.as_bytes(), SendFlags::empty()).unwrap(), ANSWER.len());
}

fn send_file(stream: &TcpStream) {
    let (head, body) = ANSWER.as_bytes().split_at(ANSWER.len() - 10);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(body).unwrap();
    file.rewind().unwrap();
    assert_eq!(rustix::io::write(stream, head).unwrap(), head.len());
    assert_eq!(rustix::fs::sendfile(stream, file.as_fd(), None, 10).unwrap(), 10);
}

#[test]
#[ignore = "needs root"]
fn all_ways_to_read_and_write() {
    let reads: [Call; 4] = [read, read_vector, read_message, receive_after_a_peek];
    let writes: [Call; 5] = [write, write_vector, send_message, send_all, send_file];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let agent = Agent::start(std::process::id());
    agent.attach();
    for read in reads {
        for write in writes {
            client.write_all(REQUEST.as_bytes()).unwrap();
            read(&server);
            write(&server);
            client.read_exact(&mut [0; ANSWER.len()]).unwrap();
        }
    }
    agent.detach();
    let stats = agent.stats();
    assert!(stats.filtered["peeked"] >= writes.len() as u64, "{stats:?}");
    let records = agent.records();
    assert_eq!(records.len(), reads.len() * writes.len(), "{stats:?}");
    for record in &records {
        assert_eq!((record.fd, record.status), (server.as_raw_fd(), 200));
        assert_eq!((record.method.as_str(), record.path.as_str()), ("POST", "/calls"));
        assert_eq!(
            (record.request_bytes, record.response_bytes),
            (REQUEST.len() as u64, ANSWER.len() as u64)
        );
    }
}
