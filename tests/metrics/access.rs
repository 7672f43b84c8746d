//! The page is for programs of this machine.

use fiml_tests::{place::Place, support::text};

use crate::page::Page;

#[test]
fn an_address_that_other_machines_reach_is_refused_by_name() {
    let place = Place::embedded();
    for command in [&["serve"][..], &["jobs", "work"]] {
        for address in [
            "0.0.0.0:9464",
            "[::]:9464",
            "192.0.2.1:9464",
            "localhost:9464",
            "9464",
        ] {
            let mut fiml = place.fiml();
            let refused = fiml
                .args(command)
                .args(["--metrics", address])
                .output()
                .unwrap();
            let said = text(&refused);
            assert_eq!(refused.status.code(), Some(2), "{said}");
            assert!(said.contains("--metrics or FIML_METRICS"), "{said}");
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
