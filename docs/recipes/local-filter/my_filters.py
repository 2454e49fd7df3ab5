"""Filters of one project, named in the recipe as ``./my_filters.py:shouting``."""

import fairloom


@fairloom.filter
def shouting(text: str, *, share: float = 0.5) -> str | None:
    """Reject texts in which more than ``share`` of the letters are capitals."""
    letters = [character for character in text if character.isalpha()]
    loud = sum(character.isupper() for character in letters)
    return "shouting" if letters and loud / len(letters) > share else None
