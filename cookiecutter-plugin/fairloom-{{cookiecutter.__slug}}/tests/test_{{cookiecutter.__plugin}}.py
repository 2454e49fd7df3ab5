"""The components keep fairloom's promises, and do what they say."""

from collections.abc import Callable

from fairloom.testing import parametrize_components, sample_rows, sample_tools

from {{ cookiecutter.__module }} import greet, shouting


@parametrize_components(
    [
        "{{ cookiecutter.__plugin }}.greet",
        ("{{ cookiecutter.__plugin }}.shouting", {"share": 0.2}),
        "{{ cookiecutter.__plugin }}.mean_words",
    ]
)
def test_component(check: Callable[[], None]) -> None:
    check()


def test_shouting() -> None:
    judge = shouting.build.function
    assert judge("HELP ME") == "shouting"
    assert judge("Help me") is None
    assert judge("") is None


def test_the_label_chooses_the_greeting() -> None:
    rows = sample_rows(8)
    generator = greet.build(greet.config(casual="Hey"), sample_tools())
    texts = generator.write(rows).column("text").to_pylist()
    assert all(text.startswith("Hey ") for text in texts)
