"""One run of the generator: upstream's templates, fewer types, our engine and its WASM module."""

from pathlib import Path

from prisma import __version__
from prisma.generator.generator import BASE_PACKAGE_DIR, Generator, GenericGenerator
from prisma.generator.jsonrpc import Manifest
from prisma.generator.models import PythonData
from typing_extensions import override

from prisma_wasm.toolchain.generator import bytecode, query_compiler, types_module
from prisma_wasm.toolchain.generator.restore import restored_on_failure


class ClientGenerator(GenericGenerator[PythonData]):
    """Upstream's Generator refuses to be subclassed; its `generate` works on any instance."""

    @override
    def get_manifest(self) -> Manifest:
        return Manifest(
            name=f"Prisma Client Python (v{__version__})",
            default_output=BASE_PACKAGE_DIR,
            requires_engines=[],
        )

    @override
    def generate(self, data: PythonData) -> None:
        package = Path(data.generator.output.value)
        models = [model.name for model in data.dmmf.datamodel.models]
        with restored_on_failure(package):
            Generator.generate(self, data)  # pyright: ignore[reportArgumentType] - uses nothing of self
            types_module.prune(package / "types.py", models)
            query_compiler.place(package)
            _attach(package)
        bytecode.compile_package(package)


def _attach(package: Path) -> None:
    try:
        from prisma_wasm.client import attach
    except ModuleNotFoundError:
        return
    attach(package)
