-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "webSessionId" TEXT;

-- CreateTable
CREATE TABLE "session" (
    "sid" VARCHAR NOT NULL,
    "sess" JSON NOT NULL,
    "expire" TIMESTAMP(6) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("sid")
);

-- CreateIndex
CREATE INDEX "IDX_session_expire" ON "session"("expire");

-- Whoever holds the cookie knows its sid, and no other one.
ALTER TABLE "session" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of its holder" ON "session" USING ("sid" = (SELECT scope_key()));

-- However a session ends, its cookie ends with it, for every application that shares the table. The
-- sid is on our side, because an index on "sess" would refuse documents that the table may hold.
CREATE FUNCTION delete_web_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "session" WHERE "sid" = OLD."webSessionId";
    RETURN NULL;
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION delete_web_session() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;

CREATE TRIGGER "Session_delete_web_session"
AFTER DELETE ON "Session"
FOR EACH ROW WHEN (OLD."webSessionId" IS NOT NULL) EXECUTE FUNCTION delete_web_session();

CREATE TRIGGER "Session_replace_web_session"
AFTER UPDATE OF "webSessionId" ON "Session"
FOR EACH ROW WHEN (OLD."webSessionId" <> NEW."webSessionId") EXECUTE FUNCTION delete_web_session();
