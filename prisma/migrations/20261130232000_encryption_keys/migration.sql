-- CreateTable
CREATE TABLE "EncryptionKey" (
    "id" TEXT NOT NULL,
    "firstUsedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "EncryptionKey_pkey" PRIMARY KEY ("id")
);

-- What Prisma's schema cannot express: functions, triggers and row-level security.

-- The ids of the keys with which the secrets in a JSON object are encrypted, each once; for what is not
-- encrypted, 'none'.
CREATE FUNCTION encryption_keys_in(stored jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT DISTINCT coalesce(substring(field.value ->> 'ciphertext' FROM '^([0-9a-f]{8})[.]'), 'none')
    FROM jsonb_each(CASE WHEN jsonb_typeof(stored) = 'object' THEN stored ELSE '{}'::jsonb END) AS field
    WHERE field.value ->> 'ciphertext' IS NOT NULL
);

-- Whatever writes a secret registers its key. The lock lets a key be removed only when no
-- transaction is about to store a value that needs it.
CREATE FUNCTION register_encryption_keys() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    used text;
BEGIN
    FOREACH used IN ARRAY encryption_keys_in(to_jsonb(NEW) -> TG_ARGV[0]) LOOP
        IF used = 'none' THEN
            RAISE check_violation USING MESSAGE = 'a ciphertext begins with the id of its key';
        END IF;
        -- A key that was given up stays so while its old values are kept.
        CONTINUE WHEN TG_OP = 'UPDATE' AND used = ANY (encryption_keys_in(to_jsonb(OLD) -> TG_ARGV[0]));
        LOOP
            PERFORM FROM "EncryptionKey" WHERE "id" = used FOR KEY SHARE;
            EXIT WHEN FOUND;
            INSERT INTO "EncryptionKey" ("id") VALUES (used) ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
        END LOOP;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER "registers encryption keys" AFTER INSERT OR UPDATE OF "config" ON "TenantIntegration"
FOR EACH ROW EXECUTE FUNCTION register_encryption_keys('config');
CREATE TRIGGER "registers encryption keys" AFTER INSERT OR UPDATE OF "sipCredentials" ON "PhoneNumber"
FOR EACH ROW EXECUTE FUNCTION register_encryption_keys('sipCredentials');
CREATE TRIGGER "registers encryption keys" AFTER INSERT OR UPDATE OF "waCloudApiConfig" ON "WhatsAppChannel"
FOR EACH ROW EXECUTE FUNCTION register_encryption_keys('waCloudApiConfig');

-- The ids of the keys that stored values need and that are not configured. They concern the whole
-- installation, so readiness reads them in no scope.
CREATE FUNCTION missing_encryption_keys(configured text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN ARRAY(SELECT "id" FROM "EncryptionKey" WHERE "id" <> ALL (configured) ORDER BY "id");
END $$;

DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY['register_encryption_keys()', 'missing_encryption_keys(text[])'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

ALTER TABLE "EncryptionKey" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "read and written by functions alone" ON "EncryptionKey" FOR INSERT WITH CHECK (false);
