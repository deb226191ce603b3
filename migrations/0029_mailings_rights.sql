-- custom: rights of the mailings, when a notice is due to be mailed, and what is put into the queue beside it
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
  members uuid[];
  instants timestamptz[];
BEGIN
  IF bank IS NULL THEN RETURN; END IF;
  SELECT p.rules ->> 'timeZone', p.rules -> 'mailDefaults' INTO zone, defaults
    FROM timebanks.policies p WHERE p.timebank_id = bank ORDER BY p.version DESC LIMIT 1;
  WITH told AS (
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
  SELECT array_agg(membership_id), array_agg(due_at) INTO members, instants
    FROM (SELECT DISTINCT membership_id, due_at FROM due WHERE how = 'at_once' AND with_another IS NULL) alone;
  IF members IS NOT NULL THEN
    PERFORM graphile_worker.add_jobs(ARRAY(
      SELECT ROW('mailings.gather', json_build_object('timebank', bank, 'member', j.member),
                 NULL, j.run_at, NULL, NULL, NULL, NULL)::graphile_worker.job_spec
        FROM unnest(members, instants) AS j(member, run_at)));
  END IF;
  RETURN QUERY SELECT * FROM json_populate_recordset(NULL::notices.notices, written);
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION mailings.with_mail(json), mailings.due_at(text, timestamptz, text, integer, integer, integer, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION mailings.with_mail(json), mailings.due_at(text, timestamptz, text, integer, integer, integer, integer) TO commonhours_service;
