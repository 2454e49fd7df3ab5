"""A model that is a function: it says back what it was asked, and refuses Oslo once."""


def answer(messages, attempt):
    """Answer the last message."""
    text = messages[-1]["content"]
    if "Oslo" in text and attempt == 0:
        return "I'm sorry, but I can't help with that."
    return f"{text} ({attempt})"
