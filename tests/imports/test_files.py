"""The core of imports without a database: columns, rows, faults by line and column."""

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from prisma import Prisma
from prisma.enums import TenantUserRole

from app.imports.faults import MAX_FAULTS, Report
from app.imports.reading import BATCH_LINES, MAX_LINES, FileDescription, import_file
from app.imports.records import Encoding
from app.imports.rows import Importer
from app.imports.users import UserImporter
from app.imports.workout_plans import PlanImporter
from app.workout_plans.plans import MAX_DAYS, MAX_EXERCISES
from tests.imports.files import NO_TRANSACTION, TENANT, faults_of, lines_of, places_of, read_file

HEADER = "plan,userEmail,day,exercise,sets,reps"


async def read_plans(*lines: str, header: str = HEADER) -> tuple[list[dict[str, Any]], Report]:
    """Return the plans of a file, without what they do not have, and the report."""
    rows, report = await read_file(PlanImporter, lines_of(header, *lines))
    return [row.plan.model_dump(exclude_none=True) for row in rows], report


async def test_users():
    """Addresses are stored in lower case; a role is optional and its case does not matter."""
    data = lines_of("Email, role", "Ann@Example.com,admin", "", "bob@example.com,", "  ,  ")

    rows, report = await read_file(UserImporter, data)

    assert [(row.line, row.email, row.role) for row in rows] == [
        (2, "ann@example.com", TenantUserRole.ADMIN),
        (4, "bob@example.com", None),
    ]
    assert report.faults == []


async def test_titles_of_the_mapping():
    """They replace our names, in any order of the columns."""
    rows, report = await read_file(
        UserImporter,
        "Rolle;E-Mail-Adresse für Werbung\nSTAFF;ann@example.com\n".encode("cp1252"),
        delimiter=";",
        encoding=Encoding.WINDOWS_1252,
        mapping={"email": "E-Mail-Adresse für Werbung", "role": "Rolle"},
    )

    assert [row.email for row in rows] == ["ann@example.com"]
    assert report.faults == []


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("role", "Missing columns: email. Known columns: email, role."),
        ("email,phone,", 'Unknown columns: phone, "". Known columns: email, role.'),
        ("email,EMAIL", "Columns that occur twice: email. Known columns: email, role."),
        (
            "mail",
            "Unknown columns: mail. Missing columns: email. Known columns: email, role.",
        ),
    ],
)
async def test_wrong_columns_are_one_fault(header: str, message: str):
    """It names them and the known ones; the lines are not read."""
    rows, report = await read_file(UserImporter, lines_of(header, "x", "y"))

    assert rows == []
    assert faults_of(report) == [(1, None, message)]


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\xef\xbb\xbf"])
async def test_an_empty_file(data: bytes):
    """It has no header."""
    _, report = await read_file(UserImporter, data)

    assert [fault.message for fault in report.faults] == [
        "The file is empty: its first line must name the columns."
    ]


async def test_faults_name_line_and_column():
    """Lines are those of the file, also after line breaks in cells; valid lines are read."""
    rows, report = await read_file(
        UserImporter,
        lines_of(
            "Adresse,role",
            '"a\nb",STAFF',
            "ann@example.com,OWNER",
            ",STAFF",
            "ann@example.com",
            '"ann@example.com"x,STAFF',
            "ann@example.com,STAFF",
            "Ann@Example.com,STAFF",
            "bob@example.com, admin",
        ),
        mapping={"email": "Adresse"},
    )

    assert places_of(report) == [
        (2, "Adresse"),
        (4, "role"),
        (5, "Adresse"),
        (6, None),
        (7, None),
        (9, "Adresse"),
    ]
    assert report.faults[2].message == "The cell is empty."
    assert report.faults[3].message == "The line has 1 cells and the header 2."
    assert report.faults[5].message == "Line 8 has the same address."
    assert [row.line for row in rows] == [8, 10]


async def test_invalid_bytes():
    """They are a fault of their cell, in the header of the whole file."""
    utf_8 = "email,role\nann@example.com,STAFF\nzoë@example.com,STAFF\nb@example.com,\n"
    latin = utf_8.encode("cp1252")
    undefined = b"email,role\nann@example.com,\x81\n"

    _, in_utf_8 = await read_file(UserImporter, latin)
    _, in_1252 = await read_file(UserImporter, undefined, encoding=Encoding.WINDOWS_1252)
    _, in_header = await read_file(UserImporter, "größe\n".encode("cp1252"))
    _, utf_16 = await read_file(UserImporter, utf_8.encode("utf-16"))

    assert places_of(in_utf_8) == [(3, "email")]
    assert places_of(in_1252) == [(2, "role")]
    for report in (in_header, utf_16):
        assert places_of(report) == [(1, None)]
        assert "Is another encoding declared?" in report.faults[0].message


async def test_faults_are_counted_beyond_those_that_are_kept():
    """The first hundred are kept."""
    _, report = await read_file(UserImporter, lines_of("email", *["x"] * 250), size=1000)

    assert (report.fault_count, len(report.faults)) == (250, MAX_FAULTS)
    assert report.faults[-1].line == 1 + MAX_FAULTS
    assert report.lines == 251


async def test_formulas_are_restored():
    """What an export made harmless is imported as it was."""
    plans, _ = await read_plans("'=A1,,'-,'+1,3,10", "''=A1,,x,y,1,1")

    assert [plan["title"] for plan in plans] == ["=A1", "'=A1"]
    assert plans[0]["days"][0]["name"] == "-"


async def test_adjacent_lines_form_a_plan():
    """Those of the same plan and user; within it adjacent lines of the same day form a day."""
    plans, report = await read_plans(
        "Start,,Mon,Squat,3,10",
        "Start,,Mon,Row,4,8",
        "Start,,Wed,Press,3,5",
        "Start,ann@example.com,Mon,Squat,1,1",
        "Other,ann@example.com,Mon,Squat,1,1",
    )

    assert report.faults == []
    assert plans[0] == {
        "title": "Start",
        "days": [
            {
                "name": "Mon",
                "exercises": [
                    {"name": "Squat", "sets": 3, "reps": 10},
                    {"name": "Row", "sets": 4, "reps": 8},
                ],
            },
            {"name": "Wed", "exercises": [{"name": "Press", "sets": 3, "reps": 5}]},
        ],
    }
    assert [plan["title"] for plan in plans] == ["Start", "Start", "Other"]


async def test_optional_cells_of_plans():
    """Numbers may have a decimal comma; empty cells are left out."""
    header = f"{HEADER},weightKg,restSeconds,notes,goal"
    plans, report = await read_plans(
        'A,,Mon,Squat,3,10,"22,5",90,Slow,Strength',
        "A,,Mon,Row,3,10,7.25,,,",
        header=header,
    )

    assert report.faults == []
    assert plans[0]["goal"] == "Strength"
    assert plans[0]["days"][0]["exercises"] == [
        {
            "name": "Squat",
            "sets": 3,
            "reps": 10,
            "weightKg": 22.5,
            "restSeconds": 90,
            "notes": "Slow",
        },
        {"name": "Row", "sets": 3, "reps": 10, "weightKg": 7.25},
    ]


async def test_a_thousand_is_no_decimal_number():
    """Three digits after a comma may be thousands, so that they are refused instead of guessed."""
    _, report = await read_plans('A,,Mon,Squat,3,10,"1,000"', header=f"{HEADER},weightKg")
    assert places_of(report) == [(2, "weightKg")]


async def test_faults_of_plans():
    """Each names its column, also if a model calls it otherwise."""
    _, report = await read_plans(
        "A,,Mon,Squat,0,x",
        "A,no address,Mon,,3,10",
        ",,Mon,Squat,3,10",
        "B,,Mon,Squat,3,10",
        "A,,Mon,Squat,3,10",
    )

    assert places_of(report) == [
        (2, "sets"),
        (2, "reps"),
        (3, "userEmail"),
        (3, "exercise"),
        (4, "plan"),
        (6, "plan"),
    ]
    assert "began in line 2" in report.faults[-1].message


async def test_goals_of_a_plan_must_agree():
    """A later line may repeat the goal or leave it empty."""
    _, report = await read_plans(
        *(f"A,,Mon,Squat,1,1,{goal}" for goal in ("Strong", "", "Strong", "Fast")),
        header=f"{HEADER},goal",
    )

    assert places_of(report) == [(5, "goal")]


@pytest.mark.parametrize(
    ("most", "column", "line"),
    [(MAX_EXERCISES, "exercise", "A,,Mon,E{},1,1"), (MAX_DAYS, "day", "A,,D{},Squat,1,1")],
)
async def test_limits_of_a_plan(most: int, column: str, line: str):
    """The first line beyond the limit is at fault."""
    _, fits = await read_plans(*(line.format(number) for number in range(most)))
    _, exceeds = await read_plans(*(line.format(number) for number in range(most + 1)))

    assert fits.faults == []
    assert places_of(exceeds) == [(most + 2, column)]


async def test_too_many_lines():
    """The line after the last allowed one ends the reading."""
    _, fits = await read_file(UserImporter, b"email\n" + b"\n" * MAX_LINES, size=1 << 20)
    _, exceeds = await read_file(UserImporter, b"email\n" + b"\n" * (MAX_LINES + 1), size=1 << 20)

    assert fits.faults == []
    assert places_of(exceeds) == [(MAX_LINES + 2, None)]


async def _many(header: str, line: str, count: int) -> AsyncIterator[bytes]:
    yield f"{header}\n".encode()
    for number in range(count):
        yield f"{line.format(number)}\n".encode()


@pytest.mark.parametrize("count", [5000, pytest.param(MAX_LINES - 1, marks=pytest.mark.full)])
@pytest.mark.parametrize(
    ("importer", "header", "line"),
    [
        (UserImporter, "email", "user{}@example.com"),
        (PlanImporter, HEADER, "Plan {},,Mon,Squat,3,10"),
    ],
)
async def test_memory_is_bounded(importer: type[Any], header: str, line: str, count: int):
    """One batch of rows is kept, and the key of each row to find a second one."""
    written: list[int] = []

    class Counting(importer):
        async def write(self, tx: Prisma, rows: Sequence[Any]) -> None:
            written.append(len(rows))

    report = Report()
    counting: Importer[Any] = Counting(TENANT, report)  # pyright: ignore[reportAbstractUsage]  # it is complete
    tracemalloc.start()
    try:
        await import_file(NO_TRANSACTION, counting, _many(header, line, count), FileDescription())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert report.faults == []
    assert (sum(written), max(written)) == (count, BATCH_LINES)
    assert peak < 6_000_000 + count * 300
