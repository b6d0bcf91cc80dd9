"""Which passwords are accepted, and how they are hashed."""

import asyncio
import threading

import pytest

from app.auth import passwords

COMMON = "is too common"
OWN = "must not be your e-mail address or your name"


@pytest.mark.parametrize(
    ("password", "reasons"),
    [
        ("correct horse battery", []),
        ("Grüße aus Köln", []),
        ("七転び八起き七転び八起", []),
        ("x7#Kp!m2Qz", []),
        ("!#%&/()=?+*~@", []),
        ("ninechars", ["must have at least 10 characters"]),
        ("e\u0301" * 9, ["must have at least 10 characters", COMMON]),
        ("Password123!", [COMMON]),
        ("P@$$w0rd2026", [COMMON]),
        ("qwertyuiop", [COMMON]),
        ("poiuytrewq", [COMMON]),
        ("1234567890", [COMMON]),
        ("9876543210", [COMMON]),
        ("aaaaaaaaaaaaaaaa", [COMMON]),
        ("abcabcabcabc", [COMMON]),
        ("horsehorse1", [COMMON]),
        ("correct horse battery staple", [COMMON]),
        ("ANN.OBERLY@example.com", [OWN]),
        ("ann.oberly2026", [OWN]),
        ("!!Ann Oberly!!", [OWN]),
        ("password", ["must have at least 10 characters", COMMON]),
    ],
)
def test_weaknesses_are_named(password: str, reasons: list[str]):
    """All of them at once, and nothing that is not wrong."""
    found = passwords.weaknesses(password, email="ann.oberly@example.com", name="Ann Oberly")

    assert found == reasons


async def test_a_hash_is_argon2id_and_matches_its_password_only():
    """It is salted: the same password twice has two hashes."""
    one, two = await asyncio.gather(
        *(passwords.hash_password("a horse on the moon") for _ in range(2))
    )

    assert one.startswith("$argon2id$")
    assert one != two
    assert await passwords.verify("a horse on the moon", one) == (True, None)
    assert await passwords.verify("a horse on the moon ", one) == (False, None)
    assert await passwords.verify("a horse on the moon", None) == (False, None)


async def test_hashing_does_not_block_the_event_loop(monkeypatch: pytest.MonkeyPatch):
    """It runs in a thread: other requests are served meanwhile."""
    threads: list[threading.Thread] = []

    class Hasher:
        def hash(self, password: str) -> str:
            threads.append(threading.current_thread())
            return password

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    await passwords.hash_password("x")

    assert threads[0] is not threading.main_thread()
