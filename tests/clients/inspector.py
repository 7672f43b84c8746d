"""Calls all seven tools with the Inspector's command line: over stdio and HTTP, in both eras.

Usage: inspector.py PATH_TO_FIML PRICES

The list of tools is held to the Inspector's strict rules on schemas, which are those of most clients' models.
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

from server import place, serving

ERAS = ("legacy", "modern")
# What the Inspector ends with where a tool refuses.
REFUSED = 5


class Inspector:
    """One server as the Inspector reaches it, in one era."""

    def __init__(self, target, era, home):
        self.environment = {**os.environ, "HOME": home}
        self.command = ["mcp-inspector", "--cli", *target, "--protocol-era", era, "-q", "--format", "json"]

    def run(self, method, *options, expected=0):
        """What it prints, where it ends as it should."""
        command = [*self.command, "--method", method, *options]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == expected, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def call(self, tool, expected=0, **arguments):
        """The structured result of a tool."""
        options = ["--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
        result = json.loads(self.run("tools/call", *options, expected=expected))["result"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"], result
        return result["structuredContent"]


def sitting(inspector):
    """One sitting of an analyst's agent."""
    listed = json.loads(inspector.run("tools/list", "--strict"))["result"]["tools"]
    assert len(listed) == 7, listed
    created = inspector.call("create-analysis-session", assets=["AAPL"], sessionType="equity", ttlHours=1.5, tags=["inspector"])
    session = created["session_id"]
    quote = inspector.call("search-by-symbol", symbol="AAPL", sessionId=session)
    assert quote["session"] == {"id": session, "tracked": True, "query_number": 1}, quote
    coin = inspector.call("search-by-coin", expected=REFUSED, symbol="BTC", sessionId=session)
    assert coin["code"] == "symbol_not_found", coin
    info = inspector.call("get-session-info", sessionId=session)
    assert info["total_queries"] == 2, info
    extended = inspector.call("extend-session", sessionId=session, hours=2)
    assert extended["expires_at"] > info["expires_at"], extended
    sessions = inspector.call("list-sessions", asset="AAPL", limit=200)["sessions"]
    assert session in [listed["session_id"] for listed in sessions], sessions
    stats = inspector.call("get-session-analytics", days=1)
    assert stats["total_queries"] >= 2, stats


def over_stdio(fiml, prices, era):
    """A server for every call, all on one file."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**place(folder, f"inspector_{era}"), "FIML_PRICES": prices}
        options = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
        sitting(Inspector([*options, fiml, "serve"], era, folder))
    return f"ok: the Inspector over stdio, {era}"


def over_http(fiml, prices, era):
    """One server for all calls."""
    with tempfile.TemporaryDirectory() as folder:
        settings = place(folder, f"inspector_http_{era}")
        with serving(fiml, prices, settings, folder) as url:
            sitting(Inspector([url, "--transport", "http"], era, folder))
    return f"ok: the Inspector over HTTP, {era}"


def main(fiml, prices):
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        running = [threads.submit(way, fiml, prices, era) for way in (over_stdio, over_http) for era in ERAS]
        for done in running:
            print(done.result(), flush=True)


main(*sys.argv[1:])
