"""`prisma generate`: what upstream's generator can do still works, and its client is light."""

import os
import re
import signal
import subprocess
import textwrap
import time

import pytest
from projects import SCHEMA, Environment, Project, Result

GENERATOR = SCHEMA[: SCHEMA.index("datasource")]


def schema_with(options: str, *, models: str = SCHEMA[SCHEMA.index("datasource") :]) -> str:
    return f'generator client {{\n  provider = "prisma-client-py"\n{options}\n}}\n\n{models}'


def generate(project: Project, *arguments: str) -> str:
    done = project.prisma("generate", *arguments)
    assert done.code == 0, done.text
    return done.text


def many_models(count: int) -> str:
    """Models, each but the first of a dozen related to the first."""
    models = [
        f"model M{i} {{\n  id Int @id\n  name String\n  flags Json?\n  at DateTime?\n"
        + (
            "".join(f"  m{j} M{j}[]\n" for j in range(i + 1, min(i + 12, count)))
            if i % 12 == 0
            else f"  hub M{i - i % 12}? @relation(fields: [hubId], references: [id])\n"
            "  hubId Int?\n"
        )
        + "}\n"
        for i in range(count)
    ]
    return SCHEMA[SCHEMA.index("datasource") : SCHEMA.index("enum")] + "\n".join(models)


@pytest.mark.parametrize(
    "provider", [pytest.param("prisma-client-py", marks=pytest.mark.full), "prisma-wasm"]
)
def test_both_providers_name_the_same_generator(project: Project, provider: str) -> None:
    """The usual provider needs no change in the schema; ours says what it is."""
    text = schema_with("  recursive_type_depth = -1").replace("prisma-client-py", provider)
    project.write("prisma/schema.prisma", text)
    assert "Generated Prisma Client Python (v0.15.0)" in generate(project)
    assert (project.environment.client_package / "query_compiler.wasm").is_file()


def test_a_custom_output_is_a_package_of_its_own(project: Project) -> None:
    """`output` is relative to the schema; the package imports under its own name."""
    project.write(
        "prisma/schema.prisma",
        schema_with('  output = "../shop/database"\n  recursive_type_depth = -1'),
    )
    project.write("shop/__init__.py", "")
    generate(project)
    package = project.folder / "shop/database"
    assert (package / "query_compiler.wasm").is_file()
    seen = project.python(
        """
        from shop.database import Prisma, models, types
        user = models.User(id=1, email="a@b.c", role="ADMIN")
        assert isinstance(user, models.User)
        assert "where" in types.FindManyPostArgsFromUser.__annotations__
        print(Prisma.__module__)
        """
    )
    assert seen.out == "shop.database.client\n", seen.text


def test_several_generators_in_one_schema(project: Project) -> None:
    """Each makes its client; one is sync, one asynchronous."""
    second = GENERATOR.replace("generator client", "generator second").replace(
        "}", '  output = "../second"\n  interface = "sync"\n}'
    )
    project.write("prisma/schema.prisma", second + SCHEMA)
    assert generate(project).count("Generated Prisma Client Python") == 2
    seen = project.python(
        "import prisma, second, inspect;"
        "print(inspect.iscoroutinefunction(prisma.Prisma.connect),"
        " inspect.iscoroutinefunction(second.Prisma.connect))"
    )
    assert seen.out == "True False\n", seen.text
    only_one = generate(project, "--generator", "second")
    assert only_one.count("Generated Prisma Client Python") == 1


def test_a_schema_of_many_files(project: Project) -> None:
    """A folder of .prisma files makes one client of all models."""
    (project.folder / "prisma/schema.prisma").unlink()
    head, tail = SCHEMA.split("model Post")
    project.write("prisma/main.prisma", head)
    project.write("prisma/more/post.prisma", f"model Post{tail}")
    generate(project, "--schema", "prisma")
    seen = project.python("from prisma.models import User, Post; print(Post.__name__)")
    assert seen.out == "Post\n", seen.text


@pytest.mark.parametrize("depth", ["5", "-1"])
def test_partial_types_and_every_depth_of_types(project: Project, depth: str) -> None:
    """Partial types are made from the models of this run; types can be named at any depth."""
    project.write(
        "prisma/partial_types.py",
        """
        from prisma.models import User

        User.create_partial("UserMail", include={"email"})
        """,
    )
    project.write(
        "prisma/schema.prisma",
        schema_with(
            f"  recursive_type_depth = {depth}\n"
            '  partial_type_generator = "prisma/partial_types.py"'
        ),
    )
    generate(project)
    seen = project.python(
        """
        import typing, prisma
        from prisma import types
        from prisma.partials import UserMail
        assert list(UserMail.model_fields) == ["email"]
        hints = typing.get_type_hints(types.UserInclude)
        prisma.validate(types.UserCreateInput, {"email": "a@b.c"})
        print("posts" in hints, "ok")
        """
    )
    assert seen.out == "True ok\n", seen.text


def test_decimals_and_preview_features(project: Project) -> None:
    """Options that upstream knows reach it, preview features reach Prisma."""
    models = SCHEMA[SCHEMA.index("datasource") :].replace(
        "title    String", "title    String\n  price    Decimal"
    )
    options = (
        "  enable_experimental_decimal = true\n"
        '  previewFeatures = ["fullTextSearch"]\n  recursive_type_depth = -1'
    )
    project.write("prisma/schema.prisma", schema_with(options, models=models))
    generate(project)
    seen = project.python(
        "from prisma.models import Post; print(Post.model_fields['price'].annotation)"
    )
    assert seen.out == "<class 'decimal.Decimal'>\n", seen.text


@pytest.mark.full
def test_a_model_with_a_name_like_a_pair_keeps_its_types(project: Project) -> None:
    """A model may be called `MailFromUser` or `UserIncludeFromPost`; nothing of it is left out."""
    extra = "model MailFromUser {\n  id Int @id\n}\nmodel UserArgsFromPost {\n  id Int @id\n}\n"
    project.write("prisma/schema.prisma", SCHEMA + extra)
    generate(project)
    seen = project.python(
        """
        from prisma import actions, types
        import ast, inspect, re
        used = set(re.findall(r"types\\.(\\w+)", inspect.getsource(actions)))
        print(len(used) > 50, sorted(name for name in used if not hasattr(types, name)))
        """
    )
    assert seen.out == "True []\n", seen.text


def test_a_large_client_loads_quickly(project: Project) -> None:
    """97 models take 1 s of CPU and 100 MB, since the generator leaves out unrelated pairs."""
    project.write(
        "prisma/schema.prisma", schema_with("  recursive_type_depth = -1", models=many_models(97))
    )
    generate(project)
    seen = project.python(
        """
        import psutil, time
        begin = time.process_time()
        import prisma
        seconds = time.process_time() - begin
        print(f"{seconds:.2f} s {psutil.Process().memory_info().rss / 2**20:.0f} MB")
        """
    )
    match = re.fullmatch(r"([\d.]+) s (\d+) MB\n", seen.out)
    assert match, seen.text
    print("97 models import in", seen.out)
    assert float(match[1]) < 8
    assert int(match[2]) < 120
    types = (project.environment.client_package / "types.py").read_text()
    assert "class M0ArgsFromM1(" in types
    assert "class M0ArgsFromM13(" not in types


def test_partial_types_of_a_new_model(project: Project) -> None:
    """A model that the last client lacked may have partial types in the next."""
    assert project.prisma("generate").code == 0
    script = """
        from prisma.models import Invoice

        Invoice.create_partial("InvoiceNumber", include={"number"})
        """
    project.write("prisma/partial_types.py", script)
    model = "\nmodel Invoice {\n  id Int @id\n  number String\n}\n"
    options = '  partial_type_generator = "prisma/partial_types.py"'
    project.write("prisma/schema.prisma", schema_with(options) + model)
    generated = project.prisma("generate")
    assert generated.code == 0, generated.text
    shown = project.python("from prisma.partials import InvoiceNumber as p; print(*p.model_fields)")
    assert shown.out.split() == ["number"], shown.text


@pytest.mark.parametrize("how", ["a partial type that fails", "a signal"])
def test_a_failing_run_leaves_the_client_that_was_there(project: Project, how: str) -> None:
    """Whoever had a client still has it, and the message says what failed."""
    generate(project)
    before = (project.environment.client_package / "models.py").read_bytes()
    wait = "import time; time.sleep(60)" if how == "a signal" else "raise RuntimeError('mine')"
    project.write("prisma/partial_types.py", f"open('reached', 'w')\n{wait}\n")
    options = '  partial_type_generator = "prisma/partial_types.py"\n  recursive_type_depth = -1'
    project.write("prisma/schema.prisma", schema_with(options).replace("email", "mail"))
    command = subprocess.Popen(
        [project.environment.program("prisma"), "generate"],
        cwd=project.folder,
        env=project.environment.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if how == "a signal":
        until = time.monotonic() + 60
        while not (project.folder / "reached").exists() and time.monotonic() < until:
            time.sleep(0.05)
        command.send_signal(signal.SIGTERM)
    out, _ = command.communicate(timeout=60)
    assert command.returncode != 0
    assert how == "a signal" or "RuntimeError: mine" in out, out
    until = time.monotonic() + 60
    models = project.environment.client_package / "models.py"
    while models.read_bytes() != before and time.monotonic() < until:
        time.sleep(0.05)
    assert models.read_bytes() == before
    seen = project.python("from prisma.models import User; print('email' in User.model_fields)")
    assert seen.out == "True\n", seen.text


@pytest.mark.parametrize(
    "killed_after",
    [
        "types.py",
        pytest.param("bases.py", marks=pytest.mark.full),
        pytest.param("client.py", marks=pytest.mark.full),
    ],
)
def test_a_generator_that_was_killed_leaves_no_broken_client(
    project: Project, killed_after: str
) -> None:
    """Nothing can be tidied up after SIGKILL; `prisma` starts all the same, and mends it."""
    generate(project)
    project.write("prisma/schema.prisma", SCHEMA.replace("ADMIN", "OWNER").replace("Role", "Rank"))
    killed = generate_killed(project, after=killed_after)
    assert killed.code == 1, killed.text
    assert "half generated" in project.run("prisma-wasm", "doctor").out
    generate(project)
    seen = project.python(
        "from prisma.enums import Rank; import prisma; print(prisma.Prisma, Rank.OWNER)"
    )
    assert seen.out == "<class 'prisma.client.Prisma'> OWNER\n", seen.text


def test_what_killed_writers_left_is_removed(project: Project) -> None:
    """Beside the client's files, where nobody is writing any more."""
    generate(project)
    package = project.environment.client_package
    nobody, somebody = package / ".types.py.99999999", package / f".types.py.{os.getpid()}"
    for path in (nobody, somebody):
        path.write_text("half")
    generate(project)
    assert (nobody.exists(), somebody.exists()) == (False, True)


def test_a_first_run_that_was_killed_leaves_no_client_of_another_schema(project: Project) -> None:
    """A package of its own begins as a copy of the library, and not of its client."""
    generate(project)
    options = '  output = "../shop"\n  recursive_type_depth = -1'
    project.write("prisma/schema.prisma", schema_with(options).replace("email", "mail"))
    assert generate_killed(project, after="types.py").code == 1
    seen = project.python("from shop import Prisma")
    assert "The Client hasn't been generated yet" in seen.err, seen.text
    generate(project)
    seen = project.python("from shop.models import User; print('mail' in User.model_fields)")
    assert seen.out == "True\n", seen.text


def test_a_full_disk_is_named_and_the_client_stays(project: Project) -> None:
    """One sentence on what is wrong, no traceback, and the client that was there."""
    generate(project)
    before = (project.environment.client_package / "client.py").read_bytes()
    full = "raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))"
    done = generate_with(project, full, after="types.py")
    assert done.code == 1, done.text
    assert "The client can't be written: [Errno 28] No space left on device" in done.text
    assert "Traceback" not in done.text
    assert (project.environment.client_package / "client.py").read_bytes() == before


def generate_killed(project: Project, *, after: str) -> Result:
    """Run `prisma generate` whose generator gets a SIGKILL when it has written a file."""
    return generate_with(project, "os.kill(os.getpid(), signal.SIGKILL)", after=after)


def generate_with(project: Project, fault: str, *, after: str) -> Result:
    """Run `prisma generate` with a fault in its generator, once it has written a file."""
    site = project.environment.client_package.parent
    hook = site / "zzz_fault.pth"
    code = f"""
        import errno, os, signal, sys
        if any("prisma_wasm.toolchain.generator" in word for word in sys.orig_argv):
            from prisma_wasm.toolchain.generator import files
            write = files.write
            def write_and_fail(path, content):
                write(path, content)
                if path.name == {after!r} and len(content) > 200:
                    files.write = write
                    {fault}
            files.write = write_and_fail
    """
    (site / "zzz_fault.py").write_text(textwrap.dedent(code))
    hook.write_text("import zzz_fault\n")
    try:
        return project.prisma("generate")
    finally:
        hook.unlink()


def test_a_foreign_generator_that_dies_fails_the_command(project: Project) -> None:
    """Prisma's CLI would wait for its answer, with nothing left to wait for, and end with 0."""
    dies = "generator dies {\n  provider = \"exec sh -c 'sleep 1; kill -9 $$'\"\n}\n"
    project.write("prisma/schema.prisma", dies + SCHEMA[SCHEMA.index("datasource") :])
    done = project.prisma("generate")
    assert (done.code, "ended before it had answered (SIGKILL)" in done.err) == (1, True), done.text


def test_files_that_a_package_manager_has_linked_are_not_written_to(
    project: Project, environment: Environment
) -> None:
    """uv links files into its cache: a client that came that way is replaced, not overwritten."""
    generate(project)
    cached = project.folder / "cached-models.py"
    cached.hardlink_to(environment.client_package / "models.py")
    before = cached.read_bytes()
    project.write("prisma/schema.prisma", SCHEMA.replace("email", "mail"))
    generate(project)
    assert cached.read_bytes() == before
    assert (environment.client_package / "models.py").read_bytes() != before


def test_a_damaged_query_compiler_is_replaced_or_named(
    project: Project, environment: Environment
) -> None:
    """Beside the client it is mended; in the packages it is an error that says what to do."""
    generate(project)
    placed = environment.client_package / "query_compiler.wasm"
    placed.write_bytes(placed.read_bytes()[:-1])
    generate(project)
    assert placed.stat().st_size > 1_000_000
    (source,) = environment.folder.glob(
        "share/prisma-wasm/*/node_modules/@prisma/query-compiler-wasm/postgresql/"
        "query_compiler_fast_bg.wasm"
    )
    whole = source.read_bytes()
    try:
        source.write_bytes(whole[:-1])
        placed.unlink()
        done = project.prisma("generate")
        assert done.code == 1, done.text
        assert "Run `prisma-wasm install --force`." in done.text
        assert "Traceback" not in done.text
    finally:
        source.write_bytes(whole)
    generate(project)
