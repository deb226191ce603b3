-- The second wall between timebanks, and what the service's role may do to each table.
-- Not FORCEd: the service never runs as the owner, and the owner's SECURITY DEFINER functions look across timebanks on purpose.

-- The timebank of the present transaction; without one every access to tenant data fails loudly.
CREATE FUNCTION platform.timebank() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT current_setting('commonhours.timebank')::uuid $$;
--> statement-breakpoint
CREATE FUNCTION platform.protect(tenant_table regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
  EXECUTE format('CREATE POLICY own_timebank ON %s TO commonhours_service USING (timebank_id = (SELECT platform.timebank())) WITH CHECK (timebank_id = (SELECT platform.timebank()))', tenant_table);
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION platform.protect(regclass) FROM PUBLIC;
--> statement-breakpoint
SELECT platform.protect(format('%I.%I', table_schema, table_name)::regclass)
  FROM information_schema.columns
 WHERE column_name = 'timebank_id'
   AND table_schema IN ('ledger', 'audit', 'timebanks', 'members', 'listings', 'exchanges', 'platform')
 ORDER BY table_schema, table_name;
--> statement-breakpoint
GRANT USAGE ON SCHEMA ledger, audit, timebanks, identity, members, listings, exchanges, platform TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA identity, members, listings, exchanges, platform TO commonhours_service;
--> statement-breakpoint
-- Nothing is deleted from what people stand on.
REVOKE DELETE ON members.memberships, members.organisations, members.affiliations, members.screenings, members.numbers,
  listings.categories, listings.offers, listings.requests, exchanges.exchanges FROM commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (name) ON timebanks.timebanks TO commonhours_service;
--> statement-breakpoint
-- Append-only by grants.
GRANT SELECT, INSERT ON timebanks.policies, audit.events TO commonhours_service;
--> statement-breakpoint
-- The ledger is written by its functions only, which run with their owner's rights.
GRANT SELECT ON ledger.books, ledger.accounts, ledger.transfers, ledger.limit_changes TO commonhours_service;
