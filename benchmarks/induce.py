"""What induced, balanced rows do for models trained on few real rows: intents and slots of the Snips utterances.

    python benchmarks/induce.py [SEEDS]

For each seed 20 real training rows per intent are drawn. Templates and values are induced *from these rows alone*, and
the induced recipe makes ROWS more, balanced over intents, templates and values. Beside it stands random swap (Wei and
Zou, EMNLP 2019): copies of the real rows in which pairs of words outside of spans are exchanged. Everything is tested
on the 700 real validation rows. An intent classifier (TF-IDF, logistic regression) is scored by accuracy, a slot tagger
(logistic regression over a window of words) by the F1 of whole spans. The data are in FAIRLOOM_SHARED/seed-snips.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import fairloom as fl
from fairloom.inducing.induce import induce
from fairloom.inducing.writing import write
from fairloom.profiling.source import opened

DATA = Path(os.environ.get("FAIRLOOM_SHARED", "../shared/data")) / "seed-snips"
PER_INTENT, ROWS = 20, 1_400


def read(pattern):
    """Every utterance of the files as ``text, label, [(start, end, slot)]``."""
    rows = []
    for path in sorted(DATA.glob(pattern)):
        for batch in opened(path, "read.snips", {"damaged": "mark"}).batches():
            for row in batch.to_pylist():
                spans = [(span["start"], span["end"], span["slot"]) for span in row["text.spans"]]
                rows.append((row["text"], row["label"], spans))
    return rows


def induced(rows, seed, folder):
    """Balanced rows from the templates and values of these rows."""
    path = folder / "real.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for text, label, spans in rows:
            records = [{"start": start, "end": end, "slot": slot} for start, end, slot in spans]
            file.write(json.dumps({"text": text, "label": label, "spans": records}, ensure_ascii=False) + "\n")
    found = induce([path], keep_personal=True)
    write(found, folder / "recipe", name="snips")
    recipe = fl.Recipe.load(
        folder / "recipe" / "recipe.toml",
        set=[f"recipe.rows={ROWS}", f"recipe.seed={seed}", 'design.on_shortfall="trim"'],
    )
    table = recipe.run(folder / "out").table
    columns = (table.column(name).to_pylist() for name in ("text", "label", "text.spans"))
    for text, label, spans in zip(*columns, strict=True):
        yield text, label, [(span["start"], span["end"], _base(found, span["slot"])) for span in spans]


def _base(found, slot):
    return found.factors[slot]


def tokens(row):
    """Words and their BIO tags; a word belongs to the span in which it begins."""
    text, _, spans = row
    words, tags, at = [], [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        hit = next(((begin, slot) for begin, end, slot in spans if begin <= start < end), None)
        inside = hit is not None and tags and tags[-1][1:] == (hit[1], hit[0])
        words.append(word)
        tags.append(("O", None, None) if hit is None else ("I" if inside else "B", hit[1], hit[0]))
    return words, [kind if slot is None else f"{kind}-{slot}" for kind, slot, _ in tags]


def swapped(rows, generator):
    """Copies of rows with pairs of words outside of spans exchanged, until there are ROWS."""
    for number in range(ROWS):
        row = rows[number % len(rows)]
        words, tags = tokens(row)
        free = [place for place, tag in enumerate(tags) if tag == "O"]
        for _ in range(max(1, len(words) // 10)):
            if len(free) > 1:
                one, other = generator.choice(free, 2, replace=False)
                words[one], words[other] = words[other], words[one]
        yield words, tags, row[1]


def features(words):
    """A window of two words to each side."""
    low = [word.lower() for word in words]
    for place, word in enumerate(low):
        found = {"word": word, "tail": word[-3:], "head": word[:2], "capital": words[place][:1].isupper()}
        found["digit"] = any(letter.isdigit() for letter in word)
        for step in (-2, -1, 1, 2):
            near = place + step
            found[f"word{step}"] = low[near] if 0 <= near < len(low) else "<edge>"
        yield found


def chunks(tags):
    """The spans that BIO tags name: first and last word and slot."""
    found, start = set(), None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[:1] != "I" or tag[2:] != tags[start][2:]):
            found.add((start, place, tags[start][2:]))
            start = None
        if tag != "O" and start is None:
            start = place
    return found


def scores(train, test):
    """Accuracy of the intents and F1 of the slots."""
    intents = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000))
    intents.fit([" ".join(words) for words, _, _ in train], [label for _, _, label in train])
    accuracy = intents.score([" ".join(words) for words, _, _ in test], [label for _, _, label in test])
    tagger = make_pipeline(DictVectorizer(), LogisticRegression(C=4, max_iter=300, solver="lbfgs"))
    tagger.fit([each for words, _, _ in train for each in features(words)], [t for _, tags, _ in train for t in tags])
    right = said = wanted = 0
    flat = tagger.predict([each for words, _, _ in test for each in features(words)]).tolist()
    at = 0
    for words, tags, _ in test:
        guess, truth = chunks(flat[at : at + len(words)]), chunks(tags)
        at += len(words)
        right, said, wanted = right + len(guess & truth), said + len(guess), wanted + len(truth)
    return accuracy, 2 * right / (said + wanted)


def main(seeds):
    """Print one line per seed and condition, then means and standard deviations."""
    real, test = read("train_*.json"), [(*tokens(row), row[1]) for row in read("validate_*.json")]
    table = {}
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        few = []
        for label in sorted({row[1] for row in real}):
            mine = [row for row in real if row[1] == label]
            few += [mine[place] for place in generator.choice(len(mine), PER_INTENT, replace=False)]
        plain = [(*tokens(row), row[1]) for row in few]
        with tempfile.TemporaryDirectory() as folder:
            made = [(*tokens(row), row[1]) for row in induced(few, seed, Path(folder))]
        more = {"real alone": [], "with random swap": list(swapped(few, generator)), "with induced rows": made}
        for name, rows in more.items():
            found = scores(plain + rows, test)
            table.setdefault(name, []).append(found)
            size = len(plain) + len(rows)
            print(f"seed {seed}  {name:<18} {size:>5} rows  intents {found[0]:.3f}  slots {found[1]:.3f}", flush=True)
    print()
    for name, found in table.items():
        mean, spread = np.mean(found, axis=0), np.std(found, axis=0, ddof=min(1, len(found) - 1))
        print(f"{name:<18} intents {mean[0]:.3f} (sd {spread[0]:.3f})  slots {mean[1]:.3f} (sd {spread[1]:.3f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
