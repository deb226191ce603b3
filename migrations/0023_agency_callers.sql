-- custom: rights of the tables of agencies, and who calls for them
SELECT platform.protect('agencies.clients');
--> statement-breakpoint
SELECT platform.protect('agencies.secrets');
--> statement-breakpoint
GRANT USAGE ON SCHEMA agencies TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON agencies.clients TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (ends_at) ON agencies.secrets TO commonhours_service;
--> statement-breakpoint
-- The client that has this id and this secret, where it still stands: asked before its timebank is known.
CREATE FUNCTION agencies.client_with(p_client uuid, p_secret_hash text, p_now timestamptz)
RETURNS TABLE (timebank_id uuid, scopes text[], requests_per_minute integer)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT c.timebank_id, c.scopes, c.requests_per_minute
    FROM agencies.clients c
    JOIN members.organisations o ON o.timebank_id = c.timebank_id AND o.id = c.organisation_id
   WHERE c.id = p_client AND c.revoked_at IS NULL AND o.status = 'active'
     AND EXISTS (SELECT FROM agencies.secrets s
                  WHERE s.timebank_id = c.timebank_id AND s.client_id = c.id AND s.secret_hash = p_secret_hash
                    AND (s.ends_at IS NULL OR s.ends_at > p_now))
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION agencies.client_with(uuid, text, timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION agencies.client_with(uuid, text, timestamptz) TO commonhours_service;
--> statement-breakpoint
-- Which clients call, for any number of requests at once: one row for each, in their order; all null for one that is not there.
-- The professional is the one named, or the client's own: an accepted professional affiliation to the agency on that day, where
-- the timebank is, of an active member; null where it is none. Held to index look-ups, as members.callers.
CREATE FUNCTION agencies.callers(p_clients uuid[], p_affiliations uuid[], p_now timestamptz)
RETURNS TABLE (alive boolean, timebank_id uuid, slug text, policy_version integer, organisation_id uuid, scopes text[],
               named boolean, affiliation_id uuid, membership_id uuid, person_id uuid)
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
  SELECT c.revoked_at IS NULL AND o.status = 'active', c.timebank_id, t.slug, v.version, c.organisation_id, c.scopes,
         coalesce(q.affiliation, c.professional_id) IS NOT NULL, a.id, a.membership_id, a.person_id
    FROM unnest(p_clients, p_affiliations) WITH ORDINALITY q(client, affiliation, nth)
    LEFT JOIN agencies.clients c ON c.id = q.client
    LEFT JOIN timebanks.timebanks t ON t.id = c.timebank_id
    LEFT JOIN members.organisations o ON o.timebank_id = c.timebank_id AND o.id = c.organisation_id
    LEFT JOIN LATERAL (
      SELECT p.version, (p_now AT TIME ZONE coalesce(p.rules ->> 'timeZone', 'Europe/London'))::date AS today
        FROM timebanks.policies p WHERE p.timebank_id = c.timebank_id ORDER BY p.version DESC LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
      SELECT i.id, i.membership_id, m.person_id
        FROM members.affiliations i
        JOIN members.memberships m ON m.timebank_id = i.timebank_id AND m.id = i.membership_id AND m.status = 'active'
       WHERE i.timebank_id = c.timebank_id AND i.id = coalesce(q.affiliation, c.professional_id)
         AND i.organisation_id = c.organisation_id AND i.professional AND i.status = 'accepted'
         AND i.valid_from <= v.today AND (i.valid_to IS NULL OR i.valid_to >= v.today)
    ) a ON true
   ORDER BY q.nth;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION agencies.callers(uuid[], uuid[], timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION agencies.callers(uuid[], uuid[], timestamptz) TO commonhours_service;
