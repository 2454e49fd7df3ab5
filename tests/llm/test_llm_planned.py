"""What a run will ask of its models, said before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairloom.cli import main

METRIC = '''


@attrs.frozen
class Judging:
    """Asks the model about every tenth row, and once more about all."""

    model: object

    def estimate(self, rows):
        """Three tokens there, one back; five for the whole run."""
        size = rows.num_rows / 10
        tenth = Estimate(model=self.model.name, calls=size, prompt_tokens=3 * size, answer_tokens=size)
        return [tenth, Estimate(model=self.model.name, calls=1, prompt_tokens=5, answer_tokens=0, whole=True)]

    def observe(self, rows):
        """Nothing."""

    def result(self):
        """Nothing."""


judging = fl.Metric(
    name="judging", summary="Asks.", config=Asking, build=lambda config, tools: Judging(tools.models[config.model])
)
'''


def planned(path: Path, capsys: Any) -> Any:
    assert main(["plan", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["models"]


def test_metrics_that_ask_models_are_in_the_plan(asking: Any, capsys: Any) -> None:
    path = asking(("rows = 40", "rows = 4000"))
    assert planned(path, capsys) == [
        {"model": "writer", "calls": 4000, "prompt_tokens": 40_000, "answer_tokens": 20_000, "cost": None, "over": []}
    ]
    asks = path.with_name("asks.py")
    asks.write_text(asks.read_text("utf-8") + METRIC, "utf-8")
    gate = '\n[[gate]]\nmetric = "./asks.py:judging"\nmodel = "writer"\nmin = 0.5\n'
    path.write_text(path.read_text("utf-8") + gate, "utf-8")
    (found,) = planned(path, capsys)
    assert (found["calls"], found["prompt_tokens"], found["answer_tokens"]) == (4401, 41_205, 20_400)
