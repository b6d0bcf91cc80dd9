"""The URL parameters for TLS and what they mean, for the client and for the `prisma` command alike.

`{name}` in a query is a file of `TlsServer.folder`. An outcome is one of

- `TLS` and `PLAIN`: connected so; `CERTIFIED`: connected by TLS with a certificate of the client's;
- `P1011`: TLS failed, or a certificate could not be verified or read;
- `P1013`: the URL is refused;
- `P1010`: the server's pg_hba.conf refuses the user;
- `HUNG_UP`: the server hangs up after the handshake; its alert may be lost with the connection.

libpq's meanings count for libpq's parameters, the original engine's (5.17) for Prisma's: `sslcert`
alone (the server's authority), `sslaccept`, `sslidentity`. The original ignored `sslrootcert` and
`sslkey`, and took `allow` and `verify-*` for `prefer`.
"""

from typing import Final, NamedTuple

TLS: Final = "TLS"
PLAIN: Final = "PLAIN"
CERTIFIED: Final = "CERTIFIED"
HUNG_UP: Final = "P1011 or P1001"


class Meaning(NamedTuple):
    """What a URL's parameters mean to a user at a host."""

    user: str
    host: str
    query: str
    outcome: str


_KEY = "sslcert={client.crt}&sslkey={client.key}"

MEANINGS: Final = (
    # Whether TLS is used
    Meaning("anyone", "localhost", "", TLS),
    Meaning("anyone", "localhost", "sslmode=disable", PLAIN),
    Meaning("anyone", "localhost", "sslmode=allow", PLAIN),
    Meaning("anyone", "localhost", "sslmode=prefer", TLS),
    Meaning("anyone", "localhost", "sslmode=require", TLS),
    Meaning("tls_only", "localhost", "sslmode=disable", "P1010"),
    Meaning("tls_only", "localhost", "sslmode=allow", TLS),
    Meaning("tls_only", "localhost", "sslmode=prefer", TLS),
    Meaning("plain_only", "localhost", "sslmode=prefer", PLAIN),
    Meaning("plain_only", "localhost", "sslmode=require", "P1010"),
    Meaning("anyone", "localhost", "sslmode=maybe", "P1013"),
    # libpq's authority: `require` verifies it as `verify-ca` does
    Meaning("anyone", "localhost", "sslmode=require&sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "127.0.0.1", "sslmode=require&sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=require&sslrootcert={other_ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslmode=require&sslrootcert={missing.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslmode=verify-ca&sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "127.0.0.1", "sslmode=verify-ca&sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=verify-ca&sslrootcert={other_ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslmode=verify-full&sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "127.0.0.1", "sslmode=verify-full&sslrootcert={ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslmode=verify-full&sslrootcert={other_ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslmode=verify-full", "P1011"),  # no public authority's
    Meaning("anyone", "localhost", "sslmode=verify-ca", "P1011"),
    # To verify an authority, and to do without TLS if that fails, would be to verify nothing
    Meaning("anyone", "localhost", "sslrootcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslrootcert={other_ca.crt}", "P1011"),
    Meaning("plain_only", "localhost", "sslmode=prefer&sslrootcert={ca.crt}", "P1010"),
    Meaning("plain_only", "localhost", "sslmode=allow&sslrootcert={ca.crt}", "P1010"),
    Meaning("anyone", "localhost", "sslmode=disable&sslrootcert={missing.crt}", PLAIN),
    Meaning("anyone", "localhost", "sslmode=&sslrootcert=&sslcert=&sslkey=", TLS),  # not given
    Meaning("anyone", "localhost", "sslrootcert=system", "P1011"),
    Meaning("anyone", "localhost", "sslmode=verify-full&sslrootcert=system", "P1011"),
    Meaning("anyone", "localhost", "sslmode=require&sslrootcert=system", "P1013"),
    # Prisma's parameters
    Meaning("anyone", "localhost", "sslmode=require&sslcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=require&sslcert={other_ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=require&sslcert={missing.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslaccept=strict&sslcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=require&sslaccept=strict", "P1011"),
    Meaning("anyone", "localhost", "sslmode=require&sslaccept=strict&sslcert={ca.crt}", TLS),
    Meaning("anyone", "127.0.0.1", "sslmode=require&sslaccept=strict&sslcert={ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslaccept=strict&sslcert={other_ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslaccept=anything&sslcert={other_ca.crt}", "P1011"),
    Meaning("anyone", "localhost", "sslaccept=accept_invalid_certs&sslcert={other_ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=verify-full&sslcert={ca.crt}", TLS),
    Meaning("anyone", "localhost", "sslmode=verify-ca&sslcert={other_ca.crt}", "P1011"),
    # Of contradicting parameters the stricter one counts
    Meaning("anyone", "127.0.0.1", "sslmode=verify-ca&sslaccept=strict&sslcert={ca.crt}", "P1011"),
    Meaning(
        "anyone", "localhost",
        "sslmode=require&sslaccept=accept_invalid_certs&sslrootcert={other_ca.crt}", "P1011",
    ),
    # Certificates of the client's own
    Meaning("certified", "localhost", "sslmode=require", "P1010"),
    Meaning("certified", "localhost", _KEY, CERTIFIED),
    Meaning("certified", "localhost", f"sslmode=require&{_KEY}", CERTIFIED),
    Meaning("certified", "localhost", f"sslmode=require&{_KEY}&sslrootcert={{ca.crt}}", CERTIFIED),
    Meaning(
        "certified", "localhost", f"sslmode=verify-full&{_KEY}&sslrootcert={{ca.crt}}", CERTIFIED
    ),
    Meaning(
        "certified", "localhost", f"sslmode=require&{_KEY}&sslrootcert={{other_ca.crt}}", "P1011"
    ),
    Meaning(
        "certified", "localhost", f"sslmode=verify-full&{_KEY}", "P1011"  # not its own authority
    ),
    Meaning(
        "certified", "localhost", "sslmode=require&sslcert={other.crt}&sslkey={other.key}", HUNG_UP
    ),
    Meaning(
        "certified", "localhost", "sslmode=require&sslcert={client.crt}&sslkey={other.key}", "P1011"
    ),
    Meaning(
        "certified", "localhost", "sslmode=require&sslcert={client.crt}&sslkey={missing}", "P1011"
    ),
    Meaning(
        "certified", "localhost",
        "sslmode=require&sslcert={client.crt}&sslkey={locked.key}&sslpassword=secret", CERTIFIED,
    ),
    Meaning(
        "certified", "localhost", "sslcert={client.crt}&sslkey={locked.key}&sslpassword=no", "P1011"
    ),
    Meaning("certified", "localhost", "sslcert={client.crt}&sslkey={locked.key}", "P1011"),
    Meaning("certified", "localhost", "sslidentity={client.p12}&sslpassword=secret", CERTIFIED),
    Meaning(
        "certified", "localhost",
        "sslaccept=strict&sslcert={ca.crt}&sslidentity={client.p12}&sslpassword=secret", CERTIFIED,
    ),
    Meaning(
        "certified", "localhost",
        "sslmode=require&sslrootcert={other_ca.crt}&sslidentity={client.p12}&sslpassword=secret",
        "P1011",
    ),
    Meaning("certified", "localhost", "sslidentity={client.p12}&sslpassword=wrong", "P1011"),
    Meaning("certified", "localhost", "sslidentity={missing.p12}", "P1011"),
    # What is given by half, or twice
    Meaning("certified", "localhost", "sslmode=require&sslkey={client.key}", "P1013"),
    Meaning("certified", "localhost", "sslcert={client.crt}&sslrootcert={ca.crt}", "P1013"),
    Meaning("certified", "localhost", f"{_KEY}&sslidentity={{client.p12}}", "P1013"),
)  # fmt: skip
