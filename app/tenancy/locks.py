"""Row locks, and the one order in which transactions take them, so that they cannot deadlock.

1. `User`: the one user who joins a workspace or an organization, becomes its owner or deletes their
   account.
2. `Workspace`; the deletion of an account locks several, in the order of their ids.
3. `Organization`, likewise. Only the deletion of an account locks both kinds.
4. Rows that belong to the workspace or the organization: members, invitations, transfers, projects.
5. `Session`, which triggers update when a membership ends.

A transaction may skip steps, but never go back. Rows that refer to a locked row may be written at
any step: foreign keys only conflict with deletions, which hold these locks as well.
"""

from prisma import Prisma


async def lock_user(tx: Prisma, user: str) -> bool:
    """Lock the row of the caller or of a colleague until the transaction ends.

    Meanwhile they join and own nothing else, and cannot delete their account. Return False if there
    is no such user any more.
    """
    found = await tx.query_first('SELECT lock_user($1::uuid) AS "found"', user)
    return bool(found["found"])
