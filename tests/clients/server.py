"""Places for `fiml serve`, and the server over HTTP for as long as it is wanted."""

import contextlib
import os
import re
import subprocess
import threading

LISTENING = re.compile(r"http://127\.0\.0\.1:\d+/mcp")


def place(folder, name):
    """The settings of a place of its own: a file in this folder, or a part of REDIS_URL and DATABASE_URL."""
    servers = {name: os.environ[name] for name in ("REDIS_URL", "DATABASE_URL") if name in os.environ}
    own = f"{name}_{os.getpid()}".replace("-", "_")
    if not servers:
        return {"FIML_DATA": f"{folder}/sessions.db"}
    return {**servers, "REDIS_KEY_PREFIX": own, "DATABASE_SCHEMA": own}


def kept():
    """Where sessions are kept, in words."""
    return "in two servers" if "REDIS_URL" in os.environ else "in a file"


@contextlib.contextmanager
def serving(fiml, prices, settings, folder):
    """The address of a server on a free port of this machine, which ends with the block."""
    command = [fiml, "serve", "--http", "127.0.0.1:0", "--prices", str(prices)]
    environment = {**settings, "HOME": str(folder)}
    server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield address(server.stderr)
        assert server.poll() is None, f"the server ended by itself with {server.returncode}"
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert server.returncode == 0, f"the server ended with {server.returncode}"


def address(lines):
    """The address that a server says it listens on; what it says after that is read and dropped."""
    said = []
    for line in lines:
        if found := LISTENING.search(line):
            threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()
            return found.group()
        said.append(line)
    raise SystemExit("the server did not start:\n" + "".join(said))
