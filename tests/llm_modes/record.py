"""Record the answers of the recipes under docs/recipes/llm-*.

The answers were written by hand for these recipes: what matters there is how they are asked for, checked and filled in.
After a change of a prompt, ``python tests/llm_modes/record.py`` asks again and writes ``answers.jsonl``.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

from fairloom.modelling.journal import exported
from fairloom.models import Answer, Meter, Outcome, Request, tokens_of
from fairloom.recipe import Recipe
from fairloom_llm.openai import OpenAIModel

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
Say = Callable[[str, Request], str]

LOST = (
    "My card was gone when I got home last night",
    "I must have dropped my card somewhere at the market",
    "Somebody took the purse with my card at the station",
    "I have turned the flat upside down and the card is missing",
    "The card was in the coat that I left in a taxi",
    "I cannot find my card since I paid for lunch on Monday",
    "My card went missing between the gym and the office",
    "A pickpocket got my card on the tram an hour ago",
    "The card slipped out of my phone case on a hike",
    "I left my card in a machine and it was gone when I came back",
    "My card has not turned up since we moved house",
    "The envelope with my card was taken from the letter box",
)
BROKEN = (
    "My card is cracked right through the chip",
    "Every till says that my card cannot be read",
    "The washing machine has bent my card beyond use",
    "My card has come apart in two thin layers",
    "The gold contact has fallen off my card",
    "My card gets declined wherever I put it in",
    "The dog chewed a corner off my card",
    "Tapping my card has done nothing since it got wet",
    "My card melted a little on the dashboard and fails now",
    "The stripe is scratched and no gate opens with my card",
    "My card sticks in the reader and then reports an error",
    "There is a hole in my card where a key pressed through",
)
CLOSING = {"calm": "Could you tell me what to do?", "annoyed": "This is the last thing I needed today!"}
TEMPLATES = {
    "card_lost": (
        "Hello, this is [person.given], I lost my card somewhere in [city] yesterday.",
        "My card was stolen on a train to [city] and I need a new one, [person.given].",
        "[person.given] here: I cannot find my card since I came back from [city].",
        "Since the market in [city] my card is gone, please block it. Regards, [person.given]",
    ),
    "card_broken": (
        "Hello, this is [person.given], my card snapped while I was in [city] yesterday.",
        "No machine at the station of [city] can read my card, what now? [person.given]",
        "[person.given] here: the chip of my card is cracked since my trip to [city].",
        "After a rainy week in [city] my card is declined everywhere. Regards, [person.given]",
    ),
}
PARAPHRASES = {
    "lost": (
        "Hiya, [1] here, silly me lost the card over in [2]!",
        "So it's [1], and guess what, my card went missing in [2].",
        "Hey, [1] speaking, my card's nowhere to be found since [2].",
        "It's [1] again, I was in [2] and lost my card, of course.",
        "Well, [1] here: one day in [2] and the card is gone!",
    ),
    "broke": (
        "Hiya, [1] here, my poor card broke over in [2]!",
        "So it's [1], and guess what, the card gave up in [2].",
        "Hey, [1] speaking, my card fell to bits when I was in [2].",
        "It's [1] again, I was in [2] and my card broke, of course.",
        "Well, [1] here: one day in [2] and the card is broken!",
    ),
}
CHANGES = {
    "spotless": ("was filthy", "was not spotless", "was dirty in every corner that we looked into"),
    "friendly": ("were unfriendly", "were rude", "were anything but friendly"),
    "delicious": ("served a tasteless soup", "served a cold soup", "served no soup that was delicious"),
    "dirty": ("was clean", "was tidy", "was not dirty"),
    "rude": ("were kind", "were polite", "were not rude"),
    "cold": ("served a warm soup", "served a lovely soup", "served no cold soup"),
}
TURNS = {
    "card_lost": (
        "Hi, my card is gone, I think I lost it on the way home.",
        "I am sorry to hear that. Shall I block the card right away?",
        "Yes please, block it and send me a new one.",
        "Done: the card is blocked, and a new one will be with you in four working days.",
    ),
    "card_broken": (
        "Hi, my card does not work any more, the chip has a crack.",
        "That is a nuisance. Would you like a replacement card?",
        "Yes please, and can I pay by phone until then?",
        "Yes, your phone keeps working, and the new card will be with you in four working days.",
    ),
}
OPENINGS = {"calm": "", "worried": "I am a bit worried. ", "in a hurry": "Quick one. "}


def place(request: Request) -> int:
    """The address of the row that asks."""
    return request.attempt & ((1 << 40) - 1)


def first(request: Request) -> bool:
    """Whether the row asks for the first time."""
    return request.attempt < 1 << 40


def text(_user: str, request: Request) -> str:
    """One message; row 5 is too short at first, and mended when told so."""
    if place(request) == 5 and len(request.messages) == 2:
        return "Card trouble again."
    lines = "\n".join(message.content for message in request.messages)
    said = (LOST if "no longer has the card" in lines else BROKEN)[
        (place(request) + 5 * (request.attempt // 2**40)) % 12
    ]
    tone, name = re.search("Tone: (.*?)[.]", lines), re.search("signed by (.*?)[.]", lines)
    assert tone
    assert name
    return f"{said}. {CLOSING[tone[1]]} {name[1]}"


def templates(_user: str, request: Request) -> str:
    """One template; the third one for broken cards says a value of the table until told so."""
    asked = request.messages[1].content
    label = "card_lost" if "Label: card_lost" in asked else "card_broken"
    number = re.search("template number (.)", asked)
    assert number
    if label == "card_broken" and number[1] == "3" and len(request.messages) == 2:
        return "[person.given] says that her card is cracked since a trip to [city]."
    return TEMPLATES[label][int(number[1]) - 1]


def self_instruct(user: str, request: Request) -> str:
    """One new row; row 3 only repeats a seed at first."""
    lost = "Label: card_lost" in user
    if place(request) == 3 and first(request):
        return "My wallet was stolen and my card was in it." if lost else "The chip of my card is not read anywhere."
    return (LOST if lost else BROKEN)[(place(request) + 5 * (request.attempt // 2**40)) % 12] + "."


def paraphrase(_user: str, request: Request) -> str:
    """The text again; row 2 loses a name until told so."""
    if place(request) == 2 and len(request.messages) == 2:
        return "Oh dear, my card, in [2] of all places!"
    return PARAPHRASES["lost" if "I lost my card" in request.messages[1].content else "broke"][
        (place(request) + request.attempt // 2**40) % 5
    ]


def judge(user: str, _request: Request) -> str:
    """What the text is about."""
    said = user.split("The text:")[1].split("The answer is", maxsplit=1)[0]
    return "card_lost" if re.search("lost|took|slipped", said) else "card_broken"


def chat(_user: str, request: Request) -> str:
    """The next turn; in row 4 the assistant asks for a password until told so."""
    talk = request.messages[1].content
    turn = re.search("Write message (.) of", talk)
    assert turn
    if place(request) == 4 and turn[1] == "2" and len(request.messages) == 2:
        return "I am sorry to hear that. What is your password?"
    label = "card_lost" if re.search("Label|wants: card_lost|is gone|lost it", talk) else "card_broken"
    if "wants: card_broken" in talk:
        label = "card_broken"
    tone = re.search("tone: (.*)", talk)
    said = TURNS[label][int(turn[1]) - 1]
    return f"{OPENINGS[tone[1]]}{said}" if tone and turn[1] == "1" else said


def counterfactual(user: str, request: Request) -> str:
    """A changed review; row 1 gets a preface, one that changes nothing and one that nobody is sure about."""
    said = user.split("The text:")[1].split("Write the changed text", maxsplit=1)[0].strip().strip("\"'`<>")
    if "The text is" in user and "Which answer fits" in user:
        return verdict(said)
    version = re.search("version ([0-9])", user)
    which = int(version[1]) - 1 if version else 0
    if place(request) == 1 and request.attempt >> 40 < 3:
        return (f"Sure, here is the changed text: {said}", said, said.replace("the ", "the so-called "))[which]
    word = next(each for each in CHANGES if each in said)
    return re.sub(r"(?:was|were|served) .*(?=[.])", CHANGES[word][which], said)


def verdict(said: str) -> str:
    """What a review says; denials of a fault are not taken for praise."""
    if re.search("so-called|not dirty|not rude|no cold", said):
        return "unsure"
    return (
        "complaint" if re.search("dirty|filthy|not |unfr|rude|anything but|tasteless|cold|no soup", said) else "praise"
    )


ANSWERS: dict[str, Say] = {
    "llm-text": text,
    "llm-templates": templates,
    "llm-self-instruct": self_instruct,
    "llm-paraphrase": paraphrase,
    "llm-judge": judge,
    "llm-chat": chat,
    "llm-counterfactual": counterfactual,
}


def recorded(name: str) -> str:
    """The answers that the recipe needs, as lines of JSON."""
    say = ANSWERS[name]

    def ask(
        _model: OpenAIModel, requests: Sequence[Request], done: Callable[[int, Outcome], None], _meter: Meter
    ) -> None:
        for index, request in enumerate(requests):
            said = say(request.messages[-1].content, request)
            prompt = sum(tokens_of(message.content) for message in request.messages)
            done(index, Answer(text=said, prompt_tokens=prompt, answer_tokens=tokens_of(said)))

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(OpenAIModel, "ask", ask):
        recipe = Recipe.load(RECIPES / name / "recipe.toml", set=['journal={replay="off"}'])
        recipe.run(Path(folder) / "out", journal=Path(folder) / "journal.sqlite", replay="off")
        return "".join(f"{line}\n" for line in exported(Path(folder) / "journal.sqlite"))


if __name__ == "__main__":
    for each in ANSWERS:
        file = RECIPES / each / "answers.jsonl"
        file.write_text("", encoding="utf-8")
        file.write_text(recorded(each), encoding="utf-8")
