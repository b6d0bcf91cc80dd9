-- :people users; each owns a workspace and is a member of the next four. A workspace has five audit
-- events, but the first :requested, which the benchmarks request, have twenty, and the first few have
-- as many members as :teams says. Expiry dates are far in the future, because the data is kept.
-- Triggers are off, so this script also writes the rows that they would write.
SET session_replication_role = replica;

CREATE FUNCTION pg_temp.person(number bigint) RETURNS uuid
  LANGUAGE sql IMMUTABLE RETURN md5('u' || number)::uuid;
CREATE FUNCTION pg_temp.workspace(number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE RETURN left(md5('w' || number), 15);

INSERT INTO "User" (id, email, "emailConfirmedAt", name)
SELECT pg_temp.person(n), format('person-%s@example.com', n), now(), format('Person %s', n)
FROM generate_series(0, :people - 1) AS n;

INSERT INTO "Session" (id, "userId", "userAgent", "expiresAt")
SELECT md5('s' || n)::uuid, pg_temp.person(n), 'a browser', '2100-01-01'
FROM generate_series(0, :people - 1) AS n;

INSERT INTO "Workspace" (id, name, description, "ownerId", "createdById")
SELECT pg_temp.workspace(n), format('Workspace %s', n), 'What we do together',
  pg_temp.person(n), pg_temp.person(n)
FROM generate_series(0, :people - 1) AS n;

INSERT INTO "WorkspaceMember" ("workspaceId", "userId", role, "joinedAt")
SELECT pg_temp.workspace((n + place) % :people), pg_temp.person(n),
  (CASE place WHEN 0 THEN 'owner' WHEN 1 THEN 'admin' ELSE 'member' END)::"WorkspaceRole",
  now() - interval '1 day' + n * interval '1 ms'
FROM generate_series(0, :people - 1) AS n, generate_series(0, 4) AS place;

-- Workspaces with more members.
INSERT INTO "WorkspaceMember" ("workspaceId", "userId", "joinedAt")
SELECT pg_temp.workspace(team.place - 1), pg_temp.person(n), now() + n * interval '1 ms'
FROM unnest(ARRAY[:teams]::int[]) WITH ORDINALITY AS team(size, place),
  generate_series(10, 4 + least(team.size, :people - 20)) AS n
ON CONFLICT DO NOTHING;

-- An organization of each user, with the next four as members, and a project. The first organization
-- has :large members.
INSERT INTO "Organization" (id, name)
SELECT md5('o' || n)::uuid, format('Organization %s', n) FROM generate_series(0, :people - 1) AS n;

INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role, "joinedAt")
SELECT gen_random_uuid(), md5('o' || (n - place + :people) % :people)::uuid, pg_temp.person(n),
  (CASE place WHEN 0 THEN 'OWNER' ELSE 'MEMBER' END)::"OrgRole",
  now() - interval '1 day' + n * interval '1 ms'
FROM generate_series(0, :people - 1) AS n, generate_series(0, 4) AS place;

INSERT INTO "User" (id, email)
SELECT pg_temp.person(n), format('person-%s@example.com', n)
FROM generate_series(:people, :large - 1) AS n;
INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
SELECT gen_random_uuid(), md5('o0')::uuid, pg_temp.person(n)
FROM generate_series(0, :large - 1) AS n ON CONFLICT DO NOTHING;

INSERT INTO "Project" (id, "organizationId", name, description)
SELECT md5('p' || n)::uuid, md5('o' || n)::uuid, format('Project %s', n), 'What we build'
FROM generate_series(0, :people - 1) AS n;

INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action, "subjectId", details)
SELECT gen_random_uuid(), pg_temp.workspace(n % :people), pg_temp.person(n % :people),
  'workspace.changed', pg_temp.workspace(n % :people), '{"name": "Workspace"}'
FROM generate_series(0, :people * 5 - 1) AS n;
INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action, "subjectId", details)
SELECT gen_random_uuid(), pg_temp.workspace(n % :requested), pg_temp.person(n % :requested),
  'workspace.changed', pg_temp.workspace(n % :requested), '{"name": "Workspace"}'
FROM generate_series(0, :requested * 15 - 1) AS n;

INSERT INTO "Invitation" (hash, "workspaceId", role, email, "invitedById", "expiresAt", id)
SELECT md5('i' || n), pg_temp.workspace(n), 'member', format('guest-%s@example.com', n), pg_temp.person(n),
  '2100-01-01', gen_random_uuid()
FROM generate_series(0, :people - 1) AS n;
