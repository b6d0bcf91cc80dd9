"""Row locks, and the one order in which transactions take them, so that they cannot deadlock.

1. The advisory lock of global roles, which changes of roles take alone; starting impersonations and
   managing tenants share it. The command that makes a tenant of a workspace has one of its own.
2. `User`: the one user who joins a workspace or an organization, becomes its owner or deletes their
   account.
3. `Workspace`; the deletion of an account locks several, in the order of their ids.
4. `Organization`, likewise. Only the deletion of an account locks both kinds.
5. `Tenant`; no transaction locks it and a tenancy of another kind.
6. Rows that belong to the workspace, the organization or the tenant: members, invitations,
   transfers, projects, users of the tenant and after them its workout plans.
7. `Session`, which triggers update when a membership ends, and `TenantSession`.
8. `ImpersonationSession`, several in the order of their ids: triggers lock those that a consent, a
   membership or a session takes with it. The end of one deletes its row of `Session` without
   waiting: whoever has locked that deletes it too.
9. `EncryptionKey`, which triggers lock when a secret is stored.

Whoever deletes a user of a tenant, or changes their address, deletes their sessions before: a
refresh locks a session and then refers to its user.

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
