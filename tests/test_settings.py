"""The settings, as `settings.load` reads them."""

import time
from base64 import b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_urlsafe

import pytest

from app.settings import SettingsError, load

SECRET = "s" * 40
KEY = "a2tr" * 10 + "a2s"  # 32 times the letter k


def read(tmp_path: Path, env_file: str = "", **environment: str):
    path = tmp_path / ".env"
    path.write_text(env_file)
    return load(environment, env_file=path, data=tmp_path / ".data")


def test_development_needs_nothing(tmp_path: Path):
    """Without any variable there are defaults, and no database URL: the embedded server is used."""
    settings = read(tmp_path)

    assert settings.app_env == "development"
    assert settings.database_url is None
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_development_keeps_its_secrets(tmp_path: Path):
    """The first start writes random secrets, readable by its owner only; later ones read them."""
    first, second = read(tmp_path), read(tmp_path)
    path = tmp_path / ".data" / "secrets"

    assert first.secret_key == second.secret_key
    assert first.session_secret == second.session_secret != (first.secret_key,)
    assert first.encryption_key == second.encryption_key
    assert len(first.encryption_key[0].get_secret_value()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    for secret in (first.secret_key, *first.session_secret):
        assert secret.get_secret_value() in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["secrets"]


def test_development_adds_the_secret_that_is_missing(tmp_path: Path):
    """A file of a former release keeps its key, and gets a secret for cookies."""
    path = tmp_path / ".data" / "secrets"
    path.parent.mkdir()
    path.write_text(f"SECRET_KEY={SECRET}")  # without an end of line, as some editors leave it

    first, second = read(tmp_path), read(tmp_path)

    assert first.secret_key.get_secret_value() == SECRET
    assert len(first.session_secret) == 1
    assert first.session_secret == second.session_secret


def test_concurrent_first_starts_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each of them uses the secrets that are kept."""

    def generate_slowly(size: int) -> str:
        time.sleep(0.01)
        return token_urlsafe(size)

    monkeypatch.setattr("app.settings.secrets.token_urlsafe", generate_slowly)
    with ThreadPoolExecutor(8) as starts:
        made = [each.result() for each in [starts.submit(read, tmp_path) for _ in range(8)]]

    secrets = {(each.secret_key, each.session_secret, each.encryption_key) for each in made}
    assert len(secrets) == 1


def test_session_secrets_are_listed(tmp_path: Path):
    """The first one signs; each has to be long enough."""
    old, new = "o" * 32, "n" * 32
    listed = read(tmp_path, SESSION_SECRET=f"{new}, {old}").session_secret

    assert [secret.get_secret_value() for secret in listed] == [new, old]
    for value in (f"{new},", f"{new},short", ","):
        with pytest.raises(SettingsError, match="SESSION_SECRET: must have at least 32 characters"):
            read(tmp_path, SESSION_SECRET=value)


def test_encryption_keys_are_listed(tmp_path: Path):
    """The first one encrypts. Either alphabet of base64 is read, with or without padding."""
    keys = [b"\xfb" * 32, b"\xff" * 32, b"k" * 32]
    written = [b64encode(keys[0]).decode(), urlsafe_b64encode(keys[1]).decode(), KEY]

    listed = read(tmp_path, ENCRYPTION_KEY=", ".join(written)).encryption_key

    assert [key.get_secret_value() for key in listed] == keys
    assert written[0] != urlsafe_b64encode(keys[0]).decode()
    assert "kkk" not in repr(listed)


@pytest.mark.parametrize("value", ["hunter2", KEY[:-3], KEY + "a2s", f"{KEY},", "é" * 43])
def test_a_malformed_encryption_key_is_named_in_one_line(tmp_path: Path, value: str):
    """Each key has 32 bytes; the message does not print it."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, ENCRYPTION_KEY=value)

    said = "ENCRYPTION_KEY: takes keys of 32 bytes, each written in base64"
    assert str(caught.value) == said


def test_an_encryption_key_is_listed_once(tmp_path: Path):
    """Stored values name their key by an id, which must not be ambiguous."""
    with pytest.raises(SettingsError, match="ENCRYPTION_KEY: contains two keys with the id"):
        read(tmp_path, ENCRYPTION_KEY=f"{KEY},{KEY}=")


def test_two_trees_have_two_secrets(tmp_path: Path):
    """The secret is random, not derived from something that all installations share."""
    trees = [tmp_path / name for name in ("one", "two")]
    for tree in trees:
        tree.mkdir()

    one, two = (read(tree).secret_key for tree in trees)

    assert one != two


def test_env_file_is_read_and_the_environment_wins(tmp_path: Path):
    """A value in `.env` counts unless the environment has one."""
    file = "PORT=9000\nHOST=0.0.0.0\n"

    settings = read(tmp_path, file, PORT="9001")

    assert (settings.host, settings.port) == ("0.0.0.0", 9001)  # noqa: S104  (parsed, not bound)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8219"}, "http://127.0.0.1:8219"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),  # noqa: S104  (parsed, not bound)
        ({"HOST": "::", "PORT": "8219"}, "http://[::1]:8219"),
        ({"HOST": "tenantry.local"}, "http://tenantry.local:8000"),
        ({"PORT": "8219", "PUBLIC_URL": "https://app.example.com/"}, "https://app.example.com"),
    ],
)
def test_public_url_defaults_to_the_service_itself(tmp_path: Path, given: dict[str, str], url: str):
    """Links in mails lead to the service's own address unless PUBLIC_URL is set."""
    assert read(tmp_path, **given).public_url == url


def test_origins_are_kept_as_browsers_send_them(tmp_path: Path):
    """Lower case, and without the port that belongs to the scheme."""
    origins = "https://App.example.com:443, http://localhost:5173,http://[::1]:80"

    assert read(tmp_path, CORS_ORIGINS=origins).cors_origins == (
        "https://app.example.com",
        "http://localhost:5173",
        "http://[::1]",
    )


def test_empty_counts_as_unset(tmp_path: Path):
    """An empty value means the default, so that `NAME=` may stay in `.env`."""
    settings = read(tmp_path, "PORT=\n", DATABASE_URL="")

    assert settings.port == 8000
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://u:p@h/db", "DATABASE_URL: must be a PostgreSQL URL"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL: must be a PostgreSQL URL"),
        ("DATABASE_URL", "postgresql://u:p@h:port/db", "DATABASE_URL: has an invalid host or port"),
        ("DATABASE_URL", "postgresql:///db", "DATABASE_URL: names no host"),
        ("DATABASE_URL", "postgresql://u:p@h", "DATABASE_URL: names no database"),
        ("APP_DATABASE_URL", "http://h/db", "APP_DATABASE_URL: must be"),
        ("APP_DATABASE_ROLE", 'x"; DROP', "APP_DATABASE_ROLE"),
        ("APP_ENV", "staging", "APP_ENV"),
        ("PORT", "eighty", "PORT"),
        ("PORT", "70000", "PORT"),
        ("BODY_SECONDS", "0", "BODY_SECONDS"),
        ("BODY_SECONDS", "inf", "BODY_SECONDS"),
        ("WORKSPACES_PER_OWNER", "0", "WORKSPACES_PER_OWNER"),
        ("ORGANIZATIONS_PER_OWNER", "0", "ORGANIZATIONS_PER_OWNER"),
        ("UNCONFIRMED_DAYS", "0", "UNCONFIRMED_DAYS"),
        ("AUDIT_DAYS", "999999999", "AUDIT_DAYS"),
        ("SECRET_KEY", "short", "SECRET_KEY: must have at least 32 characters"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL"),
        ("DATABASE_LOG", "query,everything", "DATABASE_LOG"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,the-proxy", "TRUSTED_PROXIES"),
        ("CORS_ORIGINS", "*", "CORS_ORIGINS: takes exact origins only"),
        ("CORS_ORIGINS", "https://*.example.com", "CORS_ORIGINS: takes exact origins only"),
        ("CORS_ORIGINS", "https://a.example.com/", "CORS_ORIGINS: takes origins only"),
        ("CORS_ORIGINS", "https://u:p@a.example.com", "CORS_ORIGINS: takes origins only"),
        ("CORS_ORIGINS", "app.example.com", "CORS_ORIGINS: takes origins such as"),
        ("CORS_ORIGINS", "null", "CORS_ORIGINS: takes origins such as"),
        ("CORS_ORIGINS", "https://a.example.com:port", "CORS_ORIGINS: contains an invalid"),
        ("API_DOCS", "perhaps", "API_DOCS"),
        ("PUBLIC_URL", "app.example.com", "PUBLIC_URL: must be a URL"),
        ("PUBLIC_URL", "https://app.example.com/?a=b", "PUBLIC_URL: must not contain ?"),
        ("SMTP_URL", "mail.example.com", "SMTP_URL: must be smtp://"),
        ("SMTP_URL", "smtp://mail.example.com:port", "SMTP_URL: is not a valid URL"),
        ("SMTP_URL", "smtp://mail.example.com/?tls=no", "SMTP_URL: takes a host and a port"),
        ("MAIL_FROM", "nobody", "MAIL_FROM: must be an address"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com", "MAIL_FROM: must be an address"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(tmp_path: Path, name: str, value: str, said: str):
    """A wrong setting stops the start with one line that names it."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **{name: value})

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_secret_is_not_printed(tmp_path: Path):
    """The message names the variable, never its value."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, SECRET_KEY="hunter2", DATABASE_URL="postgres://user:hunter3@[/db")

    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    "missing",
    [
        "DATABASE_URL",
        "SECRET_KEY",
        "SESSION_SECRET",
        "ENCRYPTION_KEY",
        "PUBLIC_URL",
        "SMTP_URL",
        "MAIL_FROM",
    ],
)
def test_production_refuses_to_start_without(tmp_path: Path, missing: str):
    """Production generates no secret and starts no embedded database."""
    environment = {
        "APP_ENV": "production",
        "DATABASE_URL": "postgresql://owner:pw@db/app",
        "SECRET_KEY": SECRET,
        "SESSION_SECRET": SECRET,
        "ENCRYPTION_KEY": KEY,
        "PUBLIC_URL": "https://app.example.com",
        "SMTP_URL": "smtps://mail.example.com",
        "MAIL_FROM": "app@example.com",
    }
    assert read(tmp_path, **environment).smtp_url
    del environment[missing]

    with pytest.raises(SettingsError, match=f"{missing} is not set, and production needs it"):
        read(tmp_path, **environment)

    assert not (tmp_path / ".data").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h/db",
        "postgres://u:p@h:5432/db?schema=app&sslmode=require",
        "postgresql://u:p@one:5432,two:5433/db?target_session_attrs=read-write",
        "postgresql://u@/db?host=/run/postgresql",
        "postgresql://u:p@[::1]:5432/db",
    ],
)
def test_valid_postgresql_urls_are_accepted(tmp_path: Path, url: str):
    """Sockets, IPv6 addresses, several hosts and parameters are valid."""
    assert read(tmp_path, DATABASE_URL=url).database_url == url


def test_the_example_names_every_variable():
    """`.env.example` documents each variable that is read, and no others."""
    from app.settings import ROOT, Settings

    text = (ROOT / ".env.example").read_text()
    documented = {
        line.lstrip("# ").split("=")[0]
        for line in text.splitlines()
        if "=" in line and line.lstrip("# ").split("=")[0].isupper()
    }

    assert documented == {name.upper() for name in Settings.model_fields}
