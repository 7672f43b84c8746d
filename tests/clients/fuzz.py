"""Calls every tool of `fiml serve --http` with arguments that fit its schema, and with ones that do not.

Usage: fuzz.py PATH_TO_FIML CASES [SEED]

What fits is answered by a result that fits the tool's output schema. What does not is answered by an
error, in a result or of the protocol; never by an internal error, and never by silence. A failure names
its seed and case: the same seed gives the same cases.
"""

import collections
import concurrent.futures
import http.client
import json
import pathlib
import random
import sys
import tempfile
import threading
import urllib.parse

from jsonschema import Draft202012Validator
from schema_values import arguments, spoiled
from server import place, serving

PRICES = "symbol,date,price,currency\nAAPL,2010-02-01,204.62,USD\nAAPL,2010-03-01,223.02,USD\nBTC-USD,2010-03-01,1.5,USD\n"
SYMBOLS = ("AAPL", "aapl", "BTC", "BTC-USD", "APPL")
INSTANTS = ("2025-01-01", "2025-06-30T12:00:00Z", "2026-02-28T23:59:59.5+05:30", "2100-01-01")
CURRENT, LEGACY = "2026-07-28", "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": CURRENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
# Errors that say that something of ours broke.
BROKEN = {"internal", "store_unavailable", "archive_unavailable", "outcome_unknown", "storage_full"}
# How long a server may keep silent, in seconds.
PATIENCE = 20
THREADS = 4


class Tool:
    """A tool as it is listed."""

    def __init__(self, listed):
        self.name = listed["name"]
        self.schema = listed["inputSchema"]
        self.input = Draft202012Validator(listed["inputSchema"])
        self.output = Draft202012Validator(listed["outputSchema"])

    def fits(self, given):
        """Whether the schema allows it; a null means as much as leaving an argument out."""
        known = self.schema["properties"]
        return self.input.is_valid({name: value for name, value in given.items() if value is not None or name not in known})


class Wire:
    """Plain HTTP to the server, one connection for each thread."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url)
        self.local = threading.local()

    def post(self, body, headers):
        """The status and the answer, which is JSON."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.address.netloc, timeout=PATIENCE)
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
        self.local.connection.request("POST", self.address.path, body, headers)
        answer = self.local.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def send(self, protocol, method, params):
        """The answer to a request as a client of this protocol writes it."""
        if protocol == CURRENT:
            params = {**params, "_meta": META}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.post(json.dumps(message), headers_of(protocol, method, params.get("name")))

    def call(self, protocol, tool, given):
        return self.send(protocol, "tools/call", {"name": tool, "arguments": given})


def headers_of(protocol, method, name):
    headers = {"MCP-Protocol-Version": protocol}
    if protocol == CURRENT:
        headers |= {"Mcp-Method": method, **({"Mcp-Name": name} if isinstance(name, str) else {})}
    return headers


def judge(tool, given, status, answer):
    """What came of a call that is one by its form; raises where it is not what was promised."""
    if "error" in answer:
        assert not tool.fits(given), "what fits the schema is answered by a result"
        return judge_mangled(status, answer)
    assert status == 200, status
    result = answer["result"]
    structured = result["structuredContent"]
    tool.output.validate(structured)
    assert json.loads(result["content"][0]["text"]) == structured, "both forms say the same"
    refused = result.get("isError", False)
    assert refused == (structured["status"] == "error")
    assert structured.get("code") not in BROKEN
    assert refused or tool.fits(given), "what does not fit the schema is refused"
    return structured["code"] if refused else "success"


def mangled(chance, tool, given):
    """A message that is no call, and the headers it comes with."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool.name, "arguments": given}}
    params = call["params"]
    text = json.dumps(call)
    body = chance.choice([
        lambda: text[: chance.randrange(1, len(text))],
        lambda: text.replace(":", ";", 1),
        lambda: text.replace('"id": 1', '"id": NaN'),
        # Beyond what a double holds.
        lambda: json.dumps({**call, "params": {**params, "arguments": {**given, "hours": 10**400}}}),
        lambda: json.dumps([call]),
        lambda: json.dumps(chance.choice([1, "text", None, [], {}])),
        lambda: json.dumps({**call, "jsonrpc": "1.0"}),
        lambda: json.dumps({**call, "method": chance.choice(["tools/cull", "", 7, None])}),
        lambda: json.dumps({**call, "params": chance.choice([[], "text", {}, None])}),
        lambda: json.dumps({**call, "params": {**params, "arguments": chance.choice([[], "text", 7])}}),
        lambda: json.dumps({**call, "params": {**params, "name": chance.choice(["no-such-tool", 7, None])}}),
        lambda: text.replace(tool.name, tool.name + "\\ud83d"),
        lambda: b"\xff\xfe" + text.encode(),
    ])()
    return body, headers_of(LEGACY, "tools/call", tool.name)


def judge_mangled(status, answer):
    assert 200 <= status < 500, status
    code = answer["error"]["code"]
    assert -32700 <= code <= -32600 and code != -32603, code
    return f"error {code}"


class Fuzz:
    """The cases of one seed."""

    def __init__(self, wire, seed):
        self.wire = wire
        self.seed = seed
        _, listed = wire.send(CURRENT, "tools/list", {})
        self.tools = [Tool(tool) for tool in listed["result"]["tools"]]
        made = [wire.call(CURRENT, "create-analysis-session", {"assets": ["AAPL"], "sessionType": "equity"}) for _ in range(20)]
        sessions = [answer["result"]["structuredContent"]["session_id"] for _, answer in made]
        self.known = {"sessionId": sessions, "symbol": SYMBOLS, "asset": SYMBOLS, "assets": SYMBOLS, "pair": ("USD", "EUR"), "from": INSTANTS, "until": INSTANTS}

    def case(self, number):
        """The tool of one case, and what came of it."""
        chance = random.Random(f"{self.seed}:{number}")
        tool = chance.choice(self.tools)
        given = arguments(chance, tool.schema, self.known)
        kind = chance.random()
        if kind < 0.4:
            given = spoiled(chance, tool.schema, given)
        try:
            if kind > 0.9:
                body, headers = mangled(chance, tool, given)
                given = body
                return tool.name, judge_mangled(*self.ask(self.wire.post, body, headers))
            protocol = chance.choice([CURRENT, LEGACY])
            return tool.name, judge(tool, given, *self.ask(self.wire.call, protocol, tool.name, given))
        except Exception as error:
            print(f"FAILED: seed {self.seed}, case {number}: {tool.name} with {given!r:.2000}")
            print(f"  answered: {getattr(self.wire.local, 'answer', None)!r:.2000}")
            print(f"  {error!r:.2000}")
            raise SystemExit(1) from error

    def ask(self, way, *words):
        self.wire.local.answer = None
        self.wire.local.answer = way(*words)
        return self.wire.local.answer


def main(fiml, cases, seed=None):
    seed = seed or str(random.SystemRandom().randrange(2**32))
    print(f"seed {seed}: {cases} cases", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        prices = pathlib.Path(folder) / "prices.csv"
        prices.write_text(PRICES)
        with serving(fiml, prices, place(folder, "fuzz"), folder) as url:
            fuzz = Fuzz(Wire(url), seed)
            with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
                outcomes = collections.Counter(threads.map(fuzz.case, range(int(cases))))
    for tool in fuzz.tools:
        came = {outcome: count for (name, outcome), count in outcomes.items() if name == tool.name}
        assert int(cases) < 500 or came.get("success"), f"{tool.name} never succeeded, so little was tried"
        print(f"{tool.name}: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(came.items())))
    print(f"ok: {cases} cases")


main(*sys.argv[1:])
