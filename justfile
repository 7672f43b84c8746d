# The recipes of FIML sessions. `just verify` runs every check.

set shell := ["bash", "-euo", "pipefail", "-c"]

venv := justfile_directory() / ".venv"

# List the recipes
default:
    @just --list --unsorted

# Get what the tests need beyond Rust: Redis, PostgreSQL, and Python's official MCP client in .venv
setup:
    ./scripts/setup

# Run fiml, for example: just run sessions list
run *ARGS:
    cargo run --release -- {{ARGS}}

# Run the two workflows of the quick start on the embedded store
demo:
    cargo run --release -- demo

# Format the sources
fmt:
    cargo fmt --all

# Check format and lints, warnings as errors
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Run all tests: unit, contract, documentation, end to end
test:
    cargo build -p fiml
    cargo test --workspace

# Build the documentation, warnings as errors
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Run the examples
examples:
    cargo run --quiet -p embedded
    cargo run --quiet -p custom_store
    cargo run --quiet -p session_demo
    just with-servers cargo run --quiet -p two_tier -- '$REDIS_URL' '$DATABASE_URL'

# Run a command with a Redis and a PostgreSQL of its own, which end with it: just with-servers fiml demo
with-servers +COMMAND:
    cargo run --quiet -p fiml-testkit --features servers --bin servers -- sh -c '{{COMMAND}}'

# Drive the server with the official Python client, in both of its modes, on a file and on two servers
clients: setup
    cargo build -p fiml
    {{venv}}/bin/python tests/clients/python_client.py target/debug/fiml
    just with-servers {{venv}}/bin/python tests/clients/python_client.py target/debug/fiml

# Measure against the bare limits and print ratios: just bench, just bench tiers, just bench tiers pages
bench *ARGS:
    cargo build --release -p fiml
    cargo bench -p fiml-tests --bench embedded --bench tiers -- {{ARGS}}

# Run every check
verify: lint doc test examples clients
