-- What the tables stand on: the service's role, extensions, and the folding that makes search forgive accents and case.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'commonhours_service') THEN
    CREATE ROLE commonhours_service NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION
  -- two databases of one server may be migrated at the same moment, and roles belong to the server
  WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
--> statement-breakpoint
DO $$
BEGIN
  SET LOCAL ROLE commonhours_service;
  RESET ROLE;
EXCEPTION
  -- since PostgreSQL 16 whoever makes a role may hand it out, but may not act as it before handing it to themselves
  WHEN insufficient_privilege THEN
    EXECUTE format('GRANT commonhours_service TO %I', current_user);
END $$;
--> statement-breakpoint
CREATE SCHEMA search;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
--> statement-breakpoint
-- unaccent() is only STABLE because its dictionary could change; ours does not, and generated columns need IMMUTABLE.
CREATE FUNCTION search.fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path = public, pg_catalog
AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, words)) $$;
--> statement-breakpoint
GRANT USAGE ON SCHEMA search TO commonhours_service;
