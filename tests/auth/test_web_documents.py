"""Rows of the table `session` that name no session of ours: other applications share the table."""

import json
from datetime import timedelta
from typing import Any

from tests.auth.browsing import browser, log_in_by, sign
from tests.fix_api import Api, Person

SID = "a sid of Express"
DEEP = 3_000  # levels, which PostgreSQL stores and Python's parser refuses


def foreign_documents(ann: Person, ben: Person) -> dict[str, str]:
    """Return documents that name no session of their user, by what is wrong with them."""
    own: dict[str, Any] = {"cookie": {}, "userId": ann.id, "sessionId": ann.session}
    documents: dict[str, Any] = {
        "an empty object": {},
        "express-session's own keys only": {"cookie": {"originalMaxAge": None}},
        "a list": [own],
        "a list of pairs": [["userId", ann.id], ["sessionId", ann.session]],
        "a number": 1,
        "a text": json.dumps(own),
        "true": True,
        "null": None,
        "no user": own | {"userId": None},
        "no session": own | {"sessionId": None},
        "numbers": own | {"userId": 1, "sessionId": 2},
        "lists": own | {"userId": [ann.id], "sessionId": [ann.session]},
        "objects": own | {"userId": {"id": ann.id}},
        "an id that is no UUID": own | {"sessionId": "1"},
        "a UUID in capitals": own | {"sessionId": ann.session.upper()},
        "an id with a NUL": own | {"userId": f"{ann.id}\0"},
        "half of a surrogate pair": own | {"userId": "\ud800"},
        "SQL": own | {"sessionId": "' OR true --"},
        "a session of nobody": own | {"sessionId": ann.id},
        "another user's session": own | {"sessionId": ben.session},
        "another user": own | {"userId": ben.id},
        "our keys further down": {"user": own},
        "a document of two megabytes": own | {"more": "x" * 2_000_000},
    }
    return {
        **{name: json.dumps(document) for name, document in documents.items()},
        "a deep document": "[" * DEEP + "]" * DEEP,
        "a long number": "9" * 10_000,
    }


async def test_a_document_that_is_not_ours_is_no_session(api: Api):
    """The answer is that to a caller without credentials; the row stays as it is."""
    nobody = await api.anonymous.get("/v1/me")
    documents = foreign_documents(await api.person("ann"), await api.person("ben"))
    for name, document in documents.items():
        await api.write_web_session(name, document)
        client = browser(api, sign(api, name))
        for answer in (await client.get("/v1/me"), await client.post("/v1/auth/log-out")):
            assert answer.status_code == 401, name
            assert (answer.text, answer.headers) == (nobody.text, nobody.headers), name
        row = await api.owner.query_first(
            'SELECT sess::text AS "sess" FROM "session" WHERE sid = $1', name
        )
        assert row["sess"] == document, name
    assert await api.owner.session.count() == 2


async def test_a_log_in_replaces_it(api: Api):
    """Whatever the row of the cookie was, it is deleted, and nobody's session with it."""
    documents = foreign_documents(await api.person("ann"), await api.person("ben"))
    for name, document in documents.items():
        await api.write_web_session(name, document)
        assert (await log_in_by(browser(api, sign(api, name)))).status_code == 200, name
        assert await api.owner.websession.find_unique(where={"sid": name}) is None, name
        await api.owner.throttle.delete_many()

    assert await api.owner.session.count() == 2 + len(documents)


async def test_an_expired_row_is_no_session(api: Api):
    """It is refused whether swept or not."""
    ann = await api.person("ann")
    own = json.dumps({"userId": ann.id, "sessionId": ann.session})
    for sid, seconds, status in (("past", -1, 401), ("future", 60, 200)):
        await api.write_web_session(sid, own, expires=timedelta(seconds=seconds))
        assert (await browser(api, sign(api, sid)).get("/v1/me")).status_code == status
