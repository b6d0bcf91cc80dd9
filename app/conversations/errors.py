"""The problems of contacts, conversations and their turns."""

from app.http.problems import Problem


def contact_not_found() -> Problem:
    return Problem(404, "contact_not_found", "There is no such contact.")


def contact_exists() -> Problem:
    return Problem(
        409,
        "contact_exists",
        "Another contact has this phone number, e-mail address or WhatsApp user id.",
    )


def contact_without_key() -> Problem:
    return Problem(
        409,
        "contact_without_key",
        "A contact needs a phone number, an e-mail address or a WhatsApp user id.",
    )


def confirmation_needed() -> Problem:
    return Problem(
        409,
        "confirmation_needed",
        "This erases the contact with all conversations. Repeat the request with confirm=true.",
    )


def conversation_not_found() -> Problem:
    return Problem(404, "conversation_not_found", "There is no such conversation.")


def external_id_taken() -> Problem:
    return Problem(409, "external_id_taken", "A turn of another conversation has this external id.")
