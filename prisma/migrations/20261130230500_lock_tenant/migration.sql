-- Locks the tenant of the scope against everybody else who locks it until the transaction ends; returns
-- whether it exists. A function, because its users may not change it, and the policy hides from
-- FOR UPDATE what they may not change. This lock allows rows that refer to the tenant to be inserted.
CREATE FUNCTION lock_tenant(tenant uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM "Tenant" WHERE "id" = tenant AND "id" = scope_tenant() FOR NO KEY UPDATE;
    RETURN FOUND;
END $$;
