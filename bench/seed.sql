-- 10,000 users, three workspaces for each, three members in each workspace: its owner and two others.
-- Ids come from a hash, so their order does not depend on when rows were inserted.
CREATE TABLE "User" (
  id          text PRIMARY KEY,
  email       text NOT NULL UNIQUE,
  name        text,
  "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "Workspace" (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  description text,
  "ownerId"   text NOT NULL REFERENCES "User" ON DELETE CASCADE,
  "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "WorkspaceMember" (
  id            text PRIMARY KEY,
  "workspaceId" text NOT NULL REFERENCES "Workspace" ON DELETE CASCADE,
  "userId"      text NOT NULL REFERENCES "User" ON DELETE CASCADE,
  role          text NOT NULL DEFAULT 'member',
  "joinedAt"    timestamp(3) NOT NULL DEFAULT now()
);

CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE RETURN md5(kind || number)::uuid::text;

INSERT INTO "User"
SELECT pg_temp.key('u', n), format('person-%s@example.com', n),
  CASE WHEN n % 20 > 0 THEN format('Person %s', n) END,
  timestamp '2023-05-01' + n * interval '47.013 seconds'
FROM generate_series(1, 10000) AS n;

INSERT INTO "Workspace"
SELECT pg_temp.key('w', n), format('Workspace %s', n),
  CASE WHEN n % 4 > 0 THEN format('What the people of workspace %s work on together', n) END,
  pg_temp.key('u', 1 + n % 10000), timestamp '2024-01-01' + n * interval '211.007 seconds'
FROM generate_series(1, 30000) AS n;

INSERT INTO "WorkspaceMember"
SELECT pg_temp.key('m', n * 3 + place), pg_temp.key('w', n),
  pg_temp.key('u', 1 + (n + place * 3331) % 10000), ('{owner,admin,member}'::text[])[place + 1],
  timestamp '2024-01-01' + n * interval '211.007 seconds' + place * interval '3.001 seconds'
FROM generate_series(1, 30000) AS n, generate_series(0, 2) AS place;

CREATE INDEX ON "Workspace" ("ownerId");
CREATE UNIQUE INDEX ON "WorkspaceMember" ("workspaceId", "userId");

-- Workspaces that are not listed here were written by a benchmark, and are deleted by resets.
CREATE SCHEMA bench;
CREATE TABLE bench.seeded AS SELECT id FROM "Workspace";
ALTER TABLE bench.seeded ADD PRIMARY KEY (id);
CREATE EXTENSION pg_prewarm SCHEMA bench;
