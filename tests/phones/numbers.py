"""Phone numbers that nobody else in the tests has, and the credentials that belong to them."""

import itertools
import os
from typing import Any

SECRET = "sip-secret-of-a-studio"
CREDENTIALS = {"user": "studio", "realm": "sip.example.com", "secret": SECRET}

_numbers = itertools.count(os.getpid() * 1000 % 10**8)


def fresh_number() -> str:
    """Return a number in the form of E.164 that was not returned before."""
    return f"+4930{next(_numbers) % 10**8:08}"


def new_number() -> dict[str, Any]:
    """Return a body that creates a phone number."""
    return {"number": fresh_number(), "sipCredentials": CREDENTIALS}
