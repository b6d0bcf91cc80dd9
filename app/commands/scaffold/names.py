"""The names of a new domain: derived from one plural word, checked before anything is written."""

import builtins
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.kit.errors import OperatorError

_LONGEST = 30
_SHAPE = re.compile(r"[a-z]+(?:_[a-z]+)*")
# Names that the generated Prisma client imports or defines itself.
_OF_THE_CLIENT = frozenset(
    """
    any base base64 batch client date datetime decimal dict enum field fields generic http json
    list literal mapping model optional prisma query sequence set tuple type types typing union
    unset page role scope
    """.split()  # noqa: SIM905  (words read better than a list of literals)
)

# Words that end with an s in the singular too.
_NO_PLURALS = frozenset({"gas", "lens", "means", "news", "series", "species"})

# What the templates say about a workspace, and what it is called in another tenancy, in this order.
_IN_ORGANIZATION = {
    "WorkspaceRole.member": "OrgRole.MEMBER",
    "WorkspaceRole": "OrgRole",
    "MemberScope": "OrgMemberScope",
    "@db.VarChar(20)": "@db.Uuid",
    "VARCHAR(20)": "UUID",
    "team.id": "team.organization.id",
    "team.path": "team.organization.path",
    "team.actions": "team.organization.actions",
    "a workspace": "an organization",
    "Workspace": "Organization",
    "workspace": "organization",
}
_IN_TENANT = {
    "WorkspaceRole.member": "TenantUserRole.STAFF",
    "WorkspaceRole": "TenantUserRole",
    "MemberScope": "TenantStaffScope",
    "Roles": "TenantRoles",
    "@db.VarChar(20)": "@db.Uuid",
    "VARCHAR(20)": "UUID",
    "User?": "TenantUser?",
    '"User"': '"TenantUser"',
    '"user"': '"tenantUser"',
    "{user}": "{tenantUser}",
    "ann.user": "ann.tenant_user",
    "holder.user": "holder.tenant_user",
    "team.api.owner.user.": "team.api.owner.tenantuser.",
    "team.id": "team.tenant.id",
    "team.path": "team.tenant.path",
    "team.actions": "team.tenant.actions",
    "team.owner": "team.tenant.admin",
    "each.owner": "each.tenant.admin",
    "team.admin": "team.tenant.admin",
    "team.member": "team.tenant.staff",
    "Workspace": "Tenant",
    "workspace": "tenant",
}
# What each tenancy is called in the templates. Lines that begin with <<membership>> are for those
# of which users of the service are members, lines that begin with <<tenant>> for the others.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "workspace": {},
    "organization": _IN_ORGANIZATION,
    "tenant": _IN_TENANT,
}
TENANCIES = tuple(_WORDS)
_LINE = re.compile(r"^<<(membership|tenant)>>(.*\n)", re.MULTILINE)


class ScaffoldError(OperatorError):
    """The domain cannot be scaffolded; the message says what to change."""


@dataclass(frozen=True)
class Names:
    """What the parts of a domain are called: `meeting_rooms` has the model `MeetingRoom`."""

    plural: str
    singular: str
    tenancy: str = "workspace"

    @property
    def model(self) -> str:
        return "".join(word.title() for word in self.singular.split("_"))

    @property
    def author(self) -> str:
        """Return the model of who writes its rows."""
        return "TenantUser" if self.tenancy == "tenant" else "User"

    @property
    def models(self) -> str:
        return "".join(word.title() for word in self.plural.split("_"))

    def replacements(self) -> dict[str, str]:
        """Return what the placeholders of the templates stand for."""
        return {
            "plural": self.plural,
            "singular": self.singular,
            "Model": self.model,
            "Models": self.models,
            "accessor": self.model.lower(),
            "field": _lower_first(self.models),
            "itemId": f"{_lower_first(self.model)}Id",
            "path": self.plural.replace("_", "-"),
            "words": self.plural.replace("_", " "),
            "word": self.singular.replace("_", " "),
            "a": "an" if self.singular[0] in "aeiou" else "a",
        }

    def in_tenancy(self, text: str) -> str:
        """Return what a template, which is written for a workspace, says in this tenancy."""
        kind = "tenant" if self.tenancy == "tenant" else "membership"
        text = _LINE.sub(lambda found: found[2] if found[1] == kind else "", text)
        for word, other in _WORDS[self.tenancy].items():
            text = text.replace(word, other)
        return text


def names_of(plural: str, *, singular: str | None = None, tenancy: str = "workspace") -> Names:
    """Return the names of a domain; raise ScaffoldError for a word that cannot be one."""
    for word in (plural, singular) if singular is not None else (plural,):
        if not _SHAPE.fullmatch(word) or len(word) > _LONGEST:
            raise ScaffoldError(
                f"{word!r} cannot be a domain's name: use lower-case letters, with underscores "
                f"between words and {_LONGEST} characters at most, as in `meeting_rooms`."
            )
    names = Names(plural, singular or _singular_of(plural), tenancy)
    if names.singular == plural:
        raise ScaffoldError("The singular must differ from the plural, which names the package.")
    for word in (names.plural, names.singular):
        if keyword.iskeyword(word) or word in dir(builtins) or word in _OF_THE_CLIENT:
            raise ScaffoldError(f"{word!r} has a meaning in Python or in the client: rename it.")
    return names


def _singular_of(plural: str) -> str:
    if plural.split("_")[-1] in _NO_PLURALS or plural.endswith(("is", "us")):
        raise ScaffoldError(
            f"{plural!r} looks like a singular: name both, as in `tenantry new-domain news_items` "
            "or with --singular."
        )
    if plural.endswith("ies") and len(plural) > 4:
        return f"{plural[:-3]}y"
    if plural.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return plural[:-2]
    if plural.endswith("s") and not plural.endswith("ss") and len(plural) > 2:
        return plural[:-1]
    raise ScaffoldError(
        f"{plural!r} is not a plural whose singular is known: name it, as in "
        "`tenantry new-domain people --singular person`."
    )


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
