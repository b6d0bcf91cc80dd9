"""`make types`: the types for a front end match the API, and a compiler accepts them."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from prisma_wasm.toolchain import node

TOOLS = ROOT / "typescript" / "node_modules"
LIMIT = 300

pytestmark = pytest.mark.skipif(
    not (TOOLS / ".prepared").exists(), reason="`make setup` installs the TypeScript tools"
)

# Uses as in a front end. The compiler must reject each line below a @ts-expect-error.
USE = """
import type { MyWorkspace, NewMember, Problem, WorkspaceChange, operations, paths } from "./api";

type Body<Id extends keyof operations> =
    NonNullable<operations[Id]["requestBody"]> extends { content: { "application/json": infer B } }
        ? B : never;
type Answer<Id extends keyof operations, Status> =
    Status extends keyof operations[Id]["responses"]
        ? operations[Id]["responses"][Status] extends { content: infer C } ? C[keyof C] : never
        : never;

const renamed: WorkspaceChange = { description: null };
const added: NewMember = { userId: "018f0000-0000-7000-8000-000000000000" };
const login: Body<"logIn"> = { email: "ann@example.com", password: "a horse on the moon" };
const path: keyof paths = "/v1/workspaces/{workspaceId}";
const query: operations["listWorkspaces"]["parameters"]["query"] = { take: 3 };

export function shown(found: MyWorkspace, page: Answer<"listWorkspaces", 200>): string {
    const next: string | null = page.nextCursor;
    const names: string[] = page.items.map((item) => item.name);
    return [found.name, found.description ?? "", found.role, next ?? "", ...names].join();
}
export function told(problem: Answer<"readWorkspace", 404>): string {
    const same: Problem = problem;
    return same.code + same.detail + (same.errors ?? []).map((error) => error.field).join();
}
export const all = [renamed, added, login, path, query];

// @ts-expect-error: a name is text
export const wrongType: WorkspaceChange = { name: 1 };
// @ts-expect-error: the password is missing
export const missing: Body<"logIn"> = { email: "ann@example.com" };
// @ts-expect-error: there is no such field
export const unknown: WorkspaceChange = { owner: "ann" };
// @ts-expect-error: ownership is no role that can be given
export const notGiven: Body<"changeMember"> = { role: "owner" };
// @ts-expect-error: there is no such route
export const nowhere: keyof paths = "/v1/nothing";
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the types as `make types` does; return the file."""
    path = tmp_path_factory.mktemp("types") / "api.ts"
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "typescript.py", "--output", path],
        check=True,
        timeout=LIMIT,
    )
    return path


def test_the_committed_types_match_the_api(made: Path):
    """After a change of the API, run `make types`."""
    assert made.read_text() == (ROOT / "typescript" / "api.ts").read_text(), "run `make types`"


def test_a_front_end_compiles_with_them(made: Path):
    """In strict mode the compiler accepts correct uses, and rejects each wrong one."""
    use = made.with_name("use.ts")
    use.write_text(USE)
    done = subprocess.run(
        [
            *node.find().command("node"),
            TOOLS / "typescript" / "bin" / "tsc",
            *("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"),
            *("--module", "esnext", "--moduleResolution", "bundler"),
            use,
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    assert done.returncode == 0, done.stdout
