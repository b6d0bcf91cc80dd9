-- The keys in use have the trigger of all other tables.
CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON "EncryptionKey"
WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating();
