"""Any name and any address: generated examples."""

from email.utils import parseaddr

import pytest

pytest.importorskip("hypothesis", reason='it comes with `pip install -e ".[dev]"`')

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.kit import addresses, characters
from tests.kit.test_schemas import EMAIL, NAME


@given(st.text(min_size=1, max_size=20))
def test_an_accepted_name_is_stable_and_visible(value: str):
    try:
        name = NAME.validate_python(value)
    except ValidationError:
        return
    assert NAME.validate_python(name) == name
    assert any(characters.is_visible(char) for char in name)


@given(st.from_regex(r"[!-~]{1,12}@[a-z=?.<>]{1,8}\.com", fullmatch=True))
def test_an_accepted_address_reads_the_same_everywhere(value: str):
    """It has one form, and parsing it as a header finds exactly it."""
    try:
        address = EMAIL.validate_python(value)
    except ValidationError:
        return
    assert EMAIL.validate_python(address) == address
    assert parseaddr(address) == ("", address)
    assert addresses.is_unambiguous(address)
