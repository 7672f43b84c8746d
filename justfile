# The recipes of FIML sessions. `just verify` runs every check.

set shell := ["bash", "-euo", "pipefail", "-c"]

venv := justfile_directory() / ".venv"
tools := justfile_directory() / ".tools"
prices := justfile_directory() / "crates/fiml/data/stocks.csv"

# Python leaves nothing behind between the sources.
export PYTHONDONTWRITEBYTECODE := "1"

# Node and its programs as `just setup` puts them; recipes take nothing else from there.
export PATH := tools / "node/node_modules/node/bin" + ":" + tools / "clients/node_modules/.bin" + ":" + env("PATH")

# List the recipes
default:
    @just --list --unsorted

# Get what the tests need beyond Rust: Redis, PostgreSQL, Chromium, and what .venv and .tools hold
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
    cargo clippy -p fiml --features parquet -- -D warnings

# Run all tests: unit, contract, documentation, end to end
test:
    cargo build -p fiml
    cargo test --workspace

# Lint fiml with traces over OTLP, and test what a collector receives
otlp:
    cargo clippy -p fiml --features otlp --all-targets -- -D warnings
    cargo test --workspace --features fiml-tests/otlp --test otlp

# Build the documentation, warnings as errors
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Run the examples
examples:
    cargo run --quiet -p embedded
    cargo run --quiet -p custom_store
    cargo run --quiet -p session_demo
    cargo run --quiet -p scheduled_jobs
    cargo run --quiet -p axum_service
    just with-servers cargo run --quiet -p two_tier -- '$REDIS_URL' '$DATABASE_URL'

# Run a command with a Redis and a PostgreSQL of its own, which end with it: just with-servers fiml demo
with-servers +COMMAND:
    cargo run --quiet -p fiml-testkit --features servers --bin servers -- sh -c '{{COMMAND}}'

# Drive the server with the official Python client over stdio and HTTP, in both of its modes, on a file and on two servers
python-client: setup
    cargo build -p fiml
    {{venv}}/bin/python tests/clients/python_client.py target/debug/fiml
    just with-servers {{venv}}/bin/python tests/clients/python_client.py target/debug/fiml

# Call all tools with the Inspector over stdio and HTTP, in both eras, and hold their schemas to its strict rules
inspector: setup
    cargo build -p fiml
    {{venv}}/bin/python tests/clients/inspector.py target/debug/fiml {{prices}}

# Run the official MCP suite against its fixtures behind our layers, and against the server itself
conformance: setup
    cargo build -p fiml
    cargo build -p fiml-tests --bin conformance_fixtures
    {{venv}}/bin/python tests/clients/conformance.py target/debug/fiml target/debug/conformance_fixtures {{prices}}

# Call every tool with what fits its schema and with what does not: just fuzz 100000, just fuzz 2000 SEED
fuzz CASES="2000" SEED="": setup
    cargo build -p fiml
    {{venv}}/bin/python tests/clients/fuzz.py target/debug/fiml {{CASES}} {{SEED}}

# Compare an export's three forms value by value, and hold that its memory does not grow with the sessions
exports: setup
    cargo build -p fiml --features parquet
    cp target/debug/fiml target/debug/fiml-with-parquet
    cargo build -p fiml
    {{venv}}/bin/python tests/exports/formats.py target/debug/fiml-with-parquet target/debug/fiml
    {{venv}}/bin/python tests/exports/memory.py target/debug/fiml-with-parquet

# Render reports in headless Chromium: just report, just report FOLDER keeps the screenshots
report FOLDER="": setup
    cargo build -p fiml
    {{venv}}/bin/python tests/exports/report.py target/debug/fiml {{FOLDER}}

# Try every client we know: the gate's, FastMCP, the TypeScript clients and Claude Code
clients: python-client inspector conformance
    ./scripts/setup more-clients
    {{venv}}/bin/python tests/clients/more/main.py target/debug/fiml {{prices}} {{tools}}

# Measure against the bare limits and print ratios: just bench, just bench http, just bench tiers pages
bench *ARGS:
    cargo build --release -p fiml
    cargo bench -p fiml-tests --bench embedded --bench tiers --bench http -- {{ARGS}}

# Run every check
verify: setup lint doc test otlp examples exports report python-client inspector conformance fuzz
