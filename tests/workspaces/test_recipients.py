"""How many mails one recipient gets because of others."""

from app.mail import mailbox
from tests.fix_api import Api
from tests.fix_team import Team, make_team


async def test_senders_share_a_limit_for_each_recipient(api: Api, team: Team):
    """No other workspace, sender, kind of mail or tag gets around it; others still get theirs."""
    other = await make_team(api, "blue")
    victim = team.member
    offered = await team.owner.post(f"{team.path}/transfer", {"userId": victim.id})
    assert offered.status_code == 201
    invited = await other.admin.post(f"{other.path}/invitations", {"email": victim.email})
    assert invited.status_code == 201
    (counter,) = await api.owner.throttle.find_many(
        where={"key": {"startswith": "mails of others to recipient "}}
    )
    assert counter.count == 2
    await api.owner.throttle.update_many(where={"key": counter.key}, data={"count": 20})
    await team.owner.delete(f"{team.path}/transfer")

    local, _, domain = victim.email.partition("@")
    refused = [
        await team.owner.post(f"{team.path}/transfer", {"userId": victim.id}),
        await other.owner.post(f"{other.path}/invitations", {"email": f"{local}+tag@{domain}"}),
    ]

    assert [answer.status_code for answer in refused] == [429, 429]
    assert int(refused[0].headers["retry-after"]) > 3600
    somebody = {"email": "somebody@example.com"}
    assert (await other.owner.post(f"{other.path}/invitations", somebody)).status_code == 201


def test_addresses_that_differ_in_their_tags_share_a_mailbox():
    """What precedes the first plus sign counts, if anything does."""
    assert mailbox("ann+a+b@example.com") == mailbox("ann@example.com") == "ann@example.com"
    assert mailbox("+a@example.com") == "+a@example.com"
    assert mailbox("ann@a+b.example") == "ann@a+b.example"
