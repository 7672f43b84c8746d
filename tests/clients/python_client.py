"""Drives all seven tools of `fiml serve` with the official Python client: over stdio and HTTP, in both eras.

Usage: python_client.py PATH_TO_FIML

Sessions are kept in a file, or in the servers of REDIS_URL and DATABASE_URL where both are set.
"""

import asyncio
import contextlib
import json
import pathlib
import sys
import tempfile

from mcp import Client, StdioServerParameters
from server import kept, place, serving

PRICES = "symbol,date,price,currency\nAAPL,2010-02-01,204.62,USD\nAAPL,2010-03-01,223.02,USD\nBTC-USD,2010-03-01,1.5,USD\n"
TOOLS = {
    "create-analysis-session",
    "get-session-info",
    "list-sessions",
    "extend-session",
    "get-session-analytics",
    "search-by-symbol",
    "search-by-coin",
}


async def succeed(client, tool, progress=None, **arguments):
    """Calls a tool, and checks that both forms of its answer say the same."""
    result = await client.call_tool(tool, arguments, progress_callback=progress)
    assert not result.is_error, (tool, result)
    assert json.loads(result.content[0].text) == result.structured_content, tool
    assert result.structured_content["status"] == "success", (tool, result)
    return result.structured_content


async def fail(client, tool, code, **arguments):
    """Calls a tool that must refuse with this code."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, (tool, result)
    error = json.loads(result.content[0].text)
    assert (error["status"], error["code"]) == ("error", code), (tool, error)
    assert error["message"] and error["hint"], (tool, error)


def over_stdio(fiml, prices, settings, _folder):
    """A server that the client starts itself."""
    return contextlib.nullcontext(StdioServerParameters(command=fiml, args=["serve", "--prices", str(prices)], env=settings))


async def drive(fiml, transport, mode, protocol):
    """One sitting of an analyst's agent."""
    with tempfile.TemporaryDirectory() as folder:
        prices = pathlib.Path(folder) / "prices.csv"
        prices.write_text(PRICES)
        settings = place(folder, f"{transport.__name__}_{mode}")
        with transport(fiml, prices, settings, folder) as server:
            await sitting(server, mode, protocol)
    wire = "HTTP" if transport is serving else "stdio"
    print(f"ok: all {len(TOOLS)} tools over {wire}, {kept()}, mode {mode}, protocol {protocol}", flush=True)


async def sitting(server, mode, protocol):
    """The calls of the sitting, and what they must answer."""
    async with Client(server, mode=mode, read_timeout_seconds=30) as client:
        assert client.protocol_version == protocol, client.protocol_version
        # A client that is pinned to the current protocol never asks who it talks to.
        assert client.server_info is None or client.server_info.name == "fiml", client.server_info
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == TOOLS
        assert all(tool.output_schema and tool.annotations for tool in listed)

        created = await succeed(
            client, "create-analysis-session", assets=["aapl", "BTC"], sessionType="equity", ttlHours=169, tags=["python"]
        )
        session = created["session_id"]
        assert created["assets"] == ["AAPL", "BTC"] and created["ttl_capped"] is True
        quote = await succeed(client, "search-by-symbol", symbol="AAPL", sessionId=session)
        assert quote["cached"]["price"] == 223.02 and quote["session"]["query_number"] == 1
        steps = []

        async def told(done, total, _next):
            steps.append((done, total))

        again = await succeed(client, "search-by-symbol", told, symbol="AAPL", sessionId=session)
        assert steps == [(0, 3), (1, 3), (2, 3)], steps
        assert again["cache"]["result"] == "hit" and again["session"]["query_number"] == 2
        coin = await succeed(client, "search-by-coin", symbol="BTC", pair="USD", sessionId=session)
        assert coin["cached"]["price"] == 1.5 and coin["session"]["tracked"] is True
        await fail(client, "search-by-symbol", "symbol_not_found", symbol="APPL", sessionId=session)

        info = await succeed(client, "get-session-info", sessionId=session)
        assert info["total_queries"] == 4 and info["cache_hit_rate"] == 0.25
        assert [query["seq"] for query in info["recent_queries"]] == [4, 3, 2, 1]
        extended = await succeed(client, "extend-session", sessionId=session, hours=1)
        assert extended["ttl_capped"] is True and extended["expires_at"] >= info["expires_at"]
        sessions = await succeed(client, "list-sessions", asset="BTC")
        assert sessions["total_sessions"] == 1 and sessions["sessions"][0]["session_id"] == session
        stats = await succeed(client, "get-session-analytics", days=1)
        assert (stats["total_sessions"], stats["total_queries"]) == (1, 4)

        await fail(client, "create-analysis-session", "invalid_argument", assets=[], sessionType="equity")
        await fail(client, "get-session-info", "invalid_argument", sessionId="nonsense")
        await fail(client, "get-session-info", "session_not_found", sessionId="01890a5d-ac96-774b-bcce-b302099a8057")


async def main():
    for transport in over_stdio, serving:
        await drive(sys.argv[1], transport, "legacy", "2025-11-25")
        await drive(sys.argv[1], transport, "auto", "2026-07-28")
        await drive(sys.argv[1], transport, "2026-07-28", "2026-07-28")


asyncio.run(main())
