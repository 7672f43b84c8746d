//! Processes of the test's own that run jobs.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Instant,
};

use fiml_tests::place::Place;

use crate::PATIENCE;

/// What a worker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Which worker, by its process id.
    pub(crate) by: u32,
    /// `granted`, `ended`, `lost` or `stopped`.
    pub(crate) word: String,
    /// The tick, where it is about a run.
    pub(crate) tick: String,
    /// The attempt, or whether the end stood.
    pub(crate) more: String,
}

/// Several workers on one place, and all that they say in the order it was said.
#[derive(Debug)]
pub(crate) struct Workers {
    place: Place,
    lease_ms: u32,
    job: &'static str,
    alive: Vec<Child>,
    tell: Sender<Said>,
    said: Receiver<Said>,
    /// Everything that was heard.
    pub(crate) heard: Vec<Said>,
}

impl Workers {
    /// None as yet.
    pub(crate) fn on(place: &Place, lease_ms: u32, job: &'static str) -> Self {
        let (tell, said) = channel();
        Self {
            place: place.clone(),
            lease_ms,
            job,
            alive: Vec::new(),
            tell,
            said,
            heard: Vec::new(),
        }
    }

    /// Starts one more; its process id.
    pub(crate) fn start(&mut self, doom: &str) -> u32 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_job_worker"));
        command
            .arg(self.lease_ms.to_string())
            .args([self.job, doom])
            .arg(self.place.whereabouts().word())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (by, tell) = (child.id(), self.tell.clone());
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let mut words = line.split(' ').map(ToOwned::to_owned);
                let mut next = || words.next().unwrap_or_default();
                let said = Said {
                    by,
                    word: next(),
                    tick: next(),
                    more: next(),
                };
                if tell.send(said).is_err() {
                    return;
                }
            }
        });
        self.alive.push(child);
        by
    }

    /// Waits until one of them says something of this kind.
    pub(crate) fn hear(&mut self, what: &str, is_it: impl Fn(&Said) -> bool) -> Said {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let said = self.said.recv_timeout(left);
            let said = said.unwrap_or_else(|_| panic!("nobody said {what}: {:?}", self.heard));
            self.heard.push(said.clone());
            if is_it(&said) {
                return said;
            }
        }
    }

    /// Ends one with SIGKILL.
    pub(crate) fn kill(&mut self, pid: u32) {
        let place = self.alive.iter().position(|child| child.id() == pid);
        let mut child = self.alive.swap_remove(place.unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends one a signal, such as `STOP` or `CONT`.
    pub(crate) fn signal(&self, pid: u32, signal: &str) {
        assert!(self.alive.iter().any(|child| child.id() == pid));
        let mut kill = Command::new("kill");
        kill.args([format!("-{signal}"), pid.to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// Closes the stdin of each, and waits for their ends.
    pub(crate) fn close(mut self) -> Vec<Said> {
        for child in &mut self.alive {
            drop(child.stdin.take());
        }
        for child in &mut self.alive {
            assert!(child.wait().unwrap().success());
        }
        self.alive.clear();
        drop(std::mem::replace(&mut self.tell, channel().0));
        self.heard.extend(self.said.iter());
        std::mem::take(&mut self.heard)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Ended already unless the test fails.
        for child in &mut self.alive {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
