"""The names of a new domain: derived from one plural word, checked before anything is written."""

import builtins
import keyword
import re
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

TENANCIES = ("workspace", "organization")
# What the templates say about a workspace, and what it is called in an organization, in this order.
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


class ScaffoldError(OperatorError):
    """The domain cannot be scaffolded; the message says what to change."""


@dataclass(frozen=True)
class Names:
    """What the parts of a domain are called: `phone_numbers` has the model `PhoneNumber`."""

    plural: str
    singular: str
    tenancy: str = "workspace"

    @property
    def model(self) -> str:
        return "".join(word.title() for word in self.singular.split("_"))

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
        if self.tenancy == "organization":
            for word, other in _IN_ORGANIZATION.items():
                text = text.replace(word, other)
        return text


def names_of(plural: str, *, singular: str | None = None, tenancy: str = "workspace") -> Names:
    """Return the names of a domain; raise ScaffoldError for a word that cannot be one."""
    for word in (plural, singular) if singular is not None else (plural,):
        if not _SHAPE.fullmatch(word) or len(word) > _LONGEST:
            raise ScaffoldError(
                f"{word!r} cannot be a domain's name: use lower-case letters, with underscores "
                f"between words and {_LONGEST} characters at most, as in `phone_numbers`."
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
