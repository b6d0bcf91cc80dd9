"""A generated package as the engine sees it: its schema, its pydantic models, its exceptions.

Custom output folders are copies of the whole client, with classes of their own. Everything that the
engine raises or looks up goes through the package that asks.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from prisma_wasm.engine import Target
from prisma_wasm.errors import QueryError
from prisma_wasm.forking import renew_in_child
from prisma_wasm.inputs import Inputs
from prisma_wasm.observe.logs import log_failure
from prisma_wasm.protocol import Known
from prisma_wasm.record_types import Client, RecordType, record_type
from prisma_wasm.schema import Schema, read
from prisma_wasm.serializers import Serializers

if TYPE_CHECKING:
    from prisma_wasm.plans import Plans

log = logging.getLogger(__name__)

WASM_NAME: Final = "query_compiler.wasm"
_UNUSED_SCHEMAS: Final = 4


class ModelTables:
    """Which fields of a pydantic model are columns, and which lead to other models.

    The generated package's own query builder answers, once for each class: models may be partial,
    subclassed, or the user's own.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        self._known: weakref.WeakKeyDictionary[type[Any], Known] = weakref.WeakKeyDictionary()

    def known(self, model: type[Any]) -> Known:
        known = self._known.get(model)
        if known is None:
            if isinstance(model, RecordType):
                return model.known
            builder = self._package.builder(model)
            name, fields = str(model.__prisma_model__), builder.get_default_fields(model)
            known = self._known[model] = Known(name, fields)
        return known

    def related(self, model: type[Any], field: str) -> type[Any]:
        if isinstance(model, RecordType):
            return cast("type[Any]", model.related(field))
        builder = self._package.builder(model)
        found = builder.get_relational_model(current_model=model, field=field)
        self.known(model).relate(field, found)
        return found


class Package:
    """One generated package."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = importlib.import_module(name)
        if self.root.__file__ is None:
            raise ImportError(f"The package {name} has no folder.")
        self.folder = Path(self.root.__file__).parent
        # An application may remove modules from sys.modules and import the client again: those
        # that this package began with are its own for as long as a client of it lives.
        self._modules = {
            module: loaded
            for module, loaded in sys.modules.items()
            if module.startswith(f"{name}.")
        }
        self._target: Target | None = None
        # Of a schema in the database that no client uses any more, the plans go too, but not at
        # once: clients come back.
        self._plans: weakref.WeakValueDictionary[str, Plans] = weakref.WeakValueDictionary()
        self._recent: deque[Plans] = deque(maxlen=_UNUSED_SCHEMAS)
        self._schema: Schema | None = None
        self._client: Client | None = None
        self._lock = threading.Lock()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    @property
    def schema(self) -> Schema:
        if self._schema is None:
            text = (self.folder / "schema.prisma").read_text(encoding="utf-8")
            self._schema = read(text)
        return self._schema

    def module(self, name: str) -> ModuleType:
        """Return a module of the package, as it was when the package was imported."""
        full_name = f"{self.name}.{name}"
        return self._modules.get(full_name) or importlib.import_module(full_name)

    def target(self) -> Target:
        """What every engine of this package shares."""
        with self._lock:
            if self._target is None:
                serializers = Serializers(lambda: self.module("_builder").serializer)
                inputs = Inputs(self.schema, serializers)
                self._target = Target(inputs, ModelTables(self), self.plans)
            return self._target

    def plans(self, schema_name: str) -> Plans:
        """The plans for databases whose tables are in the PostgreSQL schema of this name."""
        # What only imports a client, as every `prisma` command does, shall not pay for wasmtime.
        from prisma_wasm.compiler import Compiler
        from prisma_wasm.plans import Plans

        with self._lock:
            plans = self._plans.get(schema_name)
            if plans is None:
                wasm = self.folder / WASM_NAME
                if not wasm.is_file():
                    raise FileNotFoundError(
                        f"The query compiler is not beside the generated client ({wasm})."
                        " Run `prisma generate`."
                    )
                compiler = Compiler(wasm, self.schema.datamodel, schema_name)
                plans = self._plans[schema_name] = Plans(compiler)
            if plans not in self._recent:
                self._recent.append(plans)
            return plans

    def record_type(self, model: type[Any], type_: Any) -> RecordType:
        """How to ask for records of a type that is not the model's own."""
        if self._client is None:
            enums, fields = self.module("enums"), self.module("fields")
            types: dict[str, type[Any]] = {"Base64": fields.Base64}
            types |= {name: getattr(enums, name) for name in self.schema.enums}
            parse = self.module("actions").model_parse
            self._client = Client(self.name, self.schema, parse, types, self._unknown_relation)
        return record_type(self._client, self.target().models.known(model).name, type_)

    def _unknown_relation(self, model: str, field: str) -> Exception:
        return self.error("errors", "UnknownRelationalFieldError")(model=model, field=field)

    def builder(self, model: type[Any]) -> Any:
        """The package's own query builder, which knows and checks its models."""
        metadata = self.module("metadata")
        return self.module("_builder").QueryBuilder(
            method="find_many",
            arguments={},
            model=model,
            prisma_models=metadata.PRISMA_MODELS,
            relational_field_mappings=metadata.RELATIONAL_FIELD_MAPPINGS,
        )

    def fail(self, query: str, error: QueryError) -> NoReturn:
        """Log that a query failed, and raise the package's own exception for it."""
        log_failure(query, error)
        utils = self.module("engine.utils")
        try:
            utils.handle_response_errors(None, [error.as_answer()])
        except Exception as raised:
            raised.__cause__ = error
            raised.__suppress_context__ = True
            raise
        raise AssertionError("handle_response_errors always raises") from error

    def error(self, module: str, name: str) -> Callable[..., Exception]:
        """An exception class of the package."""
        return getattr(self.module(module), name)


def given_url(override: str | None, schema: Schema) -> str | None:
    """Return the database's URL if it is given: by the client, the schema or the environment."""
    if override:
        return override
    kind, value = schema.url
    return value if kind == "literal" else os.environ.get(value)


def project_url(schema: Schema, schema_path: Path) -> str:
    """Return the URL of the project's embedded database. Blocks while its server starts."""
    from prisma_wasm import config

    _kind, value = schema.url

    for start in (schema_path.parent, Path.cwd()):
        url = config.database_url(start, os.environ, value)
        if url:
            return url
    raise QueryError(
        "P1012",
        f"error: Environment variable not found: {value}. Set it, give the client a `datasource`,"
        ' or use the embedded server: `database = "embedded"` under [tool.prisma-wasm] in'
        " pyproject.toml.",
    )


_packages: dict[str, Package] = {}
_packages_lock: Final = threading.Lock()


def package_of(module: str) -> Package:
    """The generated package that a client's module belongs to."""
    name = module.rpartition(".")[0]
    with _packages_lock:
        package = _packages.get(name)
        if package is None or package.root is not sys.modules.get(name):
            package = _packages[name] = Package(name)
        return package
