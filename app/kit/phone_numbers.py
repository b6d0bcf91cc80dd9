"""Phone numbers in the form of E.164: +4930123456."""

import re

import phonenumbers

# Fewer digits are a number only within a country or a town.
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
MAX_LENGTH = 50  # of what people write, with spaces and brackets


def to_e164(text: str) -> str | None:
    """Return a number with a country code as E.164 writes it, or None if there can be none such."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return formatted if _E164.fullmatch(formatted) else None


def from_network(digits: str) -> str | None:
    """Return the number that a telephone network calls somebody by, or None if it is malformed.

    The network knows better than a numbering plan whether there is such a number: WhatsApp keeps
    those of plans that have changed, as in Mexico and Benin.
    """
    text = f"+{digits}"
    return (to_e164(text) or text) if _E164.fullmatch(text) else None
