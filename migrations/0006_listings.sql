-- Search over offers and requests. By hand, because drizzle-kit knows neither the operator classes nor functions.

-- The timebank leads these indexes too, so that one timebank's search does not wade through the words of all others.
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;
--> statement-breakpoint
CREATE INDEX offers_fulltext ON listings.offers USING gin (timebank_id, search);
--> statement-breakpoint
CREATE INDEX requests_fulltext ON listings.requests USING gin (timebank_id, search);
--> statement-breakpoint
CREATE INDEX words_alike ON listings.words USING gin (timebank_id, word public.gin_trgm_ops);
--> statement-breakpoint
-- Great-circle distance in tenths of a kilometre.
CREATE FUNCTION listings.tenths_of_km(lat1 double precision, lon1 double precision, lat2 double precision, lon2 double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(127420 * asin(least(1, sqrt(sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lon2 - lon1) / 2) ^ 2))))::integer;
--> statement-breakpoint
-- What was typed, as a query for the index: as written, the last word also as a beginning ("gard" finds "garden").
CREATE FUNCTION listings.as_written(typed text) RETURNS tsquery
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
  SELECT CASE WHEN q::text ~ '''$' AND typed !~ '["]\s*$' THEN (q::text || ':*')::tsquery ELSE q END
    FROM websearch_to_tsquery('simple', search.fold(typed)) q
$$;
--> statement-breakpoint
-- The same with each word standing for those of the timebank's words that look like it ("gardning" for "gardening").
-- NULL where the typed text uses quotes, minus or OR: who writes these means what they write.
CREATE FUNCTION listings.as_meant(typed text) RETURNS tsquery
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  part text;
  meant tsquery;
  alternatives text;
BEGIN
  IF typed ~ '"' OR typed ~ '(^|\s)-' OR typed ~* '(^|\s)or(\s|$)' THEN RETURN NULL; END IF;
  FOREACH part IN ARRAY (tsvector_to_array(to_tsvector('simple', search.fold(typed))))[1:12] LOOP
    -- The word itself, also as a beginning; those with two neighbouring letters the other way round, which share too few
    -- trigrams with it; and the ten most alike.
    SELECT string_agg('''' || replace(replace(w.word, '\', '\\'), '''', '''''') || '''' || w.mark, ' | ') INTO alternatives
      FROM (SELECT part AS word, CASE WHEN length(part) > 2 THEN ':*' ELSE '' END AS mark
             UNION
            SELECT v.word, '' FROM listings.words v
             WHERE length(part) BETWEEN 3 AND 30 AND v.timebank_id = platform.timebank()
               AND v.word = ANY (ARRAY(SELECT left(part, i - 1) || substr(part, i + 1, 1) || substr(part, i, 1) || substr(part, i + 2)
                                         FROM generate_series(1, length(part) - 1) i))
             UNION
            (SELECT v.word, '' FROM listings.words v
              WHERE length(part) > 3 AND v.timebank_id = platform.timebank() AND v.word OPERATOR(public.%) part
                AND public.similarity(v.word, part) >= 0.4
              ORDER BY public.similarity(v.word, part) DESC, v.word
              LIMIT 10)) w;
    meant := CASE WHEN meant IS NULL THEN alternatives::tsquery ELSE meant && alternatives::tsquery END;
  END LOOP;
  RETURN meant;
END $$;
--> statement-breakpoint
-- One page of offers or requests as ids in order. It runs with its owner's rights because under row-level security the
-- planner may not use an index for operators that are not leakproof (those of full text and trigrams are not), and a search
-- would read every listing of the timebank; hence the filter on the timebank in each branch. The statement is put together
-- from fixed texts and planned anew for its values: a generic plan is 10 to 50 times slower for either rare or common words.
-- viewer NULL: sees everything (staff); otherwise open ones of active members, and one's own in any state.
-- Places: staff, and owners among their own, search by the place itself in tenths of a kilometre. All others search by the
-- middle of its cell, in whole kilometres: no number of queries tells them more of a place than its cell.
-- Order: with words by score, where those as written (at most the newest 1,000) come by their rank before those that are
-- only alike (asked for where fewer than 200 are as written; at most the newest 500) by their likeness; near a place by
-- distance (score = tenths of a kilometre, negative); otherwise newest first with score 0. Always (score, id) descending.
CREATE FUNCTION listings.find(
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
  IF wanted_language IS NOT NULL THEN source := source || ' AND $8 = ANY (o.languages)'; END IF;
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
--> statement-breakpoint
REVOKE ALL ON FUNCTION listings.find(text, text, text, uuid, uuid[], boolean, uuid[], text, text, text, text[], uuid, uuid, integer, double precision, double precision, integer, integer, uuid, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION listings.find(text, text, text, uuid, uuid[], boolean, uuid[], text, text, text, text[], uuid, uuid, integer, double precision, double precision, integer, integer, uuid, integer) TO commonhours_service;
