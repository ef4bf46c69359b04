//! The program as a process: what it has used, and what it answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};

/// The program.
pub(crate) fn svarstid() -> Command {
    Command::new(env!("CARGO_BIN_EXE_svarstid"))
}

/// CPU seconds of a process so far, all threads.
pub(crate) fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: f64 =
        fields[11].parse::<f64>().expect("utime") + fields[12].parse::<f64>().expect("stime");
    ticks / 100.0
}

/// Resident megabytes of a process.
pub(crate) fn resident_mb(pid: u32) -> f64 {
    memory_mb(pid, "VmRSS")
}

/// A line of a process's status, in megabytes.
pub(crate) fn memory_mb(pid: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with(what)).expect("the line");
    line.split_whitespace().nth(1).expect("kB").parse::<f64>().expect("a number") / 1e3
}

/// The address in the daemon's line "listening".
pub(crate) fn address(daemon: &mut Child) -> String {
    let mut lines = BufReader::new(daemon.stderr.take().expect("stderr is piped")).lines();
    let found = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("listening")?.1.split_once("address=")?.1.to_owned()))
        .expect("the daemon listens");
    std::thread::spawn(move || lines.for_each(drop));
    found.trim().to_owned()
}

/// What it answers, head and all; empty when it does not.
pub(crate) fn get(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    match stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)) {
        Ok(_) => answer,
        Err(_) => String::new(),
    }
}
