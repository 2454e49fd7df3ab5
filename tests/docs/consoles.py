"""Console blocks of the guides: what a reader types, and what the page says comes back.

In a block, ``$`` starts a command and the lines below are its output; ``...`` stands for anything within a
line, and alone on a line for any lines. After a change of the product,
``python tests/docs/consoles.py`` writes the real output into the pages again.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from fairloom.cli import main
from fairloom_template.writer import TemplateWriter

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CTRL_C = "^C\n"
Words = dict[str, str]
"""What the page says, and what to put in its place here."""


def _readme() -> Words:
    """The demo makes its folder in the clone; here it lies in the current folder."""
    Path("docs").symlink_to(ROOT / "docs")
    out = Path("out/bank-intents").absolute()
    return {"python3 dev.py demo": f"fairloom run docs/recipes/bank-intents/recipe.toml --to {out}"}


def _resume() -> Words:
    """The recipe of the page is that of the pairs; an older version of it has other cities."""
    shutil.copy(RECIPES / "pairs" / "recipe.toml", "recipe.toml")
    Path("new.toml").write_text(Path("recipe.toml").read_text("utf-8").replace("Lima", "Quito"), "utf-8")
    for recipe, out in (("recipe.toml", "out-old"), ("new.toml", "out-new")):
        main(["run", recipe, "--to", out, "--quiet"])
    return {}


def _publish() -> Words:
    """The reader's recipe is that of the pairs, in a folder of its own."""
    shutil.copytree(RECIPES / "pairs", "letters")
    return {}


def _compare() -> Words:
    """The reader's folder is that of the shared data."""
    shutil.copytree(RECIPES / "bank-intents", ".", dirs_exist_ok=True)
    folder = str(shared() / "seed-banking77")
    return {"/home/me/banking": folder}


def _start() -> Words:
    """The reader's folder is that of the shared data, the current one the recipe's."""
    shutil.copy(RECIPES / "adult-fair" / "recipe.toml", "recipe.toml")
    return {"/home/me/adult": str(shared() / "seed-adult")}


def _language() -> Words:
    """The reader stands in the folder of the recipe."""
    shutil.copytree(RECIPES / "language-filter", ".", dirs_exist_ok=True)
    return {}


def _grammar() -> Words:
    """The page works in the folder of its recipe."""
    shutil.copytree(RECIPES / "commands", ".", dirs_exist_ok=True)
    return {}


def _model() -> Words:
    """The reader's recipe is that of the texts, without its recorded answers; a server answers where the page says."""
    from answering import served  # noqa: PLC0415 - beside this file, which is run and loaded from elsewhere

    folder = RECIPES / "llm-text"
    shutil.copytree(folder, ".", dirs_exist_ok=True, ignore=shutil.ignore_patterns("answers.jsonl"))
    text = Path("recipe.toml").read_text("utf-8")
    journal, own = re.search(r"\[journal\]\n(.*\n)+?\n", text), re.search(r"\[models.writer\]\n(.*\n)+?\n", text)
    page = (ROOT / "docs" / "how-to" / "use-a-model.md").read_text("utf-8")
    assert journal
    assert own
    text = text.replace(journal[0], "").replace(own[0], f"{BLOCK.findall(page)[0][1]}\n")
    address = served()
    Path("recipe.toml").write_text(text.replace("127.0.0.1:8080", address), "utf-8")
    return {"127.0.0.1:8080": address}


def _induced() -> Words:
    """The reader has the annotated rows beside."""
    shutil.copy(RECIPES / "induced" / "utterances.jsonl", "utterances.jsonl")
    return {}


def shared() -> Path:
    """The folder with the reference data."""
    folder = Path(os.environ.get("FAIRLOOM_SHARED", "../shared/data")).resolve()
    if not folder.is_dir():
        sys.exit(f"the reference data are not in {folder}; set FAIRLOOM_SHARED to their folder")
    return folder


def _suite() -> Words:
    """The recipe lies in the clone; here in the current folder."""
    Path("docs").symlink_to(ROOT / "docs")
    return {}


PAGES: dict[str, Callable[[], Words]] = {
    "README.md": _readme,
    "docs/tutorial/first-dataset.md": dict,
    "docs/how-to/resume-and-verify.md": _resume,
    "docs/how-to/publish-a-dataset.md": _publish,
    "docs/how-to/compare-with-real-data.md": _compare,
    "docs/how-to/reuse-real-phrasing.md": _induced,
    "docs/how-to/start-from-real-data.md": _start,
    "docs/how-to/when-a-filter-discriminates.md": _language,
    "docs/how-to/use-a-model.md": _model,
    "docs/how-to/generate-with-a-model.md": _suite,
    "docs/recipes/suite/README.md": _suite,
    "docs/how-to/compose-with-a-grammar.md": _grammar,
}


def play(page: str) -> Iterator[tuple[str, str, str]]:
    """Follow a page in the current folder: each command, the output it promises, the output it gives.

    Where the page writes ``first/recipe.toml``, the first TOML block goes there whole and later ones line by
    line in the place of the line with the same key. Where the page shows ``^C``, it is pressed as rows are written.
    """
    here = PAGES[page]()
    text = (ROOT / page).read_text("utf-8")
    saves = "first/recipe.toml" in text
    code, said = 0, ""
    for kind, block in BLOCK.findall(text):
        if kind == "toml" and saves:
            _save(Path("first/recipe.toml"), block)
        elif kind == "python":
            said = _python(block)
            yield block, "", said
        elif kind == "text":
            yield "(printed)", block, said
        elif kind == "console":
            for command, promised in _commands(block):
                if command == "echo $?":
                    yield command, promised, f"{code}\n"
                    continue
                if promised.startswith(CTRL_C):
                    with mock.patch.object(TemplateWriter, "write", side_effect=KeyboardInterrupt):
                        code, said = _call(command, here)
                    said = CTRL_C + said
                else:
                    code, said = _call(command, here)
                yield command, promised, said


def _commands(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _call(command: str, here: Words) -> tuple[int, str]:
    for theirs, ours in here.items():
        command = command.replace(theirs, ours)
    words, to = shlex.split(command), None
    assert words[0] == "fairloom"
    if words[-2] == ">":
        *words, _, to = words
    both = io.StringIO()
    with contextlib.redirect_stdout(both), contextlib.redirect_stderr(both):
        code = main(words[1:])
    said = both.getvalue()
    if to:
        Path(to).write_text(said, "utf-8")
        said = ""
    for theirs, ours in here.items():
        said = said.replace(ours, theirs)
    return code, said.replace(str(Path.cwd()), "...")


def _python(text: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(text, "page", "exec"), {})
    return said.getvalue()


def _save(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(text, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines()
    for new in text.splitlines():
        key = new.split(" = ")[0] + " = "
        lines = [new if line.startswith(key) else line for line in lines]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def keeps(promised: str, said: str) -> bool:
    """Whether what a command said is what the page says."""
    said = DIGEST.sub("sha256:...", said)
    lines = [".*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?") for line in promised.splitlines()]
    return re.fullmatch("\n".join(lines) + "\n?", said, re.DOTALL) is not None


def renewed(page: str) -> str:
    """The page with the real output in the place of every promise that is not kept."""
    text = (ROOT / page).read_text("utf-8")
    for command, promised, said in play(page):
        if promised and not keeps(promised, said):
            before = f"$ {command}\n{promised}" if command != "(printed)" else f"```text\n{promised}"
            text = text.replace(before, before.removesuffix(promised) + DIGEST.sub("sha256:...", said), 1)
    return text


if __name__ == "__main__":
    for name in PAGES:
        if name.endswith("real-data.md") and not shared().is_dir():
            continue
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
            fresh = renewed(name)
        (ROOT / name).write_text(fresh, "utf-8")
        sys.stdout.write(f"{name}\n")
