"""What the tests know about app/encryption, which has no routes."""

from tests.domains import Domain

DOMAIN = Domain()
