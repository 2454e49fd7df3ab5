"""A generator that asks one question per row and writes the answer."""

import attrs
import pyarrow as pa

import fairloom as fl
from fairloom.models import Answer, Estimate, Message, Request


@attrs.frozen(kw_only=True)
class Asking:
    """Settings: which model, and the choices."""

    model: str
    choices: tuple[str, ...] = ()


@attrs.frozen
class Asks:
    """Asks the model once for every row."""

    model: object
    choices: tuple[str, ...]

    def estimate(self, rows):
        """Ten tokens there, five back."""
        size = rows.num_rows
        return [Estimate(model=self.model.name, calls=size, prompt_tokens=10 * size, answer_tokens=5 * size)]

    def write(self, rows):
        """The answers as texts; the kind of a failure as the reason."""
        requests = [
            Request(
                messages=(Message("user", f"row {row['address']} {row['label']} {row['city']}"),),
                attempt=row["attempt"],
                choices=self.choices,
            )
            for row in rows.to_pylist()
        ]
        found = self.model.ask(requests)
        texts = [each.text if isinstance(each, Answer) else None for each in found]
        reasons = [None if isinstance(each, Answer) else each.kind for each in found]
        return pa.record_batch({"text": pa.array(texts, pa.string()), "reason": pa.array(reasons, pa.string())})


asks = fl.Generator(
    name="asks",
    summary="Asks a model.",
    config=Asking,
    build=lambda config, tools: Asks(tools.models[config.model], config.choices),
)
