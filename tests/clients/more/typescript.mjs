// A short sitting with the official TypeScript client, version 1 or 2, in each era that it knows.
//
// Usage: typescript.mjs FOLDER_OF_PACKAGES VERSION (ADDRESS | PROGRAM ARGUMENTS...)
//
// A program is started with the environment as it is.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [packages, version, ...target] = process.argv.slice(2);
const require = createRequire(`${packages}/`);

const first = version === "1";
const { Client } = require(first ? "@modelcontextprotocol/sdk/client/index.js" : "@modelcontextprotocol/client");
const { StreamableHTTPClientTransport } = require(
    first ? "@modelcontextprotocol/sdk/client/streamableHttp.js" : "@modelcontextprotocol/client",
);
const { StdioClientTransport } = require(
    first ? "@modelcontextprotocol/sdk/client/stdio.js" : "@modelcontextprotocol/client/stdio",
);
const eras = first ? [{}] : [{}, { versionNegotiation: { mode: "auto" } }, { versionNegotiation: { mode: { pin: "2026-07-28" } } }];

function transport() {
    const [program, ...args] = target;
    if (program.startsWith("http")) {
        return new StreamableHTTPClientTransport(new URL(program));
    }
    return new StdioClientTransport({ command: program, args, env: process.env });
}

async function sitting(options) {
    const client = new Client({ name: "fiml-tests", version: "1.0.0" }, options);
    await client.connect(transport());
    const call = (name, args) => client.callTool({ name, arguments: args });
    assert.equal((await client.listTools()).tools.length, 7);
    const created = await call("create-analysis-session", { assets: ["AAPL"], sessionType: "equity" });
    const sessionId = created.structuredContent.session_id;
    const quote = await call("search-by-symbol", { symbol: "AAPL", sessionId });
    assert.equal(quote.structuredContent.session.query_number, 1);
    const refused = await call("get-session-info", { sessionId: "nonsense" });
    assert.ok(refused.isError);
    assert.equal(JSON.parse(refused.content[0].text).code, "invalid_argument");
    await client.close();
}

for (const options of eras) {
    await sitting(options);
}
