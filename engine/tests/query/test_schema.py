"""The reader of schemas: Prisma's grammar, and what the query compiler is given."""

import pytest

from prisma_wasm.schema import read
from prisma_wasm.schema_text import SchemaError, lines

HEAD = 'datasource db {\n  provider = "postgresql"\n  url = env("URL")\n}\n'
VIEWS = 'generator c {\n  provider = "prisma-client-py"\n  previewFeatures = ["views"]\n}\n'

# What Prisma 6.19 accepts; 5.17 knew no block comments, and read everything else in the same way.
COMMENTS = {
    "before a model": "/** a */\nmodel A {\n  id Int @id\n  b Int\n}\n",
    "before a model, in its line": "/* a */ model A {\n  id Int @id\n  b Int\n}\n",
    "indented": "model A {\n  /** a */\n  id Int @id\n    /* b */\n  b Int\n}\n",
    "several lines": "model A {\n /**\n * a }\n model B {\n x Int\n */\n id Int @id\n b Int\n}\n",
    "a model": "/*\nmodel B {\n  x Int\n}\n*/\nmodel A {\n  id Int @id\n  b Int\n}\n",
    "before a field": "model A {\n  /* a */ id Int @id\n  /* a\n */ b Int\n}\n",
    "after a field": "model A {\n  id Int @id /* a */\n  b Int /** a\n c Int */\n}\n",
    "after a key": "model A {\n  id Int @id\n  b Int\n  @@unique([id, b]) /* a */\n}\n",
    "after a block": "model A {\n  id Int @id\n  b Int\n} /* a */\n// b\n",
    "around the brace": "model A {\n  id Int @id\n  b Int\n /* }\n */ }\n",
    "after the brace": "model A { /* no comment\n  id Int @id\n  b Int\n}\n",
    "a brace in a line comment": "model A { // {\n  id Int @id /// }\n  // }\n  b Int // {\n}\n",
    "block marks in line comments": "model A {\n  // /* x\n  id Int @id\n  // */\n  b Int\n}\n",
    "line marks in a block": "model A {\n  /* // */ id Int @id\n  /* /* x */ b Int\n}\n",
    "quotes": 'model A {\n  id Int @id // it"s\n  /// don"t\n  b Int /* " */\n}\n',
    "other separators of lines": "model A {\n  id Int @id // a\u2028x b\x85y c\fz\n  b Int\n}\n",
    "carriage returns": "model A {\r  id Int @id\r  /* a\r*/  b Int\r}\r",
    "Windows": "model A {\r\n  id Int @id\r\n  /* a\r\n*/  b Int\r\n}\r\n",
}


@pytest.mark.parametrize("models", COMMENTS.values(), ids=COMMENTS.keys())
def test_comments(models: str) -> None:
    """Comments of every kind say nothing, wherever Prisma takes them."""
    found = read(HEAD + models)
    assert list(found.models) == ["A"]
    assert list(found.models["A"].fields) == ["id", "b"]
    assert found.models["A"].identity == ("id",)


def test_blocks_in_one_line() -> None:
    """The next block may begin where the last one ends."""
    assert list(read("model A {\n  id Int @id\n} model B {\n  id Int @id\n}\n").models) == [
        "A",
        "B",
    ]


def test_strings() -> None:
    """Braces, comments, attributes and brackets in strings are no syntax."""
    found = read(
        "model A {\n"
        '  id Int @id @map("@unique {")\n'
        '  b DateTime? @default(dbgenerated("} // /* @db.Date(0)")) @map("*/ \\" }")\n'
        '  c Unsupported("x(y)}")?\n'
        '  @@unique(map: "a[b]", fields: [id, b], name: "key")\n'
        "}\n"
        'enum R {\n  X @map("} /* \\" //") // c\n  /** d */\n  Y\n}\n'
    )
    model = found.models["A"]
    assert [field.type for field in model.fields.values()] == ["Int", "DateTime", "Unsupported"]
    assert model.fields["b"].precision == 3
    assert (model.identity, model.unique_keys) == (("id",), {"key": ("id", "b")})
    assert found.enums == {"R": {"X": '} /* \\" //', "Y": "Y"}}


def test_spaces() -> None:
    """Spaces, of all kinds, may stand around the parts of a field, or not at all."""
    found = read(
        "model A{\n"
        "\u00a0id\u3000Int@id\n"
        '  b DateTime @db.Timestamptz( 6 ) @map( "y" )\n'
        '  @@unique( [ id, b ], name : "n" )\n'
        "}\n"
    )
    assert found.models["A"].identity == ("id",)
    assert found.models["A"].unique_keys == {"n": ("id", "b")}
    assert found.models["A"].fields["b"].precision == 6


def test_configuration() -> None:
    """Comments hide properties; names of generators may have hyphens."""
    found = read(
        'datasource db {\n  // url = env("NO")\n  /* url = env("NO")\n */\n'
        '  url = env( "URL" ) // env("NO")\n}\n'
        'generator my-client {\n  /* previewFeatures = ["nativeDistinct"] */\n'
        '  previewFeatures = [ "views" ] // "nativeDistinct"\n}\n'
    )
    assert found.url == ("env", "URL")
    assert found.preview_features == {"views"}


def test_a_block_without_an_end() -> None:
    """The error names the block."""
    with pytest.raises(SchemaError, match="block of model A in the schema has no end"):
        read("model A {\n  id Int @id\n  /* }\n */")


def test_lines() -> None:
    """Two schemas that differ in comments and spaces alone have the same lines."""
    assert lines("/** a\n*/model A { // b\n\n\tid Int /* c */\n}") == ["model A {", "id Int", "}"]


@pytest.mark.parametrize(
    ("view", "compiled"),
    [
        ("a Int @id\n  @@index([a])", "model V {\n  a Int @id\n  @@index([a])\n}"),
        ('a Int\n  b Int\n  @@id([a, b], map: "k")', "model V {"),
        ("a Int\n  b Int\n  @@unique([a, b])", "model V {"),
        ("a Int? @unique\n  @@index([a])", "view V {\n  a Int? @unique\n}"),
        ("a Int", "view V {\n  a Int\n}"),
    ],
)
def test_views_are_models_to_the_compiler(view: str, compiled: str) -> None:
    """As to Prisma 5.17; Prisma 6 accepts views without a key as well, which stay views."""
    assert compiled in read(f"{HEAD}{VIEWS}view V {{\n  {view}\n}}\n").datamodel


def test_defaults_of_bytes() -> None:
    """The compiler wants base64 padded; Prisma 5.17 took it without."""
    written = read(
        'model A {\n  id Int @id\n  b Bytes @default("foo") @map("abc")\n'
        '  c Bytes[] @default(["foo", "Zm9v"])\n  d String @default("foo")\n}\n'
    ).datamodel
    assert '@default("foo=") @map("abc")' in written
    assert '@default(["foo=", "Zm9v"])' in written
    assert 'String @default("foo")' in written
