"""What an import loads: decision 0001 promises that the `nodejs` module loads almost nothing."""

import subprocess
import sys
import textwrap

# `import prisma` brings in `nodejs`, which may load these modules of ours and no other.
LIGHT = {
    "nodejs",
    "nodejs._programs",
    "prisma_wasm",
    "prisma_wasm.toolchain",
    "prisma_wasm.toolchain.upstream",
}
HEAVY = ("asyncpg", "wasmtime", "pydantic", "prisma", "subprocess", "hashlib", "json")


def run(code: str, *arguments: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(code: str, *, by_site: bool = True) -> set[str]:
    """Return the modules that are loaded after running code."""
    show = "\nimport sys\nprint(*sys.modules)"
    paths = f"import sys; sys.path[:] = {sys.path!r}\n" if by_site else ""
    return set(run(paths + code + show).split())


def test_the_nodejs_module_loads_no_engine_module() -> None:
    """Every `import prisma` and every `prisma` command comes through it."""
    modules = loaded("import nodejs")
    ours = {name for name in modules if name.split(".")[0] in ("nodejs", "prisma_wasm")}
    assert ours == LIGHT
    assert sorted(modules.intersection(HEAVY)) == []


def test_the_prisma_command_loads_no_engine_module() -> None:
    """Upstream's part of a command runs without the driver, the WASM runtime and the engine."""
    modules = loaded("import sys; sys.argv = ['/bin/prisma', 'validate']; import prisma")
    assert sorted(modules & {"asyncpg", "wasmtime", "prisma_wasm.engine", "prisma.client"}) == []


def test_the_package_itself_loads_nothing() -> None:
    """`from prisma_wasm import embedded` is for programs that may use another database."""
    modules = loaded("import prisma_wasm")
    assert {name for name in modules if name.startswith("prisma_wasm")} == {"prisma_wasm"}


def test_what_the_package_exports_is_loaded_at_first_use() -> None:
    """Each name is the function itself, in any order of imports, and `import *` has them all."""
    code = f"""
    import sys
    sys.path[:] = {sys.path!r}
    import prisma_wasm
    assert set(prisma_wasm.__all__) <= set(dir(prisma_wasm))
    assert "prisma_wasm.scope" not in sys.modules
    from prisma_wasm import scoped
    assert "prisma_wasm.scope" in sys.modules and "asyncpg" not in sys.modules
    from prisma_wasm import *
    from prisma_wasm import observe, scope
    for name in prisma_wasm.__all__:
        assert callable(globals()[name]), name
        assert globals()[name] is getattr(prisma_wasm, name)
    try:
        prisma_wasm.nothing
    except AttributeError as error:
        print(error)
    """
    assert run(code) == "module 'prisma_wasm' has no attribute 'nothing'\n"
