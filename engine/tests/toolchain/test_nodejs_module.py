"""The module `nodejs` for those who call it directly, and its placeholder for those without us."""

import subprocess
from pathlib import Path

from projects import Project

from prisma_wasm.toolchain import node
from prisma_wasm.toolchain.upstream_settings import UPSTREAM_CLI


def test_it_runs_node_npm_and_npx_as_nodejs_bin_does(project: Project) -> None:
    """Everything that is not Prisma's CLI reaches a real Node."""
    project.write("hello.js", "console.log(process.argv[2]); process.exit(3);\n")
    seen = project.python(
        """
        import subprocess, sys
        import nodejs
        done = nodejs.node.run(["hello.js", "hi"], capture_output=True, text=True)
        print(done.returncode, done.stdout.strip(), nodejs.node.call(["-e", "process.exit(4)"]))
        for program in (nodejs.npm, nodejs.npx):
            found = program.run(["--version"], stdout=subprocess.PIPE, check=True)
            print(found.stdout.decode().count("."))
        with nodejs.node.Popen(["-e", "console.log(5)"], stdout=subprocess.PIPE) as child:
            print(child.stdout.read().strip().decode())
        try:
            nodejs.node.run(["-e", "process.exit(1)"], check=True)
        except subprocess.CalledProcessError as error:
            print("raised", error.returncode)
        """
    )
    assert seen.out == "3 hi 4\n2\n2\n5\nraised 1\n", seen.text


def test_upstream_without_us_finds_its_own_cli_behind_the_placeholder(
    project: Project, tmp_path: Path
) -> None:
    """Another project, with engines, may share upstream's cache: the placeholder makes room."""
    called = project.python("from prisma.cli import prisma; print(prisma.run(['version']))")
    assert called.code == 0, called.text
    cache = project.environment.home / ".cache/prisma-python/binaries"
    (entrypoint,) = cache.glob(f"{UPSTREAM_CLI}/*/node_modules/prisma/build/index.js")
    npm = project.write(
        "bin/npm",
        """\
        #!/bin/sh
        echo "$@" > npm-was-asked
        mkdir -p node_modules/prisma/build && cd node_modules/prisma/build
        echo 'console.log("the real one", process.argv.slice(2))' > index.js
        """,
    )
    npm.chmod(0o755)
    path = f"{npm.parent}:{project.environment.variables['PATH']}"
    done = subprocess.run(
        [node.find().executable, entrypoint, "validate"],
        env={**project.environment.variables, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "the real one [ 'validate' ]\n", done.stderr
    folder = entrypoint.parents[3]
    assert (folder / "npm-was-asked").read_text().split()[-1] == "prisma@5.17.0"
    ours = project.python("from prisma.cli import prisma; print(prisma.run(['version']))")
    assert "schema-engine-cli" in ours.out, ours.text
