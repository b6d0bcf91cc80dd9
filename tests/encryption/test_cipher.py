"""AES-256-GCM: known vectors, tampering, and values that were moved elsewhere."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.encryption import Encryption, Place, SecretColumn, UnreadableSecret, cipher
from app.kit.encryption_keys import key_id

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
PLACE = Place(
    tenant="019a0000-0000-7000-8000-000000000001",
    column=SecretColumn.WHATSAPP_CONFIG,
    row="019a0000-0000-7000-8000-000000000002",
    field="accessToken",
)


def use_nonce(monkeypatch: pytest.MonkeyPatch, nonce: bytes) -> None:
    def token_bytes(size: int) -> bytes:
        assert size == len(nonce)
        return nonce

    monkeypatch.setattr(cipher.secrets, "token_bytes", token_bytes)


def test_a_vector_of_the_own_format(monkeypatch: pytest.MonkeyPatch):
    """A fixed key, nonce and place give a fixed value: a change would lose all stored secrets."""
    use_nonce(monkeypatch, bytes(range(12)))
    value = Encryption([KEY]).seal("a secret 🔑", PLACE)

    assert value == ("630dcd29.AAECAwQFBgcICQoLJiKlfqaXp2-tsQgfIHsz26pQjqTHiQsdUaviokY")
    assert Encryption([OTHER_KEY, KEY]).open(value, PLACE) == "a secret 🔑"


def test_the_format_is_what_its_description_says():
    """A value is decrypted by hand, from the description of the format alone."""
    id_, _, encoded = Encryption([KEY]).seal("a secret", PLACE).partition(".")
    sealed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    place = "\0".join(
        [PLACE.tenant, "WhatsAppChannel", PLACE.row, "waCloudApiConfig.accessToken"]
    ).encode()

    assert id_ == "630dcd29"  # the first digits of the key's SHA-256
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], place) == b"a secret"


@pytest.mark.parametrize(
    ("key", "nonce", "data", "text", "sealed"),
    [
        # Test case 14 of "The Galois/Counter Mode of Operation", McGrew and Viega.
        (
            "00" * 32,
            "00" * 12,
            "",
            "\0" * 16,
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        ),
        # The first of NIST's gcmEncryptExtIV256 with associated data of 128 bits.
        (
            "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223",
            "d79cf22d504cc793c3fb6c8a",
            "b96baa8c1c75a671bfb2d08d06be5f36",
            "",
            "3e5d486aa2e30b22e040b85723a06e76",
        ),
    ],
)
def test_published_vectors(
    monkeypatch: pytest.MonkeyPatch, key: str, nonce: str, data: str, text: str, sealed: str
):
    """Other implementations of AES-256-GCM produced these; both directions agree with them."""
    use_nonce(monkeypatch, bytes.fromhex(nonce))
    monkeypatch.setattr(Place, "associated_data", bytes.fromhex(data))
    encoded = base64.urlsafe_b64encode(bytes.fromhex(nonce + sealed)).decode().rstrip("=")
    value = f"{key_id(bytes.fromhex(key))}.{encoded}"
    encryption = Encryption([bytes.fromhex(key)])

    assert encryption.seal(text, PLACE) == value
    assert encryption.open(value, PLACE) == text


def test_two_values_of_one_secret_differ():
    """Each has a nonce of its own, so that nobody sees which secrets are equal."""
    encryption = Encryption([KEY])

    assert len({encryption.seal("same", PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "moved",
    [
        replace(PLACE, tenant="019a0000-0000-7000-8000-00000000000f"),
        replace(PLACE, column=SecretColumn.INTEGRATION_CONFIG),
        replace(PLACE, row="019a0000-0000-7000-8000-00000000000f"),
        replace(PLACE, field="appSecret"),
    ],
    ids=["tenant", "table", "row", "field"],
)
def test_a_moved_value_does_not_open(moved: Place):
    """It belongs to one field of one row of one table of one tenant."""
    encryption = Encryption([KEY])
    value = encryption.seal("a secret", PLACE)

    with pytest.raises(UnreadableSecret, match="does not authenticate the value in this place"):
        encryption.open(value, moved)


CHANGES: dict[str, Callable[[str], str]] = {
    "shorter": lambda value: value[:-1],
    "longer": lambda value: value + "A",
    "another byte": lambda value: value[:20] + ("A" if value[20] != "A" else "B") + value[21:],
    "empty": lambda value: value[:9],
    "too short": lambda value: value[:9] + "AAAA",
    "no base64": lambda value: value[:9] + "\u00e9",
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_changed_value_does_not_open(changed: Callable[[str], str]):
    """The tag authenticates every byte."""
    encryption = Encryption([KEY])
    value = changed(encryption.seal("a secret", PLACE))

    with pytest.raises(UnreadableSecret, match="does not authenticate"):
        encryption.open(value, PLACE)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "the value names no key"),
        ("plain text", "the value names no key"),
        (Encryption([OTHER_KEY]).seal("a secret", PLACE), "ENCRYPTION_KEY lacks the key"),
    ],
)
def test_a_value_without_a_configured_key_does_not_open(value: str, reason: str):
    """The error names the place and the key, not the value."""
    with pytest.raises(UnreadableSecret) as caught:
        Encryption([KEY]).open(value, PLACE)

    said = str(caught.value)
    assert reason in said
    assert f"WhatsAppChannel.waCloudApiConfig.accessToken of the row {PLACE.row}" in said
    assert not value or value not in said


def test_the_first_key_encrypts_and_all_decrypt():
    """To rotate, the new key is put first."""
    old = Encryption([KEY]).seal("a secret", PLACE)
    rotated = Encryption([OTHER_KEY, KEY])
    new = rotated.seal("a secret", PLACE)

    assert (old.partition(".")[0], new.partition(".")[0]) == (key_id(KEY), key_id(OTHER_KEY))
    assert rotated.open(old, PLACE) == rotated.open(new, PLACE) == "a secret"


def test_no_repr_contains_a_key():
    """Nothing that a log or a traceback prints tells a key."""
    said = repr(Encryption([KEY])) + str(vars(Encryption([KEY])))

    assert repr(KEY)[2:-1] not in said
    assert KEY.hex() not in said
