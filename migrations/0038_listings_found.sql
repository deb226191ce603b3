-- custom: listings by language and by part of the week are found by an index where few have them
CREATE INDEX offers_languages ON listings.offers USING gin (timebank_id, languages) WHERE status = 'open';
--> statement-breakpoint
CREATE INDEX requests_languages ON listings.requests USING gin (timebank_id, languages) WHERE status = 'open';
--> statement-breakpoint
CREATE INDEX offers_availability ON listings.offers USING gin (timebank_id, availability) WHERE status = 'open';
--> statement-breakpoint
CREATE INDEX requests_availability ON listings.requests USING gin (timebank_id, availability) WHERE status = 'open';
--> statement-breakpoint
-- As it was, but for the language: an array that contains it is found by the index, a value that is one of an array's is not.
CREATE OR REPLACE FUNCTION listings.find(
  kind text, typed text, wanted_status text, viewer uuid, acting uuid[], own_only boolean, categories uuid[], wanted_mode text, wanted_setting text,
  wanted_language text, wanted_availability text[], wanted_member uuid, wanted_organisation uuid, max_minutes integer,
  lat double precision, lon double precision, within_tenths integer, after_score integer, after_id uuid, page integer
) RETURNS TABLE (id uuid, score integer, tenths integer, owner_shown boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET jit = off
AS $$
DECLARE
  exact boolean := viewer IS NULL OR own_only;
  -- One degree of latitude is 111.2 km; of longitude less, by its cosine. A kilometre more, since distances are rounded and
  -- the middle of a cell, by which the index goes, lies up to 0.76 km north or south, east or west of the place itself.
  band double precision := (within_tenths + 10) / 1110.0;
  lon_band double precision := CASE WHEN abs(lat) + band >= 89 THEN 360 ELSE band / cosd(abs(lat) + band) END;
  written tsquery := CASE WHEN typed IS NOT NULL THEN listings.as_written(typed) END;
  meant tsquery := CASE WHEN typed IS NOT NULL THEN listings.as_meant(typed) END;
  distance text := CASE WHEN lat IS NULL THEN 'NULL::integer' WHEN exact THEN 'listings.tenths_of_km($13, $14, o.latitude, o.longitude)'
    ELSE 'round(listings.tenths_of_km($13, $14, o.coarse_latitude, o.coarse_longitude) / 10.0)::integer * 10' END;
  source text := format('FROM listings.%I o WHERE o.timebank_id = $1', CASE kind WHEN 'offer' THEN 'offers' WHEN 'request' THEN 'requests' END);
  -- What others may see is looked at last, on rows that come in order, until the page is full. In the same WHERE as the rest
  -- the planner guesses wrongly how many pass, and reads whole categories (5 times slower).
  active text := '(SELECT m.status = ''active'' FROM members.memberships m WHERE m.timebank_id = $1 AND m.id = o.membership_id)';
  seen text := CASE
    WHEN viewer IS NULL OR own_only THEN ''
    WHEN wanted_status = 'open' THEN ' WHERE ' || active
    ELSE ' WHERE o.membership_id = $3 OR o.organisation_id = ANY ($4) OR (o.status = ''open'' AND ' || active || ')'
  END;
  newest text := ' ORDER BY o.id DESC OFFSET 0) o' || seen;
  statement text;
BEGIN
  IF wanted_status IS NOT NULL THEN source := source || ' AND o.status = $2'; END IF;
  IF own_only THEN
    source := source || CASE WHEN cardinality(acting) = 0 THEN ' AND o.membership_id = $3' ELSE ' AND (o.membership_id = $3 OR o.organisation_id = ANY ($4))' END;
  END IF;
  IF categories IS NOT NULL THEN source := source || ' AND o.category_id = ANY ($5)'; END IF;
  IF wanted_mode IS NOT NULL THEN source := source || ' AND o.mode = $6'; END IF;
  IF wanted_setting IS NOT NULL THEN source := source || ' AND o.setting IN ($7, ''any'')'; END IF;
  IF wanted_language IS NOT NULL THEN source := source || ' AND o.languages @> ARRAY[$8]'; END IF;
  IF wanted_availability IS NOT NULL THEN source := source || ' AND o.availability && $9'; END IF;
  IF wanted_member IS NOT NULL THEN source := source || ' AND o.membership_id = $10'; END IF;
  IF wanted_organisation IS NOT NULL THEN source := source || ' AND o.organisation_id = $11'; END IF;
  IF max_minutes IS NOT NULL THEN source := source || ' AND o.estimated_minutes <= $12'; END IF;
  IF lat IS NOT NULL THEN
    source := source || ' AND o.coarse_latitude BETWEEN $15 AND $16 AND o.coarse_longitude BETWEEN $17 AND $18';
    -- where the nearest come first the distance is reckoned once, outside
    IF typed IS NOT NULL THEN source := source || ' AND ' || distance || ' <= $19'; END IF;
  END IF;

  IF typed IS NOT NULL THEN
    statement := 'WITH written AS MATERIALIZED (SELECT o.id, o.membership_id, o.search, ' || distance || ' AS tenths FROM (SELECT o.* ' || source || ' AND o.search @@ $20' || newest || ' LIMIT 1000)';
    IF meant IS NOT NULL THEN
      statement := statement || ', meant AS MATERIALIZED (SELECT o.id, o.membership_id, o.folded, ' || distance || ' AS tenths FROM (SELECT o.* ' || source || ' AND o.search @@ $21 AND NOT o.search @@ $20 AND (SELECT count(*) FROM written) < 200' || newest || ' LIMIT 500)';
    END IF;
    statement := statement || ' SELECT * FROM (SELECT w.id, 2000 + floor(ts_rank(w.search, $20) * 1000)::integer AS score, w.tenths, w.membership_id FROM written w';
    IF meant IS NOT NULL THEN
      statement := statement || ' UNION ALL SELECT m.id, floor(public.word_similarity($25, m.folded) * 1000)::integer, m.tenths, m.membership_id FROM meant m';
    END IF;
    statement := statement || ') found WHERE $22 IS NULL OR (score, id) < ($22, $23) ORDER BY score DESC, id DESC LIMIT $24';
  ELSIF lat IS NOT NULL THEN
    statement := 'SELECT o.id, -o.tenths AS score, o.tenths, o.membership_id FROM (SELECT d.* FROM (SELECT o.id, o.membership_id, o.organisation_id, o.status, ' || distance || ' AS tenths ' || source || ' OFFSET 0) d'
      || ' WHERE d.tenths <= $19 AND ($22 IS NULL OR (-d.tenths, d.id) < ($22, $23)) ORDER BY d.tenths, d.id DESC OFFSET 0) o' || seen || ' LIMIT $24';
  ELSE
    statement := 'SELECT o.id, 0 AS score, NULL::integer AS tenths, o.membership_id FROM (SELECT o.id, o.membership_id, o.organisation_id, o.status ' || source || CASE WHEN after_id IS NULL THEN '' ELSE ' AND o.id < $23' END || newest || ' LIMIT $24';
  END IF;
  -- whether other members see whose it is, by the owner's own wish
  RETURN QUERY EXECUTE 'SELECT f.id, f.score, f.tenths, (SELECT m.profile_visibility = ''members'' AND m.status IN (''active'', ''paused'') FROM members.memberships m WHERE m.timebank_id = $1 AND m.id = f.membership_id) FROM (' || statement || ') f ORDER BY f.score DESC, f.id DESC' USING
    platform.timebank(), wanted_status, viewer, acting, categories, wanted_mode, wanted_setting, wanted_language, wanted_availability,
    wanted_member, wanted_organisation, max_minutes, lat, lon, lat - band, lat + band, lon - lon_band, lon + lon_band, within_tenths,
    written, meant, after_score, after_id, page, search.fold(typed);
END $$;
