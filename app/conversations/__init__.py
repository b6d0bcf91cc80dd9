"""Conversations with contacts: the helpers that others build on."""

from app.conversations.contact_keys import Person, find_or_create
from app.conversations.races import has_lost_race, run_until_won
from app.conversations.schemas import MAX_TEXT
from app.conversations.turns import TurnToAppend, append

__all__ = [
    "MAX_TEXT",
    "Person",
    "TurnToAppend",
    "append",
    "find_or_create",
    "has_lost_race",
    "run_until_won",
]
