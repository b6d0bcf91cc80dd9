-- Every user sees and writes what is theirs, and without a user there is nothing.
ALTER TABLE "Note" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Note" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON "Note"
    USING (owner = NULLIF(current_setting('app.user_id', true), ''))
    WITH CHECK (owner = NULLIF(current_setting('app.user_id', true), ''));
ALTER TABLE "Line" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Line" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON "Line"
    USING (owner = NULLIF(current_setting('app.user_id', true), ''))
    WITH CHECK (owner = NULLIF(current_setting('app.user_id', true), ''));
ALTER TABLE "Book" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Book" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON "Book"
    USING (owner = NULLIF(current_setting('app.user_id', true), ''))
    WITH CHECK (owner = NULLIF(current_setting('app.user_id', true), ''));
ALTER TABLE "Page" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Page" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON "Page"
    USING (owner = NULLIF(current_setting('app.user_id', true), ''))
    WITH CHECK (owner = NULLIF(current_setting('app.user_id', true), ''));
