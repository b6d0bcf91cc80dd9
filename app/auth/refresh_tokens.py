"""The form of refresh tokens: a session, its user and a number, signed with the server's key.

A token proves by itself that it was issued, so the database forgets those that were exchanged, and
the reuse of one is still noticed. The key also makes a token's only successor.
"""

from dataclasses import dataclass

from app.auth.realms import Realm
from app.auth.tokens import Tokens

_PURPOSE = "refresh tokens"
# What the former release issued: random secrets, of which each one's signature is the successor.
# Their sessions end within SESSION_DAYS.
_FORMER_PURPOSE = "successors of refresh tokens"


@dataclass(frozen=True, slots=True)
class Origin:
    """For which session of which user a token was issued."""

    user: str
    session: str


def first(tokens: Tokens, realm: Realm, *, user: str, session: str) -> str:
    """Return the first refresh token of a session."""
    return _sign(tokens, realm, f"{user}.{session}.0")[0]


def successors(tokens: Tokens, realm: Realm, token: str) -> list[str]:
    """Return the successor of a token, and what a former key may have made of it."""
    if not names_session(token):
        return tokens.signatures(_FORMER_PURPOSE, token)
    user, session, number, _ = token.split(".")
    return _sign(tokens, realm, f"{user}.{session}.{int(number) + 1}")


def names_session(token: str) -> bool:
    """Return whether a token has the form that this release issues, valid or not."""
    return token.count(".") == 3


def identify(tokens: Tokens, realm: Realm, token: str) -> Origin | None:
    """Return for whom a token was issued, or None if no key that is still configured signed it."""
    if not names_session(token):
        return None
    signed, _, signature = token.rpartition(".")
    if not tokens.is_signed(realm.distinguish(_PURPOSE), signed, signature):
        return None
    user, session, _ = signed.split(".")
    return Origin(user=user, session=session)


def _sign(tokens: Tokens, realm: Realm, text: str) -> list[str]:
    signatures = tokens.signatures(realm.distinguish(_PURPOSE), text)
    return [f"{text}.{signature}" for signature in signatures]
