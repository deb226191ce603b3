-- custom: candidates are scored without reckoning anything twice

-- What says something in a text, most telling first: the words of the title, then those of the rest; without numbers, words
-- that say nothing (of English and Spanish as PostgreSQL knows them, and those given).
CREATE OR REPLACE FUNCTION matching.telling_words(title text, rest text, fillers text[]) RETURNS TABLE (word text, heft integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT w.lexeme, max(w.heft)
    FROM (SELECT t.lexeme, 2 AS heft, t.positions[1] AS place FROM unnest(to_tsvector('simple', search.fold(title))) t
           UNION ALL
          SELECT r.lexeme, 1, 20000 + r.positions[1] FROM unnest(to_tsvector('simple', search.fold(rest))) r) w
   WHERE length(w.lexeme) BETWEEN 3 AND 40 AND w.lexeme !~ '^[0-9.,:/-]+$' AND NOT w.lexeme = ANY (fillers)
     AND ts_lexize('english_stem', w.lexeme) IS DISTINCT FROM '{}' AND ts_lexize('spanish_stem', w.lexeme) IS DISTINCT FROM '{}'
   GROUP BY w.lexeme
   ORDER BY min(w.place), w.lexeme
   LIMIT 6
$$;
--> statement-breakpoint
-- A word as a query: itself and its forms. Longer ones also as a beginning, by their stem, and with those of the timebank's words
-- that look like them ("gardening" finds "garden" and "gardner"); of short ones too many others begin so ("car", "care").
CREATE OR REPLACE FUNCTION matching.forms_of(word text) RETURNS tsquery
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT string_agg(DISTINCT '''' || replace(replace(f.form, '\', '\\'), '''', '''''') || '''' || f.mark, ' | ')::tsquery
    FROM (SELECT word AS form, CASE WHEN length(word) > 4 THEN ':*' ELSE '' END AS mark
           UNION ALL
          SELECT word || ending, '' FROM unnest(ARRAY['s', 'es', 'ing']) ending WHERE length(word) <= 4
           UNION ALL
          SELECT left(word, -1), '' WHERE word LIKE '%s' AND length(word) BETWEEN 4 AND 5
           UNION ALL
          SELECT stem, ':*' FROM unnest(ts_lexize('english_stem', word)) stem WHERE length(stem) > 3 AND starts_with(word, stem)
           UNION ALL
         (SELECT v.word, '' FROM listings.words v
           WHERE length(forms_of.word) > 4 AND v.timebank_id = platform.timebank() AND v.word OPERATOR(public.%) forms_of.word
             AND public.similarity(v.word, forms_of.word) >= 0.5
           ORDER BY public.similarity(v.word, forms_of.word) DESC, v.word
           LIMIT 8)) f
$$;
--> statement-breakpoint
-- Who fits a request (p_kind 'request': open offers, and members whose profile fits) or an offer (open requests, and members
-- who are interested), best first, one page and one more; on the first page the best organisation's one too, wherever it
-- stands. It runs with its owner's rights for the same reason as listings.find, and filters by the timebank everywhere.
-- First a bounded choice by indexes: the newest of each category that is near, the newest for each telling word, those close
-- by. What is scored are at most some 2,000, however many there are. Each reason is a part of 0 to 100 in coarse steps.
-- parts: category, words, distance, availability, language, setting, earlier, balance, recent.
-- points: the weighted sum in steps of 5, so that about equal ones take turns: their order among each other is another every
-- day, and the same for all of a day.
CREATE OR REPLACE FUNCTION matching.candidates(
  p_kind text, p_about uuid, p_categories uuid[], p_closeness integer[], p_closed uuid[], p_topic text, p_fillers text[], p_kin uuid[],
  p_weights integer[], p_peer integer, p_day date, p_now timestamptz, p_since uuid,
  p_points integer, p_turn integer, p_party uuid, p_passed uuid, p_page integer
) RETURNS TABLE (
  party uuid, listing uuid, member uuid, organisation uuid, points integer, turn integer, place bigint, professionals bigint, total bigint,
  parts integer[], closeness integer, category uuid, common_words text[], kilometres integer, same_area boolean, common_slots text[],
  common_languages text[], same_mode boolean, same_setting boolean, owner_shown boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET jit = off
AS $$
DECLARE
  it record;
  tenant uuid := platform.timebank();
  wanted text := CASE p_kind WHEN 'request' THEN 'offers' ELSE 'requests' END;
  own_party uuid;
  own_languages text[];
  words text[] := '{}';
  hefts integer[] := '{}';
  forms tsquery[] := '{}';
  topics tsquery;
  full_heft integer;
  pool uuid[] := '{}';
  found uuid[];
  profiles uuid[] := '{}';
  -- for each of these the place of the word that it was found by; 0: the category's
  found_by integer[] := '{}';
  nth integer := 0;
  -- gifts for who could help; interests for what is learnt or done together
  listed text;
  excluded uuid[];
  known uuid[];
  each_form tsquery;
  remote boolean;
BEGIN
  EXECUTE format('SELECT * FROM listings.%I WHERE timebank_id = $1 AND id = $2', p_kind || 's') INTO it USING tenant, p_about;
  IF it IS NULL THEN RETURN; END IF;
  own_party := coalesce(it.organisation_id, it.membership_id);
  remote := it.setting IN ('online', 'phone');
  listed := CASE WHEN p_kind = 'request' THEN 'search.listed(m.gifts || m.skills)' WHEN it.mode IN ('teach', 'together') THEN 'search.listed(m.interests)' END;
  SELECT ARRAY(SELECT DISTINCT split_part(l, '-', 1) FROM unnest(CASE WHEN cardinality(it.languages) > 0 THEN it.languages ELSE m.languages END) l)
    INTO own_languages FROM members.memberships m WHERE m.timebank_id = tenant AND m.id = it.membership_id;

  SELECT coalesce(array_agg(w.word), '{}'), coalesce(array_agg(w.heft), '{}'), coalesce(array_agg(matching.forms_of(w.word)), '{}')
    INTO words, hefts, forms FROM matching.telling_words(it.title, it.description, p_fillers) w;
  SELECT string_agg(matching.forms_of(w.word)::text, ' | ')::tsquery INTO topics FROM matching.telling_words(coalesce(p_topic, ''), '', p_fillers) w;
  full_heft := greatest(1, least(4, (SELECT sum(h) FROM unnest(hefts) h)));

  EXECUTE format($q$
    SELECT array_agg(o.id) FROM unnest($2, $3) c(id, close) CROSS JOIN LATERAL (
      SELECT l.id FROM listings.%I l WHERE l.timebank_id = $1 AND l.category_id = c.id AND l.status = 'open'
       ORDER BY l.id DESC LIMIT CASE WHEN c.close = 100 THEN 300 ELSE 40 END) o $q$, wanted)
    INTO found USING tenant, p_categories, p_closeness;
  pool := pool || found;
  FOREACH each_form IN ARRAY forms LOOP
    nth := nth + 1;
    EXECUTE format($q$
      SELECT array_agg(o.id) FROM (SELECT l.id FROM listings.%I l WHERE l.timebank_id = $1 AND l.status = 'open' AND l.search @@ $2 ORDER BY l.id DESC LIMIT 60) o $q$, wanted)
      INTO found USING tenant, each_form;
    pool := pool || found;
    IF listed IS NOT NULL THEN
      EXECUTE format($q$
        SELECT array_agg(o.id) FROM (SELECT m.id FROM members.memberships m
         WHERE m.timebank_id = $1 AND m.status = 'active' AND m.profile_visibility = 'members' AND %s @@ $2 ORDER BY hashtext(m.id::text || $3), m.id LIMIT 40) o $q$, listed)
        INTO found USING tenant, each_form, p_day::text;
      profiles := profiles || found;
      found_by := found_by || array_fill(nth, ARRAY[coalesce(cardinality(found), 0)]);
    END IF;
  END LOOP;
  IF listed IS NOT NULL AND topics IS NOT NULL THEN
    EXECUTE format($q$
      SELECT array_agg(o.id) FROM (SELECT m.id FROM members.memberships m
       WHERE m.timebank_id = $1 AND m.status = 'active' AND m.profile_visibility = 'members' AND %s @@ $2 ORDER BY hashtext(m.id::text || $3), m.id LIMIT 60) o $q$, listed)
      INTO found USING tenant, topics, p_day::text;
    profiles := profiles || found;
    found_by := found_by || array_fill(0, ARRAY[coalesce(cardinality(found), 0)]);
  END IF;
  IF it.coarse_latitude IS NOT NULL AND NOT remote THEN
    -- within about 3 km, and of the categories that are near; what is looked through is bounded too
    EXECUTE format($q$
      SELECT array_agg(o.id) FROM (SELECT l.id FROM (
        SELECT l.id, l.category_id FROM listings.%I l
         WHERE l.timebank_id = $1 AND l.status = 'open' AND l.coarse_latitude BETWEEN $2 - 0.027 AND $2 + 0.027
           AND l.coarse_longitude BETWEEN $3 - 0.027 / greatest(0.1, cosd($2)) AND $3 + 0.027 / greatest(0.1, cosd($2)) LIMIT 1500) l
       WHERE l.category_id = ANY ($4) LIMIT 150) o $q$, wanted)
      INTO found USING tenant, it.coarse_latitude, it.coarse_longitude, p_categories;
    pool := pool || found;
  END IF;

  -- those with whom something is under way for the same request, and who has been asked already
  IF p_kind = 'request' THEN
    SELECT array_agg(x.id) INTO excluded FROM (
      SELECT coalesce(e.provider_organisation_id, e.provider_id) AS id FROM exchanges.exchanges e
       WHERE e.timebank_id = tenant AND e.request_id = p_about AND e.status NOT IN ('declined', 'cancelled', 'reversed')
       UNION ALL
      SELECT coalesce(m.provider_organisation_id, m.provider_id) FROM matching.matches m
       WHERE m.timebank_id = tenant AND m.request_id = p_about
         AND (m.proposed_by = 'receiver' OR m.status IN ('suggested', 'proposed', 'declined', 'accepted'))) x;
  END IF;
  excluded := coalesce(excluded, '{}') || own_party || it.membership_id || coalesce(p_kin, '{}');

  SELECT array_agg(DISTINCT k.id) INTO known FROM (
    (SELECT coalesce(e.receiver_organisation_id, e.receiver_id) AS id FROM exchanges.exchanges e
      WHERE it.organisation_id IS NULL AND e.timebank_id = tenant AND e.provider_id = own_party AND e.provider_organisation_id IS NULL AND e.status = 'settled' ORDER BY e.id DESC LIMIT 300)
    UNION ALL
    (SELECT coalesce(e.provider_organisation_id, e.provider_id) FROM exchanges.exchanges e
      WHERE it.organisation_id IS NULL AND e.timebank_id = tenant AND e.receiver_id = own_party AND e.receiver_organisation_id IS NULL AND e.status = 'settled' ORDER BY e.id DESC LIMIT 300)
    UNION ALL
    (SELECT coalesce(e.receiver_organisation_id, e.receiver_id) FROM exchanges.exchanges e
      WHERE it.organisation_id IS NOT NULL AND e.timebank_id = tenant AND e.provider_organisation_id = own_party AND e.status = 'settled' ORDER BY e.id DESC LIMIT 300)
    UNION ALL
    (SELECT coalesce(e.provider_organisation_id, e.provider_id) FROM exchanges.exchanges e
      WHERE it.organisation_id IS NOT NULL AND e.timebank_id = tenant AND e.receiver_organisation_id = own_party AND e.status = 'settled' ORDER BY e.id DESC LIMIT 300)) k;

  -- what is scored is bounded, and each row of it is looked up by its key (OFFSET 0 keeps the planner from reading whole tables)
  RETURN QUERY EXECUTE format($q$
    WITH looked AS MATERIALIZED (
      SELECT coalesce(l.organisation_id, l.membership_id) AS party, l.id AS listing, l.membership_id AS member, l.organisation_id AS organisation,
             coalesce(g.account_id, m.account_id) AS account, l.category_id AS category,
             coalesce(($5::integer[])[array_position($4, l.category_id)], 0) AS closeness,
             l.search AS texts, NULL::integer[] AS found_by, l.mode, l.setting, l.availability,
             CASE WHEN cardinality(l.languages) > 0 THEN l.languages WHEN m.profile_visibility = 'members' THEN m.languages ELSE '{}' END AS languages,
             l.area, l.coarse_latitude, l.coarse_longitude, l.opened_at, m.profile_visibility = 'members' AS shown
        FROM (SELECT DISTINCT unnest($2)) p(id)
       CROSS JOIN LATERAL (SELECT * FROM listings.%1$I x WHERE x.timebank_id = $1 AND x.id = p.id OFFSET 0) l
       CROSS JOIN LATERAL (SELECT x.status, x.account_id, x.profile_visibility, x.languages FROM members.memberships x
                            WHERE x.timebank_id = $1 AND x.id = l.membership_id OFFSET 0) m
        LEFT JOIN members.organisations g ON g.timebank_id = $1 AND g.id = l.organisation_id
       WHERE l.status = 'open' AND (l.expires_on IS NULL OR l.expires_on >= $12) AND m.status = 'active' AND (g.id IS NULL OR g.status = 'active')
         AND NOT l.category_id = ANY ($6) AND NOT coalesce(l.organisation_id, l.membership_id) = ANY ($7) AND l.membership_id <> $8
         %2$s
       UNION ALL
      SELECT m.id, NULL, m.id, NULL, m.account_id, NULL, CASE WHEN 0 = ANY (p.found_by) THEN 60 ELSE 0 END,
             NULL, p.found_by, NULL, NULL, '{}', m.languages, m.area, NULL, NULL, NULL, true
        FROM (SELECT t.id, array_agg(t.nth) FROM unnest($3, $11::integer[]) t(id, nth) GROUP BY t.id) p(id, found_by)
       CROSS JOIN LATERAL (SELECT x.id, x.account_id, x.languages, x.area, x.status, x.profile_visibility FROM members.memberships x
                            WHERE x.timebank_id = $1 AND x.id = p.id OFFSET 0) m
       WHERE m.status = 'active' AND m.profile_visibility = 'members' AND NOT m.id = ANY ($7)
    ), fitted AS MATERIALIZED (
      SELECT c.*, said.words, said.part AS words_part, far.kilometres,
             (c.coarse_latitude IS NULL OR $20 IS NULL) AND lower(c.area) = lower($22) AS same_area,
             ARRAY(SELECT s FROM unnest(c.availability) s WHERE s = ANY ($24)) AS slots,
             ARRAY(SELECT s FROM unnest(c.languages) s WHERE split_part(s, '-', 1) = ANY ($23)) AS tongues,
             coalesce(c.mode = $18, false) AS same_mode,
             coalesce(c.setting = $19 OR 'any' IN (c.setting, $19), false) AS same_setting
        FROM looked c
        CROSS JOIN LATERAL (
          SELECT array_agg(w.word ORDER BY w.place) AS words, least(100, 25 * (coalesce(sum(w.heft), 0) * 4 / $17))::integer AS part
            FROM unnest($14::text[], $15::integer[], $16::tsquery[]) WITH ORDINALITY w(word, heft, form, place) 
             WHERE CASE WHEN c.found_by IS NULL THEN c.texts @@ w.form ELSE w.place = ANY (c.found_by) END) said
        CROSS JOIN LATERAL (
          SELECT CASE WHEN NOT $25 AND c.setting NOT IN ('online', 'phone') AND $20 IS NOT NULL AND c.coarse_latitude IS NOT NULL THEN round(listings.tenths_of_km($20, $21, c.coarse_latitude, c.coarse_longitude) / 10.0)::integer END AS kilometres) far
       WHERE c.closeness > 0 OR said.part > 0
    ), weighed AS MATERIALIZED (
      SELECT f.*, ARRAY[
               f.closeness, f.words_part,
               CASE WHEN f.kilometres <= 1 THEN 100 WHEN f.kilometres <= 2 THEN 80 WHEN f.kilometres <= 5 THEN 50 WHEN f.kilometres <= 10 THEN 25
                    WHEN f.same_area AND NOT $25 THEN 60 ELSE 0 END,
               (ARRAY[0, 60, 80, 100])[1 + least(3, cardinality(f.slots))],
               CASE WHEN cardinality(f.tongues) > 0 THEN 100 ELSE 0 END,
               f.same_mode::integer * 50 + f.same_setting::integer * 50,
               CASE WHEN f.party = ANY ($26) AND f.shown THEN 100 ELSE 0 END,
               CASE WHEN $27 * (a.credits - a.debits) >= 600 THEN 100 WHEN $27 * (a.credits - a.debits) >= 300 THEN 50 ELSE 0 END,
               CASE WHEN f.opened_at >= $13 - interval '30 days' THEN 100
                    WHEN f.shown AND f.organisation IS NULL AND (
                      EXISTS (SELECT FROM exchanges.exchanges e WHERE e.timebank_id = $1 AND e.provider_id = f.member AND e.id >= $28 AND e.status = 'settled') OR
                      EXISTS (SELECT FROM exchanges.exchanges e WHERE e.timebank_id = $1 AND e.receiver_id = f.member AND e.id >= $28 AND e.status = 'settled')) THEN 60
                    ELSE 0 END] AS parts
        FROM fitted f
        LEFT JOIN LATERAL (SELECT x.credits, x.debits FROM ledger.accounts x WHERE x.timebank_id = $1 AND x.id = f.account OFFSET 0) a ON true
    ), summed AS (
      -- in steps of 5 points: the sum of weights (0 to 100) times parts (0 to 100), and what citizens have ahead
      SELECT w.*, (w.parts[1] * ($9::integer[])[1] + w.parts[2] * ($9::integer[])[2] + w.parts[3] * ($9::integer[])[3] + w.parts[4] * ($9::integer[])[4] + w.parts[5] * ($9::integer[])[5] + w.parts[6] * ($9::integer[])[6] + w.parts[7] * ($9::integer[])[7] + w.parts[8] * ($9::integer[])[8] + w.parts[9] * ($9::integer[])[9]
                   + CASE WHEN w.organisation IS NULL THEN $10 * 100 ELSE 0 END)::integer / 500 AS points,
             hashtext(w.party::text || $29::text || $12::text) AS turn
        FROM weighed w
    ), best AS (
      SELECT DISTINCT ON (s.party) s.* FROM summed s ORDER BY s.party, s.points DESC, s.listing DESC NULLS LAST
    ), ranked AS (
      SELECT b.*, row_number() OVER (ORDER BY b.points DESC, b.turn, b.party) AS place,
             count(b.organisation) OVER () AS professionals, count(*) OVER () AS total,
             row_number() OVER (PARTITION BY b.organisation IS NULL ORDER BY b.points DESC, b.turn, b.party) AS among
        FROM best b
    )
    (SELECT r.party, r.listing, r.member, r.organisation, r.points, r.turn, r.place, r.professionals, r.total, r.parts, r.closeness, r.category,
           r.words, r.kilometres, coalesce(r.same_area, false), r.slots, r.tongues, r.same_mode, r.same_setting, r.shown
      FROM ranked r
     WHERE ($30 IS NULL OR r.points < $30 OR (r.points = $30 AND (r.turn, r.party) > ($31, $32))) AND r.party IS DISTINCT FROM $33
     ORDER BY r.place LIMIT $34)
     UNION
    (SELECT r.party, r.listing, r.member, r.organisation, r.points, r.turn, r.place, r.professionals, r.total, r.parts, r.closeness, r.category,
           r.words, r.kilometres, coalesce(r.same_area, false), r.slots, r.tongues, r.same_mode, r.same_setting, r.shown
      FROM ranked r
     WHERE $30 IS NULL AND r.organisation IS NOT NULL AND r.among = 1)
     ORDER BY place $q$,
    wanted,
    CASE p_kind WHEN 'offer' THEN $x$
         AND NOT EXISTS (SELECT FROM exchanges.exchanges e WHERE e.timebank_id = $1 AND e.request_id = l.id AND coalesce(e.provider_organisation_id, e.provider_id) = $35
                            AND e.status NOT IN ('declined', 'cancelled', 'reversed'))
         AND NOT EXISTS (SELECT FROM matching.matches x WHERE x.timebank_id = $1 AND x.request_id = l.id AND coalesce(x.provider_organisation_id, x.provider_id) = $35
                            AND (x.proposed_by = 'provider' OR (x.proposed_by = 'receiver' AND x.status IN ('proposed', 'declined', 'accepted'))))
    $x$ ELSE '' END)
  USING tenant, pool, profiles, p_categories, p_closeness, p_closed, excluded, it.membership_id, p_weights, p_peer,
    found_by, p_day, p_now, words, hefts, forms, full_heft, it.mode, it.setting, it.coarse_latitude, it.coarse_longitude, it.area,
    own_languages, it.availability, remote, coalesce(known, '{}'), CASE p_kind WHEN 'request' THEN -1 ELSE 1 END, p_since, p_about,
    p_points, p_turn, p_party, p_passed, p_page, own_party;
END $$;
