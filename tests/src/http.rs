//! `GET`, for metrics pages and what Prometheus is asked, and `POST` of JSON.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The answer to `GET PATH`: status line and body.
pub fn get(server: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server).expect("the server's port");
    // HTTP/1.0, so that no body comes in chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n").expect("a request");
    answer(stream)
}

/// The answer to `POST PATH` with this JSON: status line and body.
pub fn post(server: SocketAddr, path: &str, json: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server).expect("the server's port");
    let length = json.len();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: {server}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
    )
    .expect("a request");
    answer(stream)
}

fn answer(mut stream: TcpStream) -> (String, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    (
        head.lines().next().unwrap_or_default().to_owned(),
        body.to_owned(),
    )
}
