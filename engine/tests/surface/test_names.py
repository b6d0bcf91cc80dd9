"""The names that applications import, and what each of them is."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest

# Module of the generated package, its names, and what they are: a class, a function, or a value.
NAMES = [
    ("", "Prisma Client", "class"),
    ("", "Json Base64", "class"),
    ("", "register get_client load_env validate", "function"),
    ("", "errors types models bases partials enums actions fields client engine", "module"),
    ("", "Metrics Metric MetricHistogram", "class"),
    ("", "config PrismaMethod __version__ ENGINE_TYPE SCHEMA_PATH BINARY_PATHS", "value"),
    ("client", "Prisma Client Batch SyncBasePrisma AsyncBasePrisma", "class"),
    ("client", "register get_client load_env", "function"),
    ("client", "RegisteredClient BINARY_PATHS ENGINE_TYPE SCHEMA_PATH", "value"),
    ("models", "User Post", "class"),
    ("bases", "BaseUser BasePost _PrismaModel", "class"),
    ("enums", "Role", "class"),
    ("actions", "UserActions PostActions", "class"),
    ("fields", "Json Base64", "class"),
    (
        "types",
        (
            "UserCreateInput UserCreateWithoutRelationsInput UserUpdateInput UserWhereInput"
            " UserWhereUniqueInput UserInclude UserUpsertInput UserUpdateManyMutationInput"
            " UserScalarFieldKeys UserOrderByInput PostCreateInput PostListRelationFilter"
            " UserRelationFilter FindManyPostArgsFromUser PostCreateManyNestedWithoutRelationsInput"
            " HttpConfig DatasourceOverride StringFilter IntFilter DateTimeFilter JsonFilter"
            " SortOrder SortMode Serializable MetricsFormat"
        ),
        "value",
    ),
    (
        "errors",
        (
            "PrismaError DataError UniqueViolationError ForeignKeyViolationError"
            " MissingRequiredValueError RawQueryError TableNotFoundError RecordNotFoundError"
            " FieldNotFoundError InputError ClientNotConnectedError ClientNotRegisteredError"
            " ClientAlreadyRegisteredError HTTPClientClosedError TransactionError"
            " TransactionExpiredError TransactionNotStartedError PrismaWarning"
            " UnsupportedDatabaseError UnsupportedListTypeError BuilderError InvalidModelError"
            " UnknownModelError UnknownRelationalFieldError GeneratorError"
        ),
        "class",
    ),
    (
        "engine.errors",
        (
            "EngineError BinaryNotFoundError MismatchedVersionsError EngineConnectionError"
            " EngineRequestError AlreadyConnectedError NotConnectedError UnprocessableEntityError"
        ),
        "class",
    ),
    ("engine", "AbstractEngine AsyncAbstractEngine SyncAbstractEngine QueryEngine", "class"),
    ("engine.utils", "query_engine_name ensure handle_response_errors", "function"),
    ("engine.http", "HTTPEngine", "class"),
    ("engine.query", "QueryEngine", "class"),
    ("binaries.platform", "binary_platform name check_for_extension", "function"),
    ("cli", "main", "function"),
    ("cli.prisma", "run", "function"),
    ("generator", "BaseGenerator GenericGenerator Generator Manifest GenericData", "class"),
    ("generator.models", "Config Module Model Field Datasource", "class"),
    ("testing", "reset_client unregister_client", "function"),
    ("utils", "async_run get_or_create_event_loop temp_env_update setup_logging", "function"),
    ("_compat", "model_parse model_dict model_json model_fields", "function"),
    ("_compat", "PYDANTIC_V2", "value"),
    ("_types", "HttpConfig DatasourceOverride BaseModelT TransactionId PrismaMethod", "value"),
    ("_config", "Config", "class"),
    ("_raw_query", "deserialize_raw_results", "function"),
    ("_builder", "QueryBuilder Node Selection", "class"),
    ("_builder", "serializer dumps serialize_base64", "function"),
    ("_registry", "register get_client", "function"),
    ("_transactions", "AsyncTransactionManager SyncTransactionManager", "class"),
    ("metadata", "PRISMA_MODELS RELATIONAL_FIELD_MAPPINGS", "value"),
    ("http", "HTTP Response", "class"),
]

KINDS: dict[str, Callable[[object], bool]] = {
    "class": inspect.isclass,
    "function": callable,
    "module": inspect.ismodule,
    "value": lambda value: value is not None,
}


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [(module, name, kind) for module, names, kind in NAMES for name in names.split()],
)
def test_what_applications_import(prisma: Any, module: str, name: str, kind: str) -> None:
    """Each name is where it was, and is what it was."""
    found = importlib.import_module(f"{prisma.__name__}.{module}".rstrip("."))
    if kind == "module":
        importlib.import_module(f"{prisma.__name__}.{name}")
    assert KINDS[kind](getattr(found, name))


def test_a_name_is_the_same_object_wherever_it_is_imported_from(prisma: Any) -> None:
    """`except` and `isinstance` work whichever way an application imports."""
    package = prisma.__name__
    client, fields = (importlib.import_module(f"{package}.{name}") for name in ("client", "fields"))
    assert prisma.Prisma is prisma.Client is client.Prisma is client.Client
    assert prisma.Json is fields.Json is importlib.import_module(f"{package}._fields").Json
    assert prisma.register is client.register
    assert prisma.engine.errors.PrismaError is prisma.errors.PrismaError
    assert prisma.models.User.__mro__[1:][0] is prisma.bases.BaseUser


def test_inputs_are_typed_dicts_that_validate(prisma: Any) -> None:
    """`validate(types.X, data)` checks data that came from outside."""
    from pydantic.v1 import ValidationError

    assert prisma.validate(prisma.types.IntFilter, {"gte": 1}) == {"gte": 1}
    with pytest.raises(ValidationError):
        prisma.validate(prisma.types.IntFilter, {"gte": "many"})
    assert "email" in prisma.types.UserCreateInput.__annotations__


def test_enums_compare_and_serialise_as_their_text(prisma: Any) -> None:
    """Enums are `str`, so applications compare and store them either way."""
    assert prisma.enums.Role.ADMIN == "ADMIN"
    assert prisma.enums.Role("USER") is prisma.enums.Role.USER
    assert [role.value for role in prisma.enums.Role] == ["USER", "ADMIN"]
