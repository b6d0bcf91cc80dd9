"""The statements that plans send: planned once by PostgreSQL, and right whatever is written out."""

from typing import Any

from prisma_wasm import scoped

_RUNS = 12


async def _kept(client: Any, part: str) -> list[dict[str, Any]]:
    """The statements with this in their text that the client's connection keeps."""
    rows = await client.query_raw(
        "SELECT name, statement, generic_plans::int AS generic, custom_plans::int AS custom"
        " FROM pg_prepared_statements WHERE statement LIKE $1",
        f"%{part}%",
    )
    return list(rows)


async def test_a_usual_page_is_planned_once(prisma: Any, url: str) -> None:
    """A query that often runs with one limit stops being planned anew for each run."""
    async with prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"}) as client:
        for _ in range(_RUNS):
            await client.user.find_many(take=50, order={"id": "asc"})
        written = [row for row in await _kept(client, 'FROM "public"."User"')
                   if row["statement"].endswith("LIMIT 50")]  # fmt: skip
    assert len(written) == 1
    assert written[0]["generic"] + written[0]["custom"] < _RUNS
    assert written[0]["generic"] > 0


async def test_a_page_of_many_is_read_in_order_among_pages_of_few(
    prisma: Any, db: Any, url: str
) -> None:
    """What is right for most authors, who have less than a page, is not done to the greatest."""
    await db.execute_raw(
        'INSERT INTO "User" (email, "updatedAt") SELECT n, now() FROM generate_series(1, 400) AS n'
    )
    await db.execute_raw(
        """INSERT INTO "posts" (title, "authorId")
        SELECT n, id FROM "User", generate_series(1, 5) AS n
        UNION ALL SELECT n, (SELECT max(id) FROM "User") FROM generate_series(6, 5000) AS n"""
    )
    await db.execute_raw('ANALYZE "posts"')
    author = (await db.user.find_first(order={"id": "desc"})).id
    async with prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"}) as client:
        for _ in range(_RUNS):
            await client.post.find_many(where={"authorId": author}, take=50, order={"title": "asc"})
        (kept,) = await _kept(client, 'FROM "public"."posts"')
        await client.execute_raw("SET plan_cache_mode = force_generic_plan")
        rows = await client.query_raw(
            f'EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE "{kept["name"]}" ({author}, 50)'
        )
    plan = rows[0]["QUERY PLAN"][0]["Plan"]["Plans"][0]
    assert plan["Node Type"] == "Index Scan"
    assert plan["Actual Rows"] == 50


async def test_a_page_that_policies_pick_is_left_as_it_is(prisma: Any, url: str) -> None:
    """In a scope any table may be a part of itself: its pages are planned as such parts are."""
    async with prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"}) as client:
        with scoped({"app.user_id": "7"}):
            for _ in range(_RUNS):
                await client.user.find_many(take=50, order={"id": "asc"})
        (kept,) = await _kept(client, 'FROM "public"."User"')
    assert kept["statement"].endswith("LIMIT $1")


async def test_sizes_that_change_leave_few_statements(prisma: Any, url: str) -> None:
    """Callers who choose their page's size do not fill the connection with statements."""
    async with prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"}) as client:
        for take in range(1, 21):
            for _ in range(5):
                await client.team.find_many(take=take, order={"id": "asc"})
        assert 1 <= len(await _kept(client, 'FROM "public"."Team"')) <= 4


async def test_every_limit_is_kept(db: Any) -> None:
    """Whichever limits came before, a page and the pages in it have as many records as asked."""
    for name in ("a", "b", "c", "d"):
        posts = [{"title": f"{name}{n}"} for n in range(4)]
        await db.user.create(data={"email": name, "posts": {"create": posts}})
    limits = [(1, 2)] * 5 + [(2, 1), (3, 3)] * 5 + [(2, 1), (4, 2), (1, 1), (1, 2)]
    for users, posts in limits:
        found = await db.user.find_many(
            take=users, skip=1, order={"email": "asc"},
            include={"posts": {"take": posts, "order_by": {"title": "desc"}}},
        )  # fmt: skip
        emails = ["b", "c", "d"][:users]
        assert [user.email for user in found] == emails
        for user in found:
            wanted = [f"{user.email}{n}" for n in (3, 2, 1, 0)][:posts]
            assert [post.title for post in user.posts] == wanted


async def test_related_records_of_any_width(db: Any) -> None:
    """A model of more than fifty fields is included; so is one with a column named as SQL is."""
    narrow = await db.narrow.create(data={"label": "it's", "wides": {"create": [{}, {"n52": 7}]}})
    found = await db.narrow.find_unique(where={"id": narrow.id}, include={"wides": True})
    assert [(wide.n01, wide.n51, wide.n52) for wide in found.wides] == [(1, 51, 52), (1, 51, 7)]
    wide = await db.wide.find_first(where={"n52": 7}, include={"narrow": True})
    assert wide.narrow.label == "it's"
