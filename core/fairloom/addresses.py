"""Web addresses in settings: of a server, and with nothing in them that others must not read."""

from __future__ import annotations

from urllib.parse import urlsplit

from fairloom.problems import RecipeError

_WAY = "write it like https://api.example.org/v1"


def check_address(said: str, key: str, named_by: str) -> None:
    """See that the setting ``key`` is the address of a server whose token the setting ``named_by`` names.

    No message quotes the address, for it may hold a password that was meant to be found out here.

    Raises:
        RecipeError: It is no address over http, or holds a user, a password, a query or a fragment.
    """
    try:
        parts = urlsplit(said)
        _ = parts.port
    except ValueError:
        raise RecipeError.of("is no address", key, suggestion=_WAY) from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise RecipeError.of(
            "must hold no user, password or query: recipes and manifests are read by others",
            key,
            suggestion=f'put the token into an environment variable and name it: {named_by} = "MY_KEY"',
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RecipeError.of("must begin with http:// or https:// and name a host", key, suggestion=_WAY)
    if not (said.isascii() and said.isprintable()) or " " in said:
        way = "write a blank as %20, and the name of a host in ASCII (xn--...)"
        raise RecipeError.of("must be ASCII without blanks", key, suggestion=way)
