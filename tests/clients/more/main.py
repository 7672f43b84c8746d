"""Tries clients that the gate does not wait for: FastMCP, the TypeScript clients 1 and 2, and Claude Code.

Usage: main.py PATH_TO_FIML PRICES TOOLS

TOOLS is the folder in which `scripts/setup more-clients` puts them. Claude Code is given a home of its own,
logs in nowhere and only says whether it reaches the server.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from server import place, serving  # noqa: E402


def clients(tools):
    """The command of each client that takes a server as its last words."""
    packages = f"{tools}/more-clients"
    typescript = ["node", str(HERE / "typescript.mjs"), packages]
    return {
        "FastMCP": [f"{tools}/fastmcp/bin/python", str(HERE / "fastmcp_client.py")],
        "TypeScript 1": [*typescript, "1"],
        "TypeScript 2": [*typescript, "2"],
    }


def run(command, environment):
    home = environment["HOME"]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def claude(tools, fiml, url, environment):
    """Claude Code's own check of the servers it was told of."""
    command = ["node", f"{tools}/more-clients/node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs", "mcp"]
    quiet = {**environment, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    run([*command, "add", "--scope", "user", "fiml-stdio", "--", fiml, "serve"], quiet)
    run([*command, "add", "--scope", "user", "--transport", "http", "fiml-http", url], quiet)
    listed = run([*command, "list"], quiet)
    assert listed.count("Connected") == 2, listed


def main(fiml, prices, tools):
    fiml, prices, tools = map(os.path.abspath, (fiml, prices, tools))
    with tempfile.TemporaryDirectory() as folder:
        settings = place(folder, "more")
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "FIML_PRICES": prices, **settings}
        with serving(fiml, prices, settings, folder) as url:
            for name, command in clients(tools).items():
                run([*command, fiml, "serve"], environment)
                print(f"ok: {name} over stdio", flush=True)
                run([*command, url], environment)
                print(f"ok: {name} over HTTP", flush=True)
            claude(tools, fiml, url, environment)
            print("ok: Claude Code over stdio and HTTP")


main(*sys.argv[1:])
