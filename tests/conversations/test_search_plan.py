"""How much PostgreSQL reads to find contacts by a beginning, policies included."""

import pytest

from app.conversations.contact_search import SEARCH
from app.kit.ids import FIRST_UUID
from tests.fix_database import run_sql
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.test_plans_of_queries import described, explained, nodes, read_whole, rows_read

# All names and addresses begin alike, and so do all numbers.
MANY_CONTACTS = """
    INSERT INTO "Contact" (id, "tenantId", name, phone, email, "waUserId")
    SELECT gen_random_uuid(), '{tenant}', 'An ' || n, '+49301' || 100000 + n,
        'ben' || n || '@example.com', 'DE.' || n
    FROM generate_series(1, 3000) AS n;
"""


@pytest.mark.parametrize(("text", "phone"), [("an", "-"), ("BEN", "-"), ("DE.", "-"), ("+4", "+4")])
async def test_a_search_reads_a_page(studio: TenantTeam, text: str, phone: str):
    """Whichever column finds, and however many contacts: the rows of the page by an index."""
    settings = studio.api.app.state.settings
    other = await make_tenant_team(studio.api, "blue")
    rows = [MANY_CONTACTS.format(tenant=tenant) for tenant in (studio.id, other.id)]
    run_sql(settings.database_url, *rows, 'VACUUM ANALYZE "Contact"')

    for mode in ("force_custom_plan", "force_generic_plan"):
        plan = explained(
            settings.app_database_url,
            f"SELECT set_config('tenantry.tenant', '{studio.id}', false)",
            f"SET plan_cache_mode = {mode}",
            f"PREPARE statement AS {SEARCH}",
            "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE statement("
            f"'{studio.id}', '{text}', '{phone}', '', '{FIRST_UUID}', 6)",
        )
        assert plan["Actual Rows"] == 6
        assert read_whole(plan) == [], described(plan)
        # Sorting by the id, which decides between equal keys, looks one row ahead.
        assert rows_read(plan) <= 7, described(plan)
        assert not any(node.get("Rows Removed by Filter") for node in nodes(plan)), described(plan)
