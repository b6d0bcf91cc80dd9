"""Passwords: what they have to be, and how they are kept."""

import asyncio
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

from pwdlib import PasswordHash
from pydantic import Field, StringConstraints

from app.auth.errors import weak_password

ResultT = TypeVar("ResultT")

SHORTEST = 10
LONGEST = 256

# As it was typed: spaces at its ends belong to it.
Password = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=LONGEST),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
# The least length is only described: `require_strong` tells it with all else that is wrong.
NewPassword = Annotated[
    Password,
    Field(
        description="Not one that is guessed first, nor one's name or address.",
        json_schema_extra={"format": "password", "writeOnly": True, "minLength": SHORTEST},
    ),
]

_hasher = PasswordHash.recommended()
_nobodys = _hasher.hash(secrets.token_urlsafe())
# Each takes a processor and 64 MiB; more at once would only make all of them slow.
_threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="passwords")

# What is left of the passwords that are tried first, once digits and signs at their ends are gone.
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
    """Raises a problem that says all that is wrong with a new password."""
    if reasons := weaknesses(password, email=email, name=name):
        raise weak_password(field, reasons)


def weaknesses(password: str, *, email: str, name: str | None) -> list[str]:
    """What speaks against a password, each as the end of "The password ..."."""
    text = _normal(password)
    folded = text.casefold()
    reasons: list[str] = []
    if len(text) < SHORTEST:
        reasons.append(f"must have at least {SHORTEST} characters")
    own = {email, email.partition("@")[0], *([name, *name.split()] if name else [])}
    if _bare(folded) in {_bare(_normal(word).casefold()) for word in own}:
        reasons.append("must not be your e-mail address or your name")
    if _is_common(folded):
        reasons.append("is one of those that are guessed first")
    return reasons


async def hash_password(password: str) -> str:
    """What is stored of a password."""
    return await _in_thread(_hasher.hash, _normal(password))


async def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether a password is the one that was stored, and if it is to be stored anew, as what.

    Without a stored one it takes as long as with one, so that nobody can tell by the time.
    """
    text = _normal(password)
    if stored is None:
        await _in_thread(_hasher.verify, text, _nobodys)
        return False, None
    return await _in_thread(_hasher.verify_and_update, text, stored)


async def _in_thread(work: Callable[..., ResultT], *arguments: str) -> ResultT:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)


def _normal(password: str) -> str:
    # The same letters may be typed in two ways, by two keyboards.
    return unicodedata.normalize("NFC", password)


def _bare(folded: str) -> str:
    """Without the digits and signs at the ends that people add to please a rule."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded) or folded


def _is_common(folded: str) -> bool:
    plain = re.sub(r"[\W_]+", "", folded)
    word = re.sub(r"[\W_]+", "", _bare(folded).translate(_SIGNS_FOR_LETTERS))
    return (
        word in _COMMON
        or _REPEATED.fullmatch(folded) is not None
        or (plain != "" and any(plain in row or plain in row[::-1] for row in _ROWS))
    )
