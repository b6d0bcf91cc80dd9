"""The project's settings, and which database follows from them."""

from pathlib import Path

import pytest
from acting import query

from prisma_wasm import config, embedded
from prisma_wasm.config import ConfigError

_EMBEDDED = '[project]\nname = "My-Shop"\n[tool.prisma-wasm]\ndatabase = "embedded"\n'


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)


def test_nearest_table_upward(tmp_path: Path) -> None:
    """A pyproject.toml without our table, as a workspace member may have, is passed over."""
    write(tmp_path, _EMBEDDED)
    write(tmp_path / "member", "[project]\nname = 'member'\n")
    deep = tmp_path / "member" / "src" / "gone"
    found = config.find(deep)
    assert found == config.ProjectConfig(
        root=tmp_path,
        embedded=True,
        data_dir=tmp_path / ".data",
        idle_minutes=5.0,
        database_name="my_shop",
    )
    assert found is not None
    assert found.server_folder == tmp_path / ".data" / "postgres"


def test_every_setting(tmp_path: Path) -> None:
    """Each setting is read, and a data_dir may be absolute."""
    write(
        tmp_path,
        '[tool.prisma-wasm]\ndatabase = "embedded"\ndata_dir = "/srv/x"\nidle_minutes = 0.5\n',
    )
    found = config.find(tmp_path)
    assert found is not None
    assert found.data_dir == Path("/srv/x")
    assert found.idle_minutes == 0.5
    assert found.database_name == "app"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('database = "mysql"', "database"),
        ("database = 1", "database"),
        ("data_dir = 3", "data_dir"),
        ('data_dir = ""', "data_dir"),
        ("idle_minutes = 0", "idle_minutes"),
        ("idle_minutes = nan", "idle_minutes"),
        ("idle_minutes = true", "idle_minutes"),
        ('idle_minutes = "5"', "idle_minutes"),
        ('databse = "embedded"', "databse"),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, text: str, word: str) -> None:
    """The error names the file and the key."""
    write(tmp_path, f"[tool.prisma-wasm]\n{text}\n")
    with pytest.raises(ConfigError, match=word) as caught:
        config.find(tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(caught.value)


@pytest.mark.parametrize("text", ["[tool", "[tool]\nprisma-wasm = 3\n", "\ud800"])
def test_unreadable_settings(tmp_path: Path, text: str) -> None:
    """Broken TOML is an error that names the file, not a project without settings."""
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        config.find(tmp_path)


@pytest.mark.parametrize(
    ("project", "database"),
    [
        ("tenantry", "tenantry"),
        ("My.Great-App", "my_great_app"),
        ("3d", "app_3d"),
        ("postgres", "app"),
        ("", "app"),
        ("--", "app"),
        ("x" * 80, "x" * 63),
    ],
)
def test_database_name(project: str, database: str) -> None:
    """The name needs no quotes and is none of PostgreSQL's own."""
    assert config.database_name(project) == database


def test_variable_goes_first(folder: Path, project: Path) -> None:
    """With DATABASE_URL the embedded server is not touched, nor are the settings read."""
    write(project, "[tool")
    url = "postgresql://u:p@db.example.com/x"
    assert config.database_url(project, {"DATABASE_URL": url}) == url
    assert config.database_url(project, {"OTHER": url}, "OTHER") == url
    assert not folder.exists()


def test_no_database(tmp_path: Path) -> None:
    """A project that does not ask for the embedded server gets none."""
    write(tmp_path, "[tool.prisma-wasm]\nidle_minutes = 1\n")
    assert config.database_url(tmp_path, {"DATABASE_URL": ""}) is None


def test_embedded_database(folder: Path, project: Path) -> None:
    """Without DATABASE_URL, or an empty one, the URL leads to an existing, empty database."""
    write(project, _EMBEDDED)
    (project / "app").mkdir()
    url = config.database_url(project / "app", {})
    assert url == embedded.ensure(folder).url("my_shop")
    assert query(folder, "SELECT current_database()", "my_shop") == "my_shop"
    assert config.database_url(project, {"DATABASE_URL": ""}) == url
