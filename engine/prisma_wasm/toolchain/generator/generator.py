"""One run of the generator: upstream's templates, fewer types, our engine and its WASM module."""

import os
from pathlib import Path

from prisma import __version__
from prisma.generator import jsonrpc
from prisma.generator.generator import BASE_PACKAGE_DIR, Generator, GenericGenerator
from prisma.generator.models import Module, PythonData
from typing_extensions import override

from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.generator import (
    added_types,
    bytecode,
    keys,
    members,
    query_compiler,
    templates,
    types_module,
    unfinished,
)
from prisma_wasm.toolchain.generator.abandoned import ended_when_abandoned
from prisma_wasm.toolchain.generator.attach import attach
from prisma_wasm.toolchain.generator.checking import CHECK_VARIABLE
from prisma_wasm.toolchain.generator.restore import restored_on_failure
from prisma_wasm.toolchain.generator.templates import written_whole

# What every generator answers for an error of its own.
GENERATOR_ERROR = -32000


class ClientGenerator(GenericGenerator[PythonData]):
    """Upstream's Generator refuses to be subclassed; its `generate` works on any instance."""

    @override
    def get_manifest(self) -> jsonrpc.Manifest:
        return jsonrpc.Manifest(
            name=f"Prisma Client Python (v{__version__})",
            default_output=BASE_PACKAGE_DIR,
            requires_engines=[],
        )

    @override
    def generate(self, data: PythonData) -> None:
        keys.require(data.dmmf.datamodel.models)
        if os.environ.get(CHECK_VARIABLE):
            templates.render_in_memory(data.to_params())
            return
        package = Path(data.generator.output.value)
        models = list(data.dmmf.datamodel.models)
        names = [model.name for model in models]
        partial_types = data.schema_path.parent / "partial_types.py"
        if data.generator.config.partial_type_generator is None and partial_types.exists():
            # Upstream finds it from the project's root alone.
            data.generator.config.partial_type_generator = Module.model_validate(str(partial_types))
        with ended_when_abandoned(), restored_on_failure(package):
            with written_whole(package):
                Generator.generate(self, data)  # pyright: ignore[reportArgumentType] - uses nothing of self
            types_module.prune(package / "types.py", names)
            added_types.extend(package / "types.py", models)
            members.extend(package, names)
            query_compiler.place(package)
            attach(package)
            unfinished.finish(package)
            bytecode.compile_package(package)

    @override
    def _on_request(self, request: jsonrpc.Request) -> None:
        """As upstream, but an error that a user can mend comes without a traceback."""
        try:
            super()._on_request(request)
        except ToolchainError as error:
            _fail(request, str(error))
        except OSError as error:  # a script of the user's fails with another one
            _fail(request, f"The client can't be written: {error}.")


def _fail(request: jsonrpc.Request, sentence: str) -> None:
    problem = jsonrpc.ErrorData(code=GENERATOR_ERROR, message=sentence, data={})
    jsonrpc.reply(jsonrpc.ErrorResponse(id=request.id, error=problem))
