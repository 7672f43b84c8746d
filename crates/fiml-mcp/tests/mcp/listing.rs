//! What the server says of its tools.

use std::path::Path;

use serde_json::{Value, json};

use crate::{client::Client, world::World};

async fn tools(client: &mut Client) -> Value {
    client.request("tools/list", json!({})).await["result"]["tools"].take()
}

#[tokio::test]
async fn the_tools_are_those_of_the_snapshot() {
    let mut client = Client::modern(&World::new().await).await;
    let tools = tools(&mut client).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools.json");
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for people, of tests alone"
    )]
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        let text = serde_json::to_string_pretty(&tools).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        tools, known,
        "the tools changed: review it, then run with UPDATE_SNAPSHOT=1"
    );
}

#[tokio::test]
async fn every_schema_is_valid_and_portable() {
    let mut client = Client::modern(&World::new().await).await;
    for tool in tools(&mut client).await.as_array().unwrap() {
        for name in ["inputSchema", "outputSchema"] {
            let schema = &tool[name];
            assert!(jsonschema::meta::is_valid(schema), "{schema}");
            assert_eq!(schema["type"], "object");
            assert_portable(schema);
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        let properties = tool["inputSchema"]["properties"].as_object().unwrap();
        for (argument, schema) in properties {
            assert!(schema["description"].is_string(), "{argument}");
            assert!(schema["type"].is_string(), "{argument}");
        }
    }
}

/// No list of types, no format, no reference: some clients know none of them.
fn assert_portable(schema: &Value) {
    match schema {
        Value::Object(fields) => {
            assert!(!fields.get("type").is_some_and(Value::is_array), "{schema}");
            assert!(!fields.contains_key("$ref"), "{schema}");
            fields.values().for_each(assert_portable);
        }
        Value::Array(items) => items.iter().for_each(assert_portable),
        _ => {}
    }
}

#[tokio::test]
async fn every_tool_says_what_it_does_to_the_world() {
    let mut client = Client::modern(&World::new().await).await;
    for tool in tools(&mut client).await.as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        let annotations = &tool["annotations"];
        assert!(annotations["title"].is_string(), "{name}");
        assert_eq!(annotations["destructiveHint"], false, "{name}");
        let adds = matches!(name, "create-analysis-session" | "extend-session");
        assert_eq!(annotations["readOnlyHint"], !adds, "{name}");
        assert_eq!(
            annotations["openWorldHint"],
            name.starts_with("search-"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_creation_tool_states_the_lives_of_the_policy_in_force() {
    let mut policy = fiml_session_core::Policy {
        default_ttl: std::time::Duration::from_hours(36),
        ..fiml_session_core::Policy::default()
    };
    policy.limits.max_ttl = std::time::Duration::from_hours(10 * 24);
    let mut client = Client::modern(&World::with(policy).await).await;
    let tools = tools(&mut client).await;
    let said = tools[0]["description"].as_str().unwrap();
    assert!(
        said.contains("36 hours") && said.contains("10 days"),
        "{said}"
    );
    assert!(said.contains("archive") && said.contains("until somebody deletes it"));
}

#[tokio::test]
async fn a_name_with_underscores_is_understood_and_not_listed() {
    let mut client = Client::modern(&World::new().await).await;
    let session = client.session().await;
    client
        .succeed("get_session_info", json!({"sessionId": session}))
        .await;
    let tools = tools(&mut client).await.to_string();
    assert!(!tools.contains(r#""name":"get_session_info""#));
}

#[tokio::test]
async fn the_list_may_be_kept_and_has_one_page() {
    let mut client = Client::modern(&World::new().await).await;
    let answer = client.request("tools/list", json!({})).await;
    let result = &answer["result"];
    assert_eq!(result["cacheScope"], "public");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(result["nextCursor"], Value::Null);
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "fiml"
    );
    let wrong = client.request("tools/list", json!({"cursor": "x"})).await;
    assert_eq!(wrong["error"]["code"], -32602);
}
