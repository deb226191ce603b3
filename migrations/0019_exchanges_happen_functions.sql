-- Rights of conversations
SELECT platform.protect('conversations.conversations');
--> statement-breakpoint
SELECT platform.protect('conversations.participants');
--> statement-breakpoint
SELECT platform.protect('conversations.messages');
--> statement-breakpoint
SELECT platform.protect('conversations.reports');
--> statement-breakpoint
SELECT platform.protect('conversations.openings');
--> statement-breakpoint
GRANT USAGE ON SCHEMA conversations TO commonhours_service;
--> statement-breakpoint
-- what was said is only ever blanked, and removed after its time
GRANT SELECT, INSERT, DELETE, UPDATE (first_reply_at, last_message_at, messages) ON conversations.conversations TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON conversations.participants TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (text, erased) ON conversations.messages TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (reason, closed_at, closed_by, outcome, note) ON conversations.reports TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON conversations.openings TO commonhours_service;
--> statement-breakpoint
-- Rights of what people say of a reported group
SELECT platform.protect('exchanges.group_answers');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (answer, answered_by, answered_at) ON exchanges.group_answers TO commonhours_service;
--> statement-breakpoint
-- What the service may do to follow-ups, and the outcomes noted so far among them
SELECT platform.protect('follow_ups.items');
--> statement-breakpoint
-- What there was to look after is kept; what came of it is not rewritten, and the words about a person can be blanked.
GRANT SELECT, INSERT, UPDATE ON follow_ups.items TO commonhours_service;
--> statement-breakpoint
INSERT INTO follow_ups.items (timebank_id, kind, subject_id, round, member_id, organisation_id, account_id, limit_minutes,
  balance_minutes, since, opened_at, due_on, step, closed_at, outcome, note, noted_by, crossings, latest_at)
SELECT f.timebank_id, f.kind, f.subject_id, 1, m.id, o.id, f.account_id, f.limit_minutes, f.balance_minutes, f.opened_at, f.opened_at,
       f.opened_at::date + 14, CASE f.kind WHEN 'floor_crossed' THEN 'talk_about_giving' ELSE 'talk_about_asking' END,
       f.noted_at, f.outcome, f.note, f.noted_by, f.crossings, f.latest_at
  FROM follow_ups.outcomes f
  LEFT JOIN members.memberships m ON m.timebank_id = f.timebank_id AND m.account_id = f.account_id
  LEFT JOIN members.organisations o ON o.timebank_id = f.timebank_id AND o.account_id = f.account_id;
--> statement-breakpoint
DROP TABLE follow_ups.outcomes;
--> statement-breakpoint
-- Rights of the slip books
SELECT platform.protect('slips.books'), platform.protect('slips.voids');
--> statement-breakpoint
GRANT USAGE ON SCHEMA slips TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON slips.books, slips.voids TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, closed_at, closed_by, closing_note, note, missing_at_close, row_version) ON slips.books TO commonhours_service;
--> statement-breakpoint
-- Rights of the mailings, when a notice is due to be mailed, and what is put into the queue beside it
SELECT platform.protect('mailings.preferences'), platform.protect('mailings.waiting'), platform.protect('mailings.mails');
--> statement-breakpoint
GRANT USAGE ON SCHEMA mailings TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON mailings.preferences TO commonhours_service;
--> statement-breakpoint
-- what waits is added by the function only, which looks at what the member wants
GRANT SELECT, UPDATE (how, due_at), DELETE ON mailings.waiting TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (sent_at, refused), DELETE ON mailings.mails TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON identity.own_keys TO commonhours_service;
--> statement-breakpoint
-- When something that is told at `at` is to be mailed, by the clocks of `zone`. At once: two minutes later, so that what comes
-- together is told together, or when the quiet hours have ended. Days are of ISO, quiet hours minutes of the day.
CREATE FUNCTION mailings.due_at(how text, at timestamptz, zone text, digest_day integer, digest_hour integer,
                                quiet_from integer, quiet_to integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  soon timestamptz := at + interval '2 minutes';
  here timestamp := CASE how WHEN 'at_once' THEN soon ELSE at END AT TIME ZONE zone;
  minute integer := extract(hour FROM here)::integer * 60 + extract(minute FROM here)::integer;
  day date := here::date;
  step integer := CASE how WHEN 'weekly' THEN 7 ELSE 1 END;
  quiet boolean := CASE WHEN quiet_from < quiet_to THEN minute >= quiet_from AND minute < quiet_to
                        ELSE minute >= quiet_from OR minute < quiet_to END;
  due timestamptz;
BEGIN
  IF how = 'at_once' THEN
    IF quiet IS NOT TRUE THEN RETURN soon; END IF;
    IF minute >= quiet_to THEN day := day + 1; END IF;
    RETURN greatest(soon, (day + quiet_to * interval '1 minute') AT TIME ZONE zone);
  END IF;
  IF how = 'weekly' THEN day := day + (digest_day - extract(isodow FROM here)::integer + 7) % 7; END IF;
  LOOP
    due := (day + digest_hour * interval '1 hour') AT TIME ZONE zone;
    IF due > at THEN RETURN due; END IF;
    day := day + step;
  END LOOP;
END $$;
--> statement-breakpoint
-- Gives the notices of `written` back as rows to insert. Beside each that its member wants by mail goes a row of what waits,
-- and for those who are told at once a job at that instant, unless one is on its way that will find this notice too. The job
-- has no key: two steps that tell the same member would wait for each other's commit. Where two jobs are put in at the same
-- moment, the second finds nothing to do. What was told long ago (brought in from elsewhere) is not mailed any more.
CREATE FUNCTION mailings.with_mail(written json) RETURNS SETOF notices.notices
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  bank uuid := (written -> 0 ->> 'timebank_id')::uuid;
  zone text;
  defaults jsonb;
  first record;
BEGIN
  IF bank IS NULL THEN RETURN; END IF;
  SELECT p.rules ->> 'timeZone', p.rules -> 'mailDefaults' INTO zone, defaults
    FROM timebanks.policies p WHERE p.timebank_id = bank ORDER BY p.version DESC LIMIT 1;
  FOR first IN WITH told AS (
    SELECT w.membership_id, w.id, w.topic, w.created_at, p.digest_day, p.digest_hour, p.quiet_from, p.quiet_to,
           coalesce(p.choices ->> w.topic, defaults ->> w.topic, w.standard) AS how
      FROM json_to_recordset(written)
             AS w(timebank_id uuid, id uuid, membership_id uuid, created_at timestamptz, topic text, standard text)
      JOIN members.memberships m ON m.timebank_id = bank AND m.id = w.membership_id
      LEFT JOIN mailings.preferences p ON p.timebank_id = bank AND p.membership_id = w.membership_id
     WHERE w.timebank_id = bank AND m.email IS NOT NULL AND m.status IN ('active', 'paused')
       AND w.created_at > now() - interval '1 day'
  ), due AS (
    SELECT t.membership_id, t.id, t.topic, t.how, x.due_at AS with_another,
           coalesce(x.due_at, mailings.due_at(t.how, t.created_at, zone, coalesce(t.digest_day, 1),
             coalesce(t.digest_hour, 8), t.quiet_from, t.quiet_to)) AS due_at
      FROM told t
      LEFT JOIN LATERAL (
        SELECT min(o.due_at) AS due_at FROM mailings.waiting o
         WHERE t.how = 'at_once' AND o.timebank_id = bank AND o.membership_id = t.membership_id
           AND o.how = 'at_once' AND o.due_at > t.created_at + interval '20 seconds') x ON true
     WHERE t.how <> 'never'
  ), added AS (
    INSERT INTO mailings.waiting (timebank_id, membership_id, notice_id, topic, how, due_at)
    SELECT bank, membership_id, id, topic, how, due_at FROM due
  )
  SELECT membership_id, due_at, min(id::text) AS id FROM due
   WHERE how = 'at_once' AND with_another IS NULL GROUP BY membership_id, due_at
  LOOP
    PERFORM graphile_worker.add_job('mailings.gather',
      json_build_object('timebank', bank, 'member', first.membership_id), run_at => first.due_at,
      job_key => 'mailings.gather ' || first.id, job_key_mode => 'unsafe_dedupe');
  END LOOP;
  RETURN QUERY SELECT * FROM json_populate_recordset(NULL::notices.notices, written);
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION mailings.with_mail(json), mailings.due_at(text, timestamptz, text, integer, integer, integer, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION mailings.with_mail(json), mailings.due_at(text, timestamptz, text, integer, integer, integer, integer) TO commonhours_service;
--> statement-breakpoint
-- Rights of thanks
SELECT platform.protect('thanks.notes');
--> statement-breakpoint
GRANT USAGE ON SCHEMA thanks TO commonhours_service;
--> statement-breakpoint
-- nothing is deleted: a note that is taken back is blanked, so that it is told once
GRANT SELECT, INSERT, UPDATE (author_id, text, visibility, shared, hidden, changed_at) ON thanks.notes TO commonhours_service;
--> statement-breakpoint
-- Candidates for a request or an offer, and who may touch matches

SELECT platform.protect('matching.matches');
--> statement-breakpoint
GRANT USAGE ON SCHEMA matching TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (status, offer_id, proposed_by, proposed_at, expires_at, closed_at, exchange_id) ON matching.matches TO commonhours_service;
--> statement-breakpoint
-- The words of a list, folded. array_to_string is only STABLE because of types whose texts depend on settings; text is none.
CREATE FUNCTION search.listed(items text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog
AS $$ SELECT to_tsvector('simple', search.fold(array_to_string(items, ' '))) $$;
--> statement-breakpoint
CREATE INDEX memberships_gifts ON members.memberships
  USING gin (timebank_id, search.listed(gifts || skills)) WITH (fastupdate = off)
  WHERE status = 'active' AND profile_visibility = 'members';
--> statement-breakpoint
CREATE INDEX memberships_interests ON members.memberships
  USING gin (timebank_id, search.listed(interests)) WITH (fastupdate = off)
  WHERE status = 'active' AND profile_visibility = 'members';
--> statement-breakpoint
-- What says something in a text, most telling first: the words of the title, then those of the rest; without numbers, words
-- that say nothing (of English and Spanish as PostgreSQL knows them, and those given).
CREATE FUNCTION matching.telling_words(title text, rest text, fillers text[]) RETURNS TABLE (word text, heft integer)
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
CREATE FUNCTION matching.forms_of(word text) RETURNS tsquery
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
CREATE FUNCTION matching.candidates(
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
--> statement-breakpoint
REVOKE ALL ON FUNCTION matching.candidates(text, uuid, uuid[], integer[], uuid[], text, text[], uuid[], integer[], integer, date, timestamptz, uuid, integer, integer, uuid, uuid, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION matching.candidates(text, uuid, uuid[], integer[], uuid[], text, text[], uuid[], integer[], integer, date, timestamptz, uuid, integer, integer, uuid, uuid, integer) TO commonhours_service;
--> statement-breakpoint
REVOKE ALL ON FUNCTION matching.telling_words(text, text, text[]), matching.forms_of(text) FROM PUBLIC;
--> statement-breakpoint
-- Rights of the event sheets
SELECT platform.protect('paper.event_sheets'), platform.protect('paper.sheet_lines');
--> statement-breakpoint
GRANT USAGE ON SCHEMA paper TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON paper.event_sheets, paper.sheet_lines TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (description) ON paper.sheet_lines TO commonhours_service;
--> statement-breakpoint
-- Listings by language and by part of the week are found by an index where few have them
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
--> statement-breakpoint
-- Jobs without a key go into the queue by the way that reads nothing of what is in it
-- The queue's own look-up of a job's key, made also where there is none, reads all jobs: a notice with a job took 1.6 ms with two
-- thousand jobs in the queue and 2.7 ms with six thousand. Under a key that nobody else uses a job is simply added: 0.2 ms.
CREATE OR REPLACE FUNCTION platform.add_job(task text, payload json, job_key text DEFAULT NULL, run_at timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  IF job_key IS NULL THEN
    PERFORM graphile_worker.add_job(task, payload, run_at => run_at, job_key => task || ' ' || gen_random_uuid(),
                                    job_key_mode => 'unsafe_dedupe');
  ELSE
    PERFORM graphile_worker.add_job(task, payload, run_at => run_at, job_key => job_key);
  END IF;
END $$;
--> statement-breakpoint
-- Rights of statements by post
SELECT platform.protect('paper.statement_runs'), platform.protect('paper.statement_run_members'), platform.protect('paper.postal_choices');
--> statement-breakpoint
GRANT SELECT, INSERT ON paper.statement_runs, paper.statement_run_members TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (posted_on, posted_by, row_version) ON paper.statement_runs TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON paper.postal_choices TO commonhours_service;
--> statement-breakpoint
-- Rights of circles; only what nothing has come of is deleted
SELECT platform.protect('circles.searches'), platform.protect('circles.circles'), platform.protect('circles.links');
--> statement-breakpoint
GRANT USAGE ON SCHEMA circles TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON circles.searches TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON circles.circles, circles.links TO commonhours_service;
--> statement-breakpoint
-- Rights of questions about exchanges and of families
SELECT platform.protect('exchanges.queries');
--> statement-breakpoint
SELECT platform.protect('members.family');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON exchanges.queries TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON members.family TO commonhours_service;
--> statement-breakpoint
-- The second wall between timebanks for appointments, arrangements and sessions, and the rights of the service's role.
SELECT platform.protect(format('schedule.%I', name)::regclass)
  FROM unnest(ARRAY['appointments', 'arrangements', 'sessions', 'registrations', 'attendances', 'slots', 'feeds']) name;
--> statement-breakpoint
GRANT USAGE ON SCHEMA schedule TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON schedule.appointments, schedule.arrangements, schedule.sessions, schedule.registrations TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule.attendances, schedule.slots, schedule.feeds TO commonhours_service;
--> statement-breakpoint
-- Why a slip is void is blanked with its book, when the holder is erased
GRANT UPDATE (reason) ON slips.voids TO commonhours_service;
