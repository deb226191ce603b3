-- Rights of webhooks
SELECT platform.protect('webhooks.endpoints'), platform.protect('webhooks.events'), platform.protect('webhooks.deliveries');
--> statement-breakpoint
GRANT USAGE ON SCHEMA webhooks TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks.endpoints, webhooks.deliveries TO commonhours_service;
--> statement-breakpoint
-- what happened is not rewritten
GRANT SELECT, INSERT, DELETE ON webhooks.events TO commonhours_service;
--> statement-breakpoint
-- Rights of the tables of agencies, and who calls for them
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
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  found_timebank uuid;
  found_secret uuid;
  found_use timestamptz;
BEGIN
  SELECT c.timebank_id, c.scopes, c.requests_per_minute, s.id, s.last_used_at
    INTO found_timebank, scopes, requests_per_minute, found_secret, found_use
    FROM agencies.clients c
    JOIN members.organisations o ON o.timebank_id = c.timebank_id AND o.id = c.organisation_id
    JOIN agencies.secrets s ON s.timebank_id = c.timebank_id AND s.client_id = c.id
   WHERE c.id = p_client AND c.revoked_at IS NULL AND o.status = 'active'
     AND s.secret_hash = p_secret_hash AND (s.ends_at IS NULL OR s.ends_at > p_now);
  IF NOT FOUND THEN RETURN; END IF;
  IF found_use IS NULL OR found_use <= p_now - interval '1 minute' THEN
    UPDATE agencies.secrets s SET last_used_at = p_now
     WHERE s.timebank_id = found_timebank AND s.id = found_secret
       AND (s.last_used_at IS NULL OR s.last_used_at <= p_now - interval '1 minute');
  END IF;
  timebank_id := found_timebank;
  RETURN NEXT;
END $$;
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
--> statement-breakpoint
-- Rights of supporters, consents and the disclosure log
SELECT platform.protect('supporters.supports');
--> statement-breakpoint
GRANT USAGE ON SCHEMA supporters TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON supporters.supports TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, scopes, valid_to, expires_at, proposed_by, active_since, closed_at, row_version) ON supporters.supports TO commonhours_service;
--> statement-breakpoint
SELECT platform.protect('consents.wordings'), platform.protect('consents.consents'), platform.protect('consents.withdrawals'), platform.protect('consents.disclosures');
--> statement-breakpoint
GRANT USAGE ON SCHEMA consents TO commonhours_service;
--> statement-breakpoint
-- What was given, withdrawn and disclosed is only ever added to
GRANT SELECT, INSERT ON consents.wordings, consents.consents, consents.withdrawals, consents.disclosures TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, closed_at, superseded_by) ON consents.consents TO commonhours_service;
--> statement-breakpoint
-- Rows about somebody who was no member become theirs, and are kept without the person after an erasure
GRANT UPDATE (membership_id) ON consents.disclosures TO commonhours_service;
--> statement-breakpoint
-- When a member is erased, nothing is left of who stood by whom
GRANT DELETE ON supporters.supports TO commonhours_service;
--> statement-breakpoint
-- Rights of service requests
SELECT platform.protect('service_requests.requests');
--> statement-breakpoint
SELECT platform.protect('service_requests.texts');
--> statement-breakpoint
SELECT platform.protect('service_requests.history');
--> statement-breakpoint
SELECT platform.protect('service_requests.contacts');
--> statement-breakpoint
SELECT platform.protect('service_requests.meetings');
--> statement-breakpoint
SELECT platform.protect('service_requests.clocks');
--> statement-breakpoint
GRANT USAGE ON SCHEMA service_requests TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON service_requests.requests TO commonhours_service;
--> statement-breakpoint
-- words are blanked, and never taken away as a row
GRANT SELECT, INSERT, UPDATE ON service_requests.texts TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON service_requests.history TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON service_requests.contacts TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON service_requests.meetings TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (at) ON service_requests.clocks TO commonhours_service;
--> statement-breakpoint
-- Rights of the budgets
SELECT platform.protect('budgets.budgets');
--> statement-breakpoint
SELECT platform.protect('budgets.holders');
--> statement-breakpoint
SELECT platform.protect('budgets.plans');
--> statement-breakpoint
GRANT USAGE ON SCHEMA budgets TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON budgets.budgets TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON budgets.holders TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON budgets.plans TO commonhours_service;
