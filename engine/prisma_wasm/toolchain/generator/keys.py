"""Views without a key: Prisma 6 takes them, Prisma 5 and upstream's templates do not."""

from collections.abc import Iterable

from prisma.generator.models import Model

from prisma_wasm.toolchain.errors import ToolchainError


def require(models: Iterable[Model]) -> None:
    """Raise ToolchainError for a view, or model, whose records nothing tells apart."""
    for model in models:
        is_keyed = model.compound_primary_key or model.unique_indexes
        if not is_keyed and not any(field.is_id or field.is_unique for field in model.all_fields):
            raise ToolchainError(
                f"The view {model.name} has no unique field, so no client can be made of it.",
                mend=(
                    "Mark a required field with @unique, or several with @@unique([...]);"
                    " @@ignore leaves the view out of the client."
                ),
            )
