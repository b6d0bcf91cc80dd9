"""compose.yaml and the CI workflow are valid by the published schemas of their formats."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT

UV = Path(sys.executable).with_name("uv")
CHECK = "check-jsonschema"


@pytest.mark.full
@pytest.mark.skipif(not shutil.which(UV), reason="no uv")
@pytest.mark.parametrize(
    ("schema", "file"),
    [("compose-spec", "compose.yaml"), ("github-workflows", ".github/workflows/ci.yml")],
)
def test_files_fit_their_schemas(schema: str, file: str, tmp_path: Path):
    """The file is valid, and the same file with an unknown key is not."""
    command = [UV, "tool", "run", "--from", f"{CHECK}==0.39.0", CHECK]
    broken = tmp_path / "broken.yaml"
    broken.write_text((ROOT / file).read_text() + "\nnonsense: 1\n")
    codes = [
        subprocess.run(
            [*command, "--builtin-schema", f"vendor.{schema}", path],
            check=False,
            capture_output=True,
        ).returncode
        for path in (ROOT / file, broken)
    ]

    assert codes == [0, 1]
