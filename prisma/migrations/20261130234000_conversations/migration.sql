-- AlterTable
ALTER TABLE "Contact" ADD COLUMN     "searchName" TEXT;

-- AlterTable
ALTER TABLE "ConversationTurn" ADD COLUMN     "data" JSONB;

-- CreateIndex
CREATE INDEX "Contact_tenantId_searchName_id_idx" ON "Contact"("tenantId", "searchName", "id");

-- Contacts are found by a beginning of these, for which an index has to be in the order of bytes.
ALTER TABLE "Contact"
    ALTER COLUMN "searchName" TYPE text COLLATE "C",
    ALTER COLUMN "waUserId" TYPE text COLLATE "C",
    ALTER COLUMN "phone" TYPE text COLLATE "C",
    ALTER COLUMN "email" TYPE text COLLATE "C";
ALTER TABLE "Contact" ADD CONSTRAINT "Contact_phone_check" CHECK ("phone" ~ '^\+[1-9][0-9]{5,14}$');

-- A column instead of an index on lower("name"): PostgreSQL does not use that below a policy, since
-- lower() may show in an error what the policy hides.
UPDATE "Contact" SET "searchName" = lower("name");

CREATE FUNCTION write_search_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."searchName" := lower(NEW."name");
    RETURN NEW;
END $$;

CREATE TRIGGER "search name" BEFORE INSERT OR UPDATE OF "name" ON "Contact"
FOR EACH ROW EXECUTE FUNCTION write_search_name();

-- A notification may name several numbers, which are separated by commas in the key.
ALTER POLICY "found by its number" ON "WhatsAppChannel" USING (
    CASE WHEN "phoneNumberId" = ANY ((SELECT string_to_array(scope_key(), ','))::text[]) THEN true
        ELSE "verifyTokenHash" = (SELECT scope_key()) END
);
