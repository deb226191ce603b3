-- Who call, for any number of requests at once: one row for each, in their order. It takes the place of members.caller, which
-- stays for services of an older version that still run. A caller that is not there, a timebank that is not there, or in
-- which the person is no member: the columns about them are null. Which policy is in force is told to members only.
-- Its own settings hold it to index look-ups, however many are asked for and however few rows the tables had when it was planned.
CREATE FUNCTION members.callers(p_persons uuid[], p_sessions uuid[], p_timebanks uuid[], p_slugs text[])
RETURNS TABLE (session_alive boolean, operator boolean, timebank_id uuid, slug text, policy_version integer,
               membership_id uuid, number integer, status text, roles text[], account_id integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  -- not EXISTS: a plan for many would read all sessions into a hash
  SELECT coalesce((SELECT s.revoked_at IS NULL FROM identity.sessions s WHERE s.id = q.session AND s.person_id = p.id), false),
         coalesce(p.operator, false), t.id, t.slug,
         CASE WHEN m.id IS NOT NULL THEN
           (SELECT v.version FROM timebanks.policies v WHERE v.timebank_id = t.id ORDER BY v.version DESC LIMIT 1) END,
         m.id, m.number, m.status,
         -- further roles count while the membership is active: a suspended broker is no staff
         CASE WHEN m.status = 'active' THEN m.roles WHEN m.id IS NOT NULL THEN '{member}'::text[] END, m.account_id
    FROM unnest(p_persons, p_sessions, p_timebanks, p_slugs) WITH ORDINALITY q(person, session, timebank, slug, nth)
    LEFT JOIN identity.persons p ON p.id = q.person
    LEFT JOIN LATERAL (
      SELECT i.id, i.slug FROM timebanks.timebanks i WHERE i.id = q.timebank
      UNION ALL
      SELECT n.id, n.slug FROM timebanks.timebanks n WHERE n.slug = q.slug
      -- a short name may look like an id
      LIMIT 1
    ) t ON true
    LEFT JOIN members.memberships m ON m.timebank_id = t.id AND m.person_id = p.id
   ORDER BY q.nth;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION members.callers(uuid[], uuid[], uuid[], text[]) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION members.callers(uuid[], uuid[], uuid[], text[]) TO commonhours_service;
