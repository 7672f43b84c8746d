//! The servers of our own tests: they lose nothing, keep apart and leave nothing behind.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use fiml_testkit::servers::{PostgresServer, RedisCluster, RedisServer, shared_redis, unique};

#[test]
fn a_killed_redis_comes_back_with_its_data() {
    let server = RedisServer::start_with(&[("appendfsync", "always")]);
    assert_eq!(server.command(&["SET", "color", "green"]), "OK");
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.restart();
    assert_eq!(server.command(&["GET", "color"]), "green");
}

#[test]
fn a_killed_redis_without_a_file_comes_back_empty() {
    let server = RedisServer::start_with(&[("appendonly", "no")]);
    assert_eq!(server.command(&["SET", "color", "green"]), "OK");
    server.restart();
    assert_eq!(server.command(&["EXISTS", "color"]), "0");
}

#[test]
fn settings_reach_the_server_and_a_password_its_address() {
    let server = RedisServer::start_with(&[("maxmemory", "10mb"), ("requirepass", "secret")]);
    let limit = server.command(&["CONFIG", "GET", "maxmemory"]);
    assert_eq!(limit, "maxmemory\n10485760");
    assert_eq!(
        server.url(),
        format!("redis://:secret@127.0.0.1:{}", server.port())
    );
    server.restart();
    assert_eq!(server.command(&["PING"]), "PONG");
}

#[test]
fn a_paused_redis_answers_once_it_goes_on() {
    let server = RedisServer::start();
    server.pause();
    thread::scope(|scope| {
        let answer = scope.spawn(|| server.command(&["PING"]));
        assert!(TcpStream::connect(("127.0.0.1", server.port())).is_ok());
        assert!(!answer.is_finished());
        server.resume();
        assert_eq!(answer.join().unwrap(), "PONG");
    });
}

#[test]
#[should_panic(expected = "Bad directive or wrong number of arguments")]
fn a_setting_that_redis_does_not_know_fails_with_what_redis_says() {
    let _server = RedisServer::start_with(&[("no-such-setting", "1")]);
}

#[test]
#[should_panic(expected = "20 ports in a row taken")]
fn a_port_that_is_taken_is_left_for_another_and_not_for_ever() {
    let taken = shared_redis().port().to_string();
    let _server = RedisServer::start_with(&[("port", &taken)]);
}

#[test]
fn a_killed_node_of_a_cluster_comes_back_with_its_slots_and_data() {
    let cluster = RedisCluster::start_with(&[("appendfsync", "always")]);
    assert_eq!(cluster.urls().len(), 3);
    // The slot of "foo" is 12182, so the last node's.
    assert_eq!(cluster.node(2).command(&["SET", "foo", "1"]), "OK");
    assert!(
        cluster
            .node(0)
            .command(&["GET", "foo"])
            .starts_with("-MOVED 12182 ")
    );
    cluster.kill(2);
    cluster.restart(2);
    assert_eq!(cluster.node(2).command(&["GET", "foo"]), "1");
}

#[test]
fn a_killed_postgres_comes_back_with_what_was_committed() {
    let server = PostgresServer::start();
    assert_eq!(server.execute("SHOW fsync"), "on");
    server.execute("CREATE TABLE color AS SELECT 'green' AS name");
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.restart();
    assert_eq!(server.execute("SELECT name FROM color"), "green");
    let shade = server.create_database("shade");
    assert_eq!(shade, server.url_of("shade"));
}

#[test]
fn a_paused_postgres_answers_once_it_goes_on() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    server.pause();
    thread::scope(|scope| {
        let answer = scope.spawn(|| server.execute("SELECT 1"));
        assert!(TcpStream::connect(("127.0.0.1", server.port())).is_ok());
        assert!(!answer.is_finished());
        server.resume();
        assert_eq!(answer.join().unwrap(), "1");
    });
}

#[test]
fn a_postgres_killed_at_work_takes_its_connections_with_it() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    server.execute("CREATE TABLE begun ()");
    thread::scope(|scope| {
        let at_work = scope.spawn(|| {
            let statement = "BEGIN; DROP TABLE begun; SELECT pg_sleep(600)";
            std::panic::catch_unwind(|| server.execute(statement))
        });
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        wait_until("nobody sleeps", || server.execute(sleeping) == "1");
        server.restart();
        assert!(at_work.join().unwrap().is_err());
        let tables = "SELECT count(*) FROM pg_class WHERE relname = 'begun'";
        assert_eq!(server.execute(tables), "1");
        assert_eq!(server.execute(sleeping), "0");
    });
}

#[test]
fn killing_twice_or_before_a_restart_changes_nothing() {
    let server = RedisServer::start();
    server.kill();
    server.kill();
    server.restart();
    assert_eq!(server.command(&["PING"]), "PONG");
}

#[test]
fn the_shared_server_is_one_and_names_in_it_are_unique() {
    assert_eq!(shared_redis().port(), shared_redis().port());
    assert_ne!(unique("schema"), unique("schema"));
    assert!(unique("schema").starts_with("schema_"));
}

/// Waits for what another process does.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what} after a minute");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The servers of another process are up, then that process ends: nothing answers and no folder is left.
fn the_servers_are_gone_after(end: impl FnOnce(&mut Child, &[u16])) {
    let folder = std::env::temp_dir().join(unique("fiml_gone"));
    fs::create_dir(&folder).unwrap();
    // PostgreSQL may have to run as another account.
    fs::set_permissions(&folder, Permissions::from_mode(0o1777)).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_servers"))
        .env("TMPDIR", &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ports: Vec<u16> = lines
        .take(5)
        .map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("127.0.0.1:").unwrap();
            port.split('/').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(ports.len(), 5);
    let open = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
    assert!(ports.iter().all(open));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 5);
    end(&mut process, &ports);
    process.wait().unwrap();
    wait_until("a server is still up", || !ports.iter().any(open));
    wait_until("a folder is still there", || {
        fs::remove_dir(&folder).is_ok()
    });
}

#[test]
fn the_servers_are_gone_after_their_process_was_killed() {
    the_servers_are_gone_after(|process, _ports| process.kill().unwrap());
}

#[test]
fn the_servers_are_gone_after_their_process_ended_by_itself() {
    the_servers_are_gone_after(|process, _ports| drop(process.stdin.take()));
}

#[test]
fn a_server_that_is_paused_when_its_process_is_killed_is_gone_too() {
    the_servers_are_gone_after(|process, ports| {
        let mut redis = TcpStream::connect(("127.0.0.1", ports[0])).unwrap();
        redis.write_all(b"INFO server\r\n").unwrap();
        let mut lines = BufReader::new(redis).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("process_id:")).unwrap();
        let pause = Command::new("kill")
            .args(["-STOP", line.trim_start_matches("process_id:")])
            .status();
        assert!(pause.unwrap().success());
        process.kill().unwrap();
    });
}
