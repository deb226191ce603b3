-- custom: the use of a client's secret is noted
-- As before, and at most once a minute it is noted that a secret was used: who rotates sees by that whether all have changed over.
CREATE OR REPLACE FUNCTION agencies.client_with(p_client uuid, p_secret_hash text, p_now timestamptz)
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
