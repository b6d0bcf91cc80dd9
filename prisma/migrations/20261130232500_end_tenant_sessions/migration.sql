-- Ends the sessions of a user of the scope's tenant, or of all its users. A function, because administrators
-- may do so, and the policies show them no session but their own.
CREATE FUNCTION end_tenant_sessions(someone uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    DELETE FROM "TenantSession"
    WHERE "tenantId" = scope_tenant() AND (someone IS NULL OR "userId" = someone)
$$;

-- Another address is another mailbox: whoever reads the former one keeps neither a session nor a link.
CREATE FUNCTION void_former_address() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "TenantSession" WHERE "tenantId" = NEW."tenantId" AND "userId" = NEW."id";
    DELETE FROM "TenantEmailToken" WHERE "tenantId" = NEW."tenantId" AND "userId" = NEW."id";
    RETURN NULL;
END $$;
CREATE TRIGGER "another address ends log-ins" AFTER UPDATE OF "email" ON "TenantUser"
FOR EACH ROW WHEN (OLD."email" <> NEW."email") EXECUTE FUNCTION void_former_address();
