"""Passwords: which ones are accepted, and how they are hashed."""

import re
import secrets
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

from pwdlib import PasswordHash
from pydantic import Field, StringConstraints

from app.auth.errors import weak_password
from app.auth.hashing import default_queue
from app.auth.shares import Claim

SHORTEST = 10
LONGEST = 256

# As it was typed: spaces at its ends belong to it.
Password = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=LONGEST),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
# The minimum length is only documented here: `require_strong` reports it with all other reasons.
NewPassword = Annotated[
    Password,
    Field(
        description="Not a common password, nor the user's name or address.",
        json_schema_extra={"format": "password", "writeOnly": True, "minLength": SHORTEST},
    ),
]

_hasher = PasswordHash.recommended()
_hash_of_nobody = _hasher.hash(secrets.token_urlsafe())
_queue = default_queue()
_OWN_WORK = Claim(is_known=True)  # not for a caller: it has the whole queue

# Passwords that guessers try first, without the digits and signs at their ends.
_COMMON = frozenset(
    """
    password passwort motdepasse contrasena passw passwd letmein welcome willkommen bienvenue
    admin administrator root login master default secret changeme guest test testtest user
    qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm
    yxcvbnm qazwsx qazwsxedc abc abcd abcdef abcdefgh abcdefghij abcdefghijklmnopqrstuvwxyz
    iloveyou loveyou sunshine princess dragon monkey football baseball basketball superman
    batman starwars pokemon trustno shadow michael jordan jennifer hunter summer winter spring
    autumn sommer herbst fruehling monday freitag friday whatever computer internet samsung
    liverpool chelsea arsenal barcelona ferrari mustang cookie chocolate cheese tenantry
    correcthorsebatterystaple thequickbrownfox
    """.split()  # noqa: SIM905  (words read better than a list of literals)
)
_SIGNS_FOR_LETTERS = str.maketrans("0134@5$7!", "oleaasstl")
_REPEATED = re.compile(r"(.{1,8}?)\1+.{0,3}", re.DOTALL)
_ROWS = ("01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "abcdefghijklmnopqrstuvwxyz")


def require_strong(password: str, *, email: str, name: str | None, field: str = "password") -> None:
    """Raise a problem that names everything that is wrong with a new password."""
    if reasons := weaknesses(password, email=email, name=name):
        raise weak_password(field, reasons)


def weaknesses(password: str, *, email: str, name: str | None) -> list[str]:
    """Return what is wrong with a password, each reason as the end of "The password ..."."""
    text = _normal(password)
    folded = text.casefold()
    reasons: list[str] = []
    if len(text) < SHORTEST:
        reasons.append(f"must have at least {SHORTEST} characters")
    own = {email, email.partition("@")[0], *([name, *name.split()] if name else [])}
    if _bare(folded) in {_bare(_normal(word).casefold()) for word in own}:
        reasons.append("must not be your e-mail address or your name")
    if _is_common(folded):
        reasons.append("is too common")
    return reasons


@contextmanager
def reserve_slot(claim: Claim) -> Generator["Hashing"]:
    """Hold a slot of the queue for hashing; raise 503 when none is free.

    Count the attempt before, in `throttle.refunded_if_busy`.
    """
    with _queue.slot(claim):
        yield Hashing()


def require_room(claim: Claim) -> None:
    """Raise 503 if no slot is free for a claim, before the request costs anything else."""
    _queue.require_room(claim)


class Hashing:
    """A slot of the queue, to hash with: `with passwords.reserve_slot(claim) as hashing`."""

    async def hash(self, password: str) -> str:
        """Return what to store of a password."""
        return await _queue.run(_hasher.hash, _normal(password))

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return whether a password is the stored one, and its new hash if it needs one.

        Hash even if nothing is stored, so that response times do not reveal whether the account
        exists.
        """
        text = _normal(password)
        if stored is None:
            await _queue.run(_hasher.verify, text, _hash_of_nobody)
            return False, None
        return await _queue.run(_hasher.verify_and_update, text, stored)


async def hash_password(password: str, claim: Claim = _OWN_WORK) -> str:
    """Return what to store of a password."""
    with reserve_slot(claim) as hashing:
        return await hashing.hash(password)


async def verify(
    password: str, stored: str | None, claim: Claim = _OWN_WORK
) -> tuple[bool, str | None]:
    """Return what `Hashing.verify` does, with a slot of its own."""
    with reserve_slot(claim) as hashing:
        return await hashing.verify(password, stored)


def _normal(password: str) -> str:
    # Two keyboards may encode the same letters differently.
    return unicodedata.normalize("NFC", password)


def _bare(folded: str) -> str:
    """Return a password without the digits and signs that people append to satisfy a rule."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded) or folded


def _is_common(folded: str) -> bool:
    plain = re.sub(r"[\W_]+", "", folded)
    word = re.sub(r"[\W_]+", "", _bare(folded).translate(_SIGNS_FOR_LETTERS))
    return (
        word in _COMMON
        or _REPEATED.fullmatch(folded) is not None
        or (plain != "" and any(plain in row or plain in row[::-1] for row in _ROWS))
    )
