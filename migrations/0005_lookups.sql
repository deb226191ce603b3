-- Look-ups across timebanks that the service needs before it knows the tenant. They run with their owner's rights,
-- and give away nothing but the asking person's own memberships.

-- Who calls, in one round trip: is the session alive, is the person an operator, which timebank, which membership.
CREATE FUNCTION members.caller(p_person uuid, p_session uuid, p_timebank text)
RETURNS TABLE (session_alive boolean, operator boolean, timebank_id uuid, slug text, membership_id uuid, number integer, status text, roles text[], account_id integer)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT EXISTS (SELECT FROM identity.sessions s WHERE s.id = p_session AND s.person_id = p.id AND s.revoked_at IS NULL),
         p.operator, t.id, t.slug, m.id, m.number, m.status,
         -- further roles count while the membership is active: a suspended broker is no staff
         CASE WHEN m.status = 'active' THEN m.roles WHEN m.id IS NOT NULL THEN '{member}'::text[] END, m.account_id
    FROM identity.persons p
    LEFT JOIN timebanks.timebanks t ON t.slug = p_timebank OR t.id = CASE WHEN p_timebank ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN p_timebank::uuid END
    LEFT JOIN members.memberships m ON m.timebank_id = t.id AND m.person_id = p.id
   WHERE p.id = p_person
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION members.caller(uuid, uuid, text) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION members.caller(uuid, uuid, text) TO commonhours_service;
--> statement-breakpoint
CREATE FUNCTION members.memberships_of(p_person uuid)
RETURNS TABLE (timebank_id uuid, slug text, timebank_name text, membership_id uuid, number integer, status text, roles text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT t.id, t.slug, t.name, m.id, m.number, m.status, m.roles
    FROM members.memberships m JOIN timebanks.timebanks t ON t.id = m.timebank_id
   WHERE m.person_id = p_person
   ORDER BY t.id
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION members.memberships_of(uuid) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION members.memberships_of(uuid) TO commonhours_service;
--> statement-breakpoint
-- Searching members ----------------------------------------------------------------------------------------------------------

-- uuid beside trigrams in one index, so that a name is looked for within its timebank only
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;
--> statement-breakpoint
CREATE INDEX memberships_name ON members.memberships
  USING gin (timebank_id, search.fold(display_name) public.gin_trgm_ops) WITH (fastupdate = off);
--> statement-breakpoint
CREATE INDEX memberships_language ON members.memberships USING gin (timebank_id, languages) WITH (fastupdate = off);
--> statement-breakpoint
-- Numbers of the members that fit every condition given, in order. With the owner's rights because row-level security keeps
-- LIKE and array operators (they are not leakproof) from using an index; it filters by the transaction's timebank itself.
-- Each condition that is not asked for is left out of the statement, so that the planner sees only what counts.
CREATE FUNCTION members.find(
  p_after integer, p_limit integer, p_statuses text[], p_role text, p_broker uuid, p_number integer,
  p_name text[], p_language text, p_area text, p_visible_to uuid
) RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  RETURN QUERY EXECUTE
    'SELECT number FROM members.memberships WHERE timebank_id = $1 AND number > $2'
    || CASE WHEN p_statuses IS NULL THEN ''
            WHEN cardinality(p_statuses) = 1 THEN ' AND status = ($4)[1]'
            ELSE ' AND status = ANY ($4)' END
    || CASE WHEN p_role IS NULL THEN '' WHEN p_role = 'member' THEN ' AND roles @> ARRAY[$5]'
            ELSE ' AND roles @> ARRAY[$5] AND roles <> ''{member}''::text[]' END
    || CASE WHEN p_broker IS NULL THEN '' ELSE ' AND broker_id = $6' END
    || CASE WHEN p_number IS NULL THEN '' ELSE ' AND number = $7' END
    || CASE WHEN p_name IS NULL THEN ''
            -- an OR, not LIKE ANY: gin takes no arrays of patterns
            WHEN cardinality(p_name) = 1 THEN ' AND search.fold(display_name) LIKE ($8)[1]'
            ELSE ' AND (search.fold(display_name) LIKE ($8)[1] OR search.fold(display_name) LIKE ($8)[2])' END
    || CASE WHEN p_language IS NULL THEN '' ELSE ' AND languages @> ARRAY[$9]' END
    || CASE WHEN p_area IS NULL THEN '' ELSE ' AND area = $10' END
    || CASE WHEN p_visible_to IS NULL THEN ''
            ELSE ' AND (status IN (''active'', ''paused'') AND profile_visibility = ''members'' OR id = $11)' END
    || ' ORDER BY number LIMIT $3'
  USING current_setting('commonhours.timebank')::uuid, p_after, p_limit, p_statuses, p_role, p_broker, p_number,
    p_name, p_language, p_area, p_visible_to;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION members.find(integer, integer, text[], text, uuid, integer, text[], text, text, uuid) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION members.find(integer, integer, text[], text, uuid, integer, text[], text, text, uuid) TO commonhours_service;
--> statement-breakpoint
-- Takes the login and the name from a person who is a member nowhere any more. The service itself cannot see other timebanks.
CREATE FUNCTION members.forget_person(p_person uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  address text;
BEGIN
  SELECT p.email INTO address FROM identity.persons p WHERE p.id = p_person AND NOT p.operator FOR UPDATE;
  IF NOT FOUND OR EXISTS (SELECT FROM members.memberships m WHERE m.person_id = p_person) THEN
    RETURN false;
  END IF;
  DELETE FROM identity.sessions s WHERE s.person_id = p_person;
  DELETE FROM identity.links l WHERE l.person_id = p_person OR l.email = address;
  DELETE FROM identity.persons p WHERE p.id = p_person;
  RETURN true;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION members.forget_person(uuid) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION members.forget_person(uuid) TO commonhours_service;
