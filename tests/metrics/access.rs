//! The page is for programs of this machine.

use fiml_tests::{
    place::Place,
    support::{Client, text},
};

use crate::page::Page;

#[test]
fn an_address_that_other_machines_reach_is_refused_by_name() {
    let place = Place::embedded();
    for command in [&["serve"][..], &["jobs", "work"]] {
        for address in [
            "0.0.0.0:9464",
            "[::]:9464",
            "192.0.2.1:9464",
            "localhost",
            "example.com:9464",
        ] {
            let mut fiml = place.fiml();
            let refused = fiml
                .args(command)
                .args(["--metrics", address])
                .output()
                .unwrap();
            let said = text(&refused);
            assert_eq!(refused.status.code(), Some(2), "{said}");
            assert!(
                said.contains("--metrics: an address of this machine"),
                "{said}"
            );
            assert!(
                said.contains(address) && said.contains("127.0.0.1"),
                "{said}"
            );
        }
    }
    assert!(!place.data().exists(), "nothing was opened");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let place = Place::embedded();
    let (page, client) = Page::of_client(place.fiml(), &place, &[]);
    let address = page.address();
    let refused = place
        .fiml()
        .args(["serve", "--metrics", &address])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains(&address), "{}", text(&refused));
    client.close();
}

#[test]
fn of_processes_that_share_a_setting_the_first_serves_the_page_and_all_do_their_work() {
    let place = Place::embedded();
    let (page, first) = Page::of_client(place.fiml(), &place, &[]);
    let address = page.address();
    let settings = place.folder().join("settings");
    std::fs::write(&settings, format!("FIML_METRICS={address}\n")).unwrap();
    for through_file in [true, false] {
        let log = place.folder().join("second");
        let mut second = place.fiml();
        second.stderr(std::fs::File::create(&log).unwrap());
        if through_file {
            second.arg("--env-file").arg(&settings);
        } else {
            second.env("FIML_METRICS", &address);
        }
        // It opens, so it serves.
        Client::start(second, &[]).close();
        let said = std::fs::read_to_string(&log).unwrap();
        let warns = said.contains("WARN") && said.contains("--metrics");
        assert!(warns && said.contains(&address), "{said}");
    }
    let served = page.ask("/metrics", "Host: localhost\r\n");
    assert!(served.starts_with("HTTP/1.1 200"), "{served:.200}");
    first.close();
}

#[test]
fn a_page_or_a_name_of_elsewhere_is_turned_away() {
    let place = Place::embedded();
    let (page, client) = Page::of_client(place.fiml(), &place, &[]);
    for (headers, status) in [
        ("Host: localhost\r\n", 200),
        ("Host: [::1]:9464\r\nOrigin: http://127.0.0.1:3000\r\n", 200),
        ("Host: evil.com\r\n", 403),
        ("Host: localhost\r\nOrigin: http://evil.com\r\n", 403),
        ("Host: localhost\r\nHost: localhost\r\n", 403),
    ] {
        let answer = page.ask("/metrics", headers);
        let begins = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&begins), "{headers}: {answer:.200}");
    }
    assert!(
        page.ask("/mcp", "Host: localhost\r\n")
            .starts_with("HTTP/1.1 404")
    );
    client.close();
}
