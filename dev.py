#!/usr/bin/env python3
"""Set up, run and test fairloom from a clean checkout, with nothing but Python 3.11 or later.

    python3 dev.py demo              make the main recipe's dataset in out/bank-intents
    python3 dev.py test              lint, types, contracts, tests
    python3 dev.py test -- -k spans  arguments after -- go to pytest, and the checks before it are left out

Everything is installed into .venv beside this file; nothing is written outside the checkout.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file must also explain itself to an older Python
    sys.exit(
        "fairloom needs Python 3.11 or later; this is Python %d.%d.\n"  # noqa: UP031 - an f-string would not parse there
        "Call it with a newer one, for example: python3.12 dev.py test" % sys.version_info[:2]
    )

import argparse
import hashlib
import os
import subprocess
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "fairloom-setup"
GROUPS = ("test", "lint")
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy", "core", "plugins"),
    ("lint-imports",),
    ("interrogate", "--quiet", "core", "plugins"),
)

SERVERS = "tests/llm/install_servers.py"
"""Sets up the language model servers that the tests start; where it cannot, their tests are skipped and say why."""

PARALLEL = ("--numprocesses", "auto", "--dist", "loadscope", "--no-loadscope-reorder")
"""One pytest process per core; the tests of a module stay together, so that they share what they set up.

tests/conftest.py puts the long modules first, so that no process is left alone with one.
"""


def main() -> int:
    """Do what the command line asks; the exit code is that of what was run."""
    arguments = read_arguments()
    set_up()
    return demo() if arguments.command == "demo" else test(arguments.rest)


def read_arguments() -> argparse.Namespace:
    """The command, and in ``rest`` what goes on to pytest."""
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up, run and test fairloom.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="make the dataset of docs/recipes/bank-intents in out/bank-intents")
    commands.add_parser("test", help="lint, types, contracts, tests; `test -- -k NAME` runs some tests only")
    return parser.parse_args(sys.argv[1:cut], argparse.Namespace(rest=sys.argv[cut + 1 :]))


def demo() -> int:
    """Run the main recipe."""
    recipe = ROOT / "docs" / "recipes" / "bank-intents" / "recipe.toml"
    return call("-m", "fairloom", "run", str(recipe), "--to", str(ROOT / "out" / "bank-intents"))


def test(rest: list[str]) -> int:
    """Every check, then pytest. All of them run; the first failure decides the exit code."""
    if rest:
        call(SERVERS)
        return call("-m", "pytest", *rest)
    codes = [check(*tool) for tool in CHECKS]
    call(SERVERS)
    codes.append(call("-m", "pytest", "-q", "-rs", *PARALLEL))
    return next((code for code in codes if code), 0)


def check(tool: str, *arguments: str) -> int:
    """Run one checking tool and say so."""
    print(f"$ {' '.join((tool, *arguments))}", flush=True)
    return call(*arguments, program=PYTHON.with_name(tool))


def set_up() -> None:
    """Make .venv with fairloom and its development tools, unless it is there and pyproject.toml is unchanged."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    print(f"Setting up {VENV} (once; it takes a minute or two)", flush=True)
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    install("--editable", str(ROOT), *requirements())
    STAMP.write_text(wanted, encoding="utf-8")


def requirements() -> list[str]:
    """What the dependency groups ask for, read here because older versions of pip know no groups."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        groups = tomllib.load(file)["dependency-groups"]
    return [item for name in GROUPS for item in groups[name] if isinstance(item, str)]


def install(*what: str) -> None:
    """Call pip, and explain the one thing that usually goes wrong."""
    quiet = ("--quiet", "--quiet", "--disable-pip-version-check", "--no-input")  # errors only
    if call("-m", "pip", "install", *quiet, *what):
        sys.exit(
            "The packages above could not be installed. pip needs a network connection or, in its configuration, an\n"
            "index or a folder of wheels it can reach (see `pip config list`). Call dev.py again when it has one."
        )


def call(*arguments: str, program: Path = PYTHON) -> int:
    """Run a program of .venv, its Python by default, in the checkout."""
    return subprocess.run([str(program), *arguments], cwd=ROOT, env=environment(), check=False).returncode


def environment() -> dict[str, str]:
    """Our environment, with every folder for temporary and cached files inside the checkout."""
    inside = {name: VENV / "cache" / name.lower() for name in ("TMPDIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME")}
    for folder in inside.values():
        folder.mkdir(parents=True, exist_ok=True)
    ours = {name: str(folder) for name, folder in inside.items()}
    ours |= {"TEMP": ours["TMPDIR"], "TMP": ours["TMPDIR"]}
    # A recipe's or a user's Python path must not reach into this environment. Bytecode is kept: the tests start Python
    # hundreds of times.
    dropped = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, **ours}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
