"""The database role of the service: it owns nothing, so that row-level security applies to it."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlsplit, urlunsplit

from prisma import Prisma

from app.kit.errors import OperatorError

SCRAM_ITERATIONS = 4096  # PostgreSQL's default

# Commands that no policy of a table allows are not granted either, so that they raise an error.
_NEVER_ALLOWED = """
    SELECT relname::text AS "table", command
    FROM pg_class,
        unnest(ARRAY['r', 'a', 'w', 'd'], ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
            AS commands (letter, command)
    WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace AND NOT EXISTS (
        SELECT FROM pg_policy
        WHERE polrelid = pg_class.oid AND polcmd::text IN ('*', commands.letter)
    )
    ORDER BY relname, command
"""


class RoleError(OperatorError):
    """The role cannot be prepared; the message says why, and who can correct it."""


def password(secret_key: str, role: str) -> str:
    """Derive the role's password, so that only the secret key has to be stored."""
    digest = hmac.digest(secret_key.encode(), f"database role {role}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def login_url(owner_url: str, role: str, password: str) -> str:
    """Return `owner_url` with another user and password."""
    parts = urlsplit(owner_url)
    hosts = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{hosts}"
    return urlunsplit(parts._replace(netloc=netloc))


async def databases_elsewhere(owner: Prisma, role: str) -> list[str]:
    """Return the other databases of the server in which the role has rights."""
    rows = await owner.query_raw(
        """
        SELECT DISTINCT datname::text AS "name"
        FROM pg_shdepend JOIN pg_database AS found
            ON found.oid = dbid OR classid = 'pg_database'::regclass AND objid = found.oid
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole($1)
            AND datname <> current_database()
        ORDER BY "name"
        """,
        f'"{role}"',
    )
    return [row["name"] for row in rows]


async def prepare(owner: Prisma, *, role: str, password: str) -> None:
    """Create the role and grant it rights on the tables; a second run changes nothing."""
    async with owner.tx() as tx:
        await tx.execute_raw(
            "SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('database role'))"
        )
        state = await tx.query_first(
            """
            SELECT
                EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "exists",
                (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
                    AS "mayCreate",
                current_user::text AS "owner",
                current_database()::text AS "database",
                current_schema()::text AS "schema",
                to_regclass('_prisma_migrations') IS NOT NULL AS "migrated"
            """,
            role,
        )
        if state["schema"] is None:
            raise RoleError(
                f"{state['owner']} may use no schema of the database {state['database']}. "
                "Let DATABASE_URL or DIRECT_URL name the owner of the tables."
            )
        name = _identifier(role)
        if state["mayCreate"]:
            verb = "ALTER" if state["exists"] else "CREATE"
            await tx.execute_raw(statement(verb, role, password))  # pyright: ignore[reportArgumentType]  # utility statements take no parameters
        elif not state["exists"]:
            raise RoleError(
                f"The database role {role} does not exist and {state['owner']} may not create it. "
                f"Let an administrator run: {statement('CREATE', role, password)}; "
                "or name another login in APP_DATABASE_URL."
            )
        statements = _grants(name, state["database"], state["schema"])
        if state["migrated"]:
            statements.append(f"REVOKE ALL ON _prisma_migrations FROM {name}")
        statements += [
            f"REVOKE {row['command']} ON {_identifier(row['table'])} FROM {name}"
            for row in await tx.query_raw(_NEVER_ALLOWED)
        ]
        for grant in statements:
            await tx.execute_raw(grant)  # pyright: ignore[reportArgumentType]  # built from quoted identifiers


def statement(verb: str, role: str, password: str) -> str:
    """Return the statement that creates or alters the role; it contains only a verifier."""
    return (
        f"{verb} ROLE {_identifier(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS "
        f"PASSWORD '{scram_verifier(password)}'"
    )


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """Return what PostgreSQL stores for a password, so that no log ever contains the password."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (
        base64.b64encode(part).decode() for part in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"


def _grants(role: str, database: str, schema: str) -> list[str]:
    schema = _identifier(schema)
    rows = "SELECT, INSERT, UPDATE, DELETE"
    return [
        f"GRANT CONNECT ON DATABASE {_identifier(database)} TO {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        # For the tables that this owner's later migrations create.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rows} ON TABLES TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    ]


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
