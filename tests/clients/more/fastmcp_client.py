"""A short sitting with FastMCP's client, in each of its modes.

Usage: fastmcp_client.py ADDRESS | PROGRAM ARGUMENTS...

A program is started with the environment as it is.
"""

import asyncio
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


def target(words):
    if words[0].startswith("http"):
        return words[0]
    return StdioTransport(command=words[0], args=words[1:], env=dict(os.environ), keep_alive=False)


async def sitting(words, mode):
    async with Client(target(words), mode=mode, timeout=30) as client:
        assert len(await client.list_tools()) == 7
        created = await client.call_tool("create-analysis-session", {"assets": ["AAPL"], "sessionType": "equity"})
        session = created.structured_content["session_id"]
        quote = await client.call_tool("search-by-symbol", {"symbol": "AAPL", "sessionId": session})
        assert quote.structured_content["session"]["query_number"] == 1, quote
        refused = await client.call_tool("get-session-info", {"sessionId": "nonsense"}, raise_on_error=False)
        assert refused.is_error and "invalid_argument" in refused.content[0].text, refused


async def main():
    for mode in "legacy", "auto", "2026-07-28":
        await sitting(sys.argv[1:], mode)


asyncio.run(main())
