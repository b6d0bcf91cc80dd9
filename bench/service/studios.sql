-- :studios tenants. Each has a user who is staff, a conversation of each of :lengths turns, and a WhatsApp
-- channel with :contacts contacts, each of whom has a conversation of ten turns. Triggers are off, so this
-- script also writes the rows that they would write.
SET session_replication_role = replica;

CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid
  LANGUAGE sql IMMUTABLE RETURN md5(kind || number)::uuid;

INSERT INTO "Tenant" (id, name)
SELECT pg_temp.key('tenant', n), format('Studio %s', n) FROM generate_series(0, :studios - 1) AS n;

INSERT INTO "TenantUser" (id, "tenantId", email)
SELECT pg_temp.key('staff', n), pg_temp.key('tenant', n), 'staff@example.com'
FROM generate_series(0, :studios - 1) AS n;

INSERT INTO "TenantSession" (id, "tenantId", "userId", "expiresAt", "endsAt")
SELECT pg_temp.key('login', n), pg_temp.key('tenant', n), pg_temp.key('staff', n), '2100-01-01', '2100-01-01'
FROM generate_series(0, :studios - 1) AS n;

INSERT INTO "EncryptionKey" (id) VALUES (':key') ON CONFLICT DO NOTHING;
INSERT INTO "WhatsAppChannel" (
  id, "tenantId", "waNumber", "phoneNumberId", status, "verifyTokenHash", "waCloudApiConfig"
)
SELECT pg_temp.key('channel', n - 1), pg_temp.key('tenant', n - 1), format('+4930%s', 1000000 + n - 1),
  (1000000 + n - 1)::text, 'ACTIVE', md5('verify' || n), config
FROM jsonb_array_elements(':configs') WITH ORDINALITY AS channel(config, n);

INSERT INTO "Contact" (id, "tenantId", phone, name, "searchName")
SELECT pg_temp.key('contact', n), pg_temp.key('tenant', n / :contacts), format('+49151%s', 10000000 + n),
  format('Contact %s', n), format('contact %s', n)
FROM generate_series(0, :studios * :contacts - 1) AS n;

INSERT INTO "Conversation" (id, "tenantId", channel, "turnCount")
SELECT pg_temp.key(format('turns%s-', length), n), pg_temp.key('tenant', n), 'VOICE', length
FROM unnest(ARRAY[:lengths]) AS length, generate_series(0, :studios - 1) AS n;
INSERT INTO "Conversation" (id, "tenantId", channel, "contactId", "whatsAppChannelId", "turnCount")
SELECT pg_temp.key('chat', n), pg_temp.key('tenant', n / :contacts), 'WHATSAPP', pg_temp.key('contact', n),
  pg_temp.key('channel', n / :contacts), 10
FROM generate_series(0, :studios * :contacts - 1) AS n;

-- Ids in ascending order, as those of the service are.
CREATE TEMPORARY SEQUENCE turn_number;
INSERT INTO "ConversationTurn" (id, "tenantId", "conversationId", position, author, text, "createdAt")
SELECT lpad(to_hex(nextval('turn_number')), 32, '0')::uuid, "tenantId", id, position,
  (CASE position % 2 WHEN 1 THEN 'CONTACT' ELSE 'STAFF' END)::"TurnAuthor",
  format('What somebody said about the training on Monday, number %s', position),
  timestamptz '2026-01-01' + position * interval '1 minute'
FROM "Conversation", generate_series(1, "turnCount") AS position;

UPDATE "Conversation" SET
  "lastTurnAt" = timestamptz '2026-01-01' + "turnCount" * interval '1 minute',
  transcript = (
    SELECT jsonb_agg(jsonb_build_object(
      'id', turn.id, 'position', position, 'author', author, 'text', text, 'at', turn."createdAt"
    ) ORDER BY position)
    FROM "ConversationTurn" AS turn
    WHERE turn."tenantId" = "Conversation"."tenantId" AND "conversationId" = "Conversation".id
      AND position > "turnCount" - 10
  );

-- Resets make the conversations as they are here.
CREATE SCHEMA bench;
CREATE TABLE bench.conversation AS
SELECT id, "tenantId", transcript, "turnCount", "lastTurnAt" FROM "Conversation";
