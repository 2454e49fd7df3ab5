"""``fairloom report``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fairloom.cli import options, output

DETAIL = """\
Everything in it is read from the folder."""
EXAMPLE = """\
fairloom report out
fairloom report out --to published/report.html"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``report``."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of a finished run")
    parser.add_argument("--to", metavar="FILE", type=Path, help="write the page here (default: DIR/report.html)")


def call(arguments: argparse.Namespace) -> int:
    """Render the page."""
    from fairloom.showing import report  # noqa: PLC0415 - the parser needs none of this

    if arguments.to is not None and arguments.to.is_dir():
        from fairloom.problems import RecipeError  # noqa: PLC0415 - as above

        raise RecipeError.of(f"{arguments.to} is a folder", suggestion="name the file of the page with --to")
    page = report.write(options.readable_run(arguments.folder), arguments.to)
    if arguments.to is None:
        _record(arguments.folder, page)
    if arguments.json:
        output.document({"report": str(page)})
    else:
        output.text(f"written: {page}")
    return 0


def _record(folder: Path, page: Path) -> None:
    """Put the new page's digest into the manifest, for `verify`; one that was tampered with stays as it is."""
    from fairloom.reading.inputs import file_digest  # noqa: PLC0415
    from fairloom.weaving import manifest as papers  # noqa: PLC0415 - the parser needs none of this
    from fairloom.weaving.store import MANIFEST, pretty, write_text  # noqa: PLC0415

    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    if manifest.get(papers.SELF) != papers.sealed(manifest)[papers.SELF]:
        return
    record = next((file for file in manifest["files"] if file["path"] == page.name), None)
    if record is not None:
        record |= {"sha256": file_digest(page), "bytes": page.stat().st_size}
        write_text(folder / MANIFEST, pretty(papers.sealed(manifest)))
