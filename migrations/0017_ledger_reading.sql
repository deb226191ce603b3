-- Reading the books as they were: balances and totals at an instant or on a date, and the journal. All of it runs with the
-- caller's rights, so that row-level security stands behind the filters.
--
-- Two ways to look back. By recording: what had been recorded before an instant. By service date: what was performed up to a
-- calendar date, whenever it was recorded. Both begin with the present rows of the accounts and take away what came later, so
-- that a look at last month costs last month and not all the years before it.

-- The last version of an account that was recorded before an instant; 0: none, null: no such account. Times do not contradict
-- versions, so that halving finds it: 17 steps for 100,000 lines.
CREATE FUNCTION ledger.version_before(p_timebank uuid, p_account integer, p_before timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  low integer := 0;
  high integer;
  middle integer;
  recorded timestamptz;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT a.version INTO high FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = p_account;
  WHILE low < high LOOP
    middle := high - (high - low) / 2;
    SELECT t.recorded_at INTO recorded FROM ledger.transfers t
     WHERE t.timebank_id = p_timebank AND t.debit_account = p_account AND t.debit_version = middle;
    IF NOT FOUND THEN
      SELECT t.recorded_at INTO recorded FROM ledger.transfers t
       WHERE t.timebank_id = p_timebank AND t.credit_account = p_account AND t.credit_version = middle;
    END IF;
    IF recorded < p_before THEN low := middle; ELSE high := middle - 1; END IF;
  END LOOP;
  -- null where there is no such account
  RETURN CASE WHEN high IS NOT NULL THEN low END;
END $$;
--> statement-breakpoint
-- What an account's lines between two versions (the first excluded, the second included) came to.
CREATE FUNCTION ledger.sum_of_lines(
  p_timebank uuid, p_account integer, p_after integer, p_until integer,
  OUT earned bigint, OUT spent bigint, OUT held_in bigint, OUT held_out bigint
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT coalesce(sum(t.minutes) FILTER (WHERE t.operation NOT IN (2, 4)), 0),
         -- a settlement lets go of all that was held, also where it moves less
         coalesce(sum(CASE t.operation
           WHEN 2 THEN t.minutes
           WHEN 3 THEN (SELECT -h.minutes FROM ledger.transfers h WHERE h.timebank_id = p_timebank AND h.id = t.ref)
           WHEN 4 THEN -t.minutes END), 0)
    INTO earned, held_in
    FROM ledger.transfers t
   WHERE t.timebank_id = p_timebank AND t.credit_account = p_account AND t.credit_version > p_after AND t.credit_version <= p_until;
  SELECT coalesce(sum(t.minutes) FILTER (WHERE t.operation NOT IN (2, 4)), 0),
         coalesce(sum(CASE t.operation
           WHEN 2 THEN t.minutes
           WHEN 3 THEN (SELECT -h.minutes FROM ledger.transfers h WHERE h.timebank_id = p_timebank AND h.id = t.ref)
           WHEN 4 THEN -t.minutes END), 0)
    INTO spent, held_out
    FROM ledger.transfers t
   WHERE t.timebank_id = p_timebank AND t.debit_account = p_account AND t.debit_version > p_after AND t.debit_version <= p_until;
END $$;
--> statement-breakpoint
-- An account as it had been recorded before an instant; no row where there is no such account. Of its lines only the shorter
-- side is read: those up to the instant, or those since.
CREATE FUNCTION ledger.balance_before(p_timebank uuid, p_account integer, p_before timestamptz)
RETURNS TABLE (earned bigint, spent bigint, held_in bigint, held_out bigint, lines integer)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog
AS $$
DECLARE
  at integer := ledger.version_before(p_timebank, p_account, p_before);
  present record;
  s record;
BEGIN
  SELECT a.credits, a.debits, a.held_in, a.held_out, a.version INTO present
    FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = p_account;
  IF NOT FOUND THEN
    RETURN;
  ELSIF at <= present.version / 2 THEN
    SELECT * INTO s FROM ledger.sum_of_lines(p_timebank, p_account, 0, at);
    RETURN QUERY SELECT s.earned, s.spent, s.held_in, s.held_out, at;
  ELSE
    SELECT * INTO s FROM ledger.sum_of_lines(p_timebank, p_account, at, present.version);
    RETURN QUERY SELECT present.credits - s.earned, present.debits - s.spent,
                        present.held_in - s.held_in, present.held_out - s.held_out, at;
  END IF;
END $$;
--> statement-breakpoint
-- An account by service date: what was performed up to a date, whenever it was recorded; no row where there is no such account.
-- A hold counts from its own date on, and what resolved it lets go of it on the later of the two dates, so that less than
-- nothing is never held. What was recorded by then says whether fewer lines are to be expected up to the date or from there on,
-- and is an estimate and no more. Where they are few, the summary of page ranges finds them; else all lines of the account are
-- read, since the summary makes the database look at whole pages.
CREATE FUNCTION ledger.balance_on(p_timebank uuid, p_account integer, p_until date)
RETURNS TABLE (earned bigint, spent bigint, held_in bigint, held_out bigint)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog
-- the dates decide how the rows are best found
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  present record;
  at integer;
  later boolean;
  few boolean;
  first date := '-infinity';
  last date := p_until;
  s record;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT a.credits, a.debits, a.held_in, a.held_out, a.version INTO present
    FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = p_account;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  at := ledger.version_before(p_timebank, p_account, (p_until + 1)::timestamp AT TIME ZONE 'UTC');
  later := at > present.version / 2;
  few := least(at, present.version - at) < present.version / 10;
  IF later THEN
    first := p_until + 1;
    last := 'infinity';
  END IF;
  SELECT coalesce(sum(x.moved) FILTER (WHERE x.counts AND x.comes_in), 0)::bigint AS earned,
         coalesce(sum(x.moved) FILTER (WHERE x.counts AND NOT x.comes_in), 0)::bigint AS spent,
         coalesce(sum(x.held) FILTER (WHERE x.counts AND x.comes_in), 0)::bigint AS held_in,
         coalesce(sum(x.held) FILTER (WHERE x.counts AND NOT x.comes_in), 0)::bigint AS held_out
    INTO s
    FROM (
      SELECT t.credit_account = p_account AS comes_in,
             t.performed_on >= first AND t.performed_on <= last AS counts,
             CASE WHEN t.operation NOT IN (2, 4) THEN t.minutes END AS moved,
             CASE
               WHEN t.operation = 2 THEN
                 -- one that is resolved is no longer in the present figures
                 CASE WHEN later AND EXISTS (SELECT FROM ledger.transfers r WHERE r.timebank_id = p_timebank AND r.ref = t.id)
                      THEN 0 ELSE t.minutes END
               WHEN t.operation IN (3, 4) THEN
                 (SELECT -h.minutes FROM ledger.transfers h
                   WHERE h.timebank_id = p_timebank AND h.id = t.ref AND h.performed_on <= p_until)
             END AS held
        FROM ledger.transfers t
       WHERE t.timebank_id = p_timebank AND (t.debit_account = p_account OR t.credit_account = p_account)
         AND (NOT few OR (t.performed_on >= first AND t.performed_on <= last))
    ) x;
  IF later THEN
    RETURN QUERY SELECT present.credits - s.earned, present.debits - s.spent, present.held_in - s.held_in, present.held_out - s.held_out;
  ELSE
    RETURN QUERY SELECT s.earned, s.spent, s.held_in, s.held_out;
  END IF;
END $$;
--> statement-breakpoint
-- Totals by kind of account as they had been recorded before an instant (p_until null), or by service date up to a date
-- (p_before null), in the same way. Every transfer is on both sides or on neither: the sum is 0 at any instant and date.
CREATE FUNCTION ledger.trial_balance_at(p_timebank uuid, p_before timestamptz, p_until date)
RETURNS TABLE (kind text, accounts bigint, debits bigint, credits bigint, balance bigint, held_in bigint, held_out bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
SET plan_cache_mode = force_custom_plan
SET work_mem = '64MB'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  later boolean;
  first date := '-infinity';
  last date := 'infinity';
  first_at timestamptz := '-infinity';
  last_at timestamptz := 'infinity';
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  -- the busiest account stands for all
  SELECT ledger.version_before(p_timebank, a.id, coalesce(p_before, (p_until + 1)::timestamp AT TIME ZONE 'UTC')) > a.version / 2
    INTO later
    FROM ledger.accounts a WHERE a.timebank_id = p_timebank ORDER BY a.version DESC, a.id LIMIT 1;
  IF p_until IS NULL THEN
    IF later THEN first_at := p_before; ELSE last_at := p_before; END IF;
  ELSE
    IF later THEN first := p_until + 1; ELSE last := p_until; END IF;
  END IF;
  RETURN QUERY
  WITH sums AS (
    SELECT coalesce(t.debit_account, t.credit_account) AS account, t.debit_account IS NOT NULL AS goes_out,
           sum(t.moved) AS moved, sum(t.held) AS held
      FROM (
        SELECT t.debit_account, t.credit_account,
               CASE WHEN t.operation IN (2, 4) THEN 0 ELSE t.minutes END AS moved,
               CASE
                 WHEN t.operation = 2 THEN
                   CASE WHEN later AND p_until IS NOT NULL
                         AND EXISTS (SELECT FROM ledger.transfers r WHERE r.timebank_id = p_timebank AND r.ref = t.id)
                        THEN 0 ELSE t.minutes END
                 WHEN t.operation IN (3, 4) AND (p_until IS NULL OR h.performed_on <= p_until) THEN -h.minutes
                 ELSE 0
               END AS held
          FROM ledger.transfers t
          LEFT JOIN ledger.transfers h ON h.timebank_id = p_timebank AND h.id = t.ref AND h.operation = 2
         WHERE t.timebank_id = p_timebank
           AND t.recorded_at >= first_at AND t.recorded_at < last_at AND t.performed_on >= first AND t.performed_on <= last
      ) t
     GROUP BY GROUPING SETS ((t.debit_account), (t.credit_account))
  ), positions AS (
    SELECT a.id, a.kind::text AS kind,
           CASE WHEN later THEN a.debits - coalesce(o.moved, 0) ELSE coalesce(o.moved, 0) END AS debits,
           CASE WHEN later THEN a.credits - coalesce(i.moved, 0) ELSE coalesce(i.moved, 0) END AS credits,
           CASE WHEN later THEN a.held_in - coalesce(i.held, 0) ELSE coalesce(i.held, 0) END AS held_in,
           CASE WHEN later THEN a.held_out - coalesce(o.held, 0) ELSE coalesce(o.held, 0) END AS held_out
      FROM ledger.accounts a
      LEFT JOIN sums i ON i.account = a.id AND NOT i.goes_out
      LEFT JOIN sums o ON o.account = a.id AND o.goes_out
     WHERE a.timebank_id = p_timebank
  )
  SELECT p.kind, count(*), sum(p.debits)::bigint, sum(p.credits)::bigint, sum(p.credits - p.debits)::bigint,
         sum(p.held_in)::bigint, sum(p.held_out)::bigint
    FROM positions p
   GROUP BY p.kind
   ORDER BY p.kind;
END $$;
--> statement-breakpoint
-- Lines that moved hours, in the order of service dates (and of recording within a day): what a statement on paper shows.
CREATE FUNCTION ledger.moves(p_timebank uuid, p_account integer, p_from date, p_until date, p_limit integer)
RETURNS TABLE (
  version integer, transfer_id uuid, operation smallint, kind smallint, performed_on date, counter_account integer, minutes integer
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT e.version, e.transfer_id, e.operation, e.kind, e.performed_on, e.counter_account, e.delta
    FROM ledger.entries e
   WHERE e.timebank_id = p_timebank AND e.account_id = p_account AND e.operation NOT IN (2, 4)
     AND (p_from IS NULL OR e.performed_on >= p_from) AND (p_until IS NULL OR e.performed_on <= p_until)
   ORDER BY e.performed_on, e.version
   LIMIT p_limit;
END $$;
--> statement-breakpoint

-- The journal -----------------------------------------------------------------------------------------------------------------

-- Both functions answer ids in the order of recording, and never read much more than 20,000 rows: a filter that few rows pass
-- would otherwise read the whole journal for one page. Where they stop before the page is full, a last row without an id says
-- how far they came.

-- Of a whole timebank, in windows of time. There is no index by time of recording but the summary of page ranges
-- (transfers_when), which cannot give an order: a window is read whole and sorted. How wide the first must be to have some
-- 500 rows is asked of the primary key, whose ids follow the time of recording roughly; this is an estimate and no more.
CREATE FUNCTION ledger.journal(
  p_timebank uuid, p_kind smallint, p_operation smallint, p_actor uuid, p_on_behalf_of uuid, p_source smallint, p_from date, p_to date,
  p_recorded_from timestamptz, p_recorded_before timestamptz, p_at timestamptz, p_id uuid, p_oldest_first boolean, p_limit integer
) RETURNS TABLE (id uuid, recorded_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  step CONSTANT interval := '1 microsecond';
  query text;
  -- what is left to be read: from low (included) to high (excluded)
  low timestamptz := coalesce(p_recorded_from, '-infinity');
  high timestamptz := coalesce(p_recorded_before, 'infinity');
  wide interval;
  window_low timestamptz;
  window_high timestamptz;
  anchor timestamptz;
  probe timestamptz;
  -- where service dates that are asked for begin to be frequent: no window reaches across, and the next begins small again
  cut timestamptz := (CASE WHEN p_oldest_first THEN p_from ELSE p_to + 1 END)::timestamp AT TIME ZONE 'UTC';
  ids uuid[];
  times timestamptz[];
  n bigint;
  wanted integer := p_limit;
  seen bigint := 0;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  IF p_oldest_first THEN
    -- rows of one call share their time: where an id is given, those beside it come again and are left out by the key
    low := greatest(low, p_at);
  ELSE
    high := least(high, CASE WHEN p_id IS NULL THEN p_at ELSE p_at + step END);
  END IF;
  query := format($q$
    WITH rows AS MATERIALIZED (
      SELECT t.recorded_at, t.id,
             ($2 IS NULL OR t.kind = $2) AND ($3 IS NULL OR t.operation = $3) AND ($4 IS NULL OR t.actor = $4)
             AND ($5 IS NULL OR t.on_behalf_of = $5) AND ($6 IS NULL OR t.source = $6) AS hit
        FROM ledger.transfers t
       WHERE t.timebank_id = $1 AND t.recorded_at >= $9 AND t.recorded_at < $10
         AND ($7 IS NULL OR t.performed_on >= $7) AND ($8 IS NULL OR t.performed_on <= $8)
         AND ($12 IS NULL OR (t.recorded_at, t.id) %1$s ($11, $12))
    ), hits AS (
      SELECT r.recorded_at, r.id FROM rows r WHERE r.hit ORDER BY r.recorded_at %2$s, r.id %2$s LIMIT $13
    )
    SELECT (SELECT count(*) FROM rows), array_agg(h.id ORDER BY h.recorded_at %2$s, h.id %2$s),
           array_agg(h.recorded_at ORDER BY h.recorded_at %2$s, h.id %2$s) FROM hits h $q$,
    CASE WHEN p_oldest_first THEN '>' ELSE '<' END, CASE WHEN p_oldest_first THEN 'ASC' ELSE 'DESC' END);

  -- the recorded time of the 500th row from here on in the order of ids
  anchor := CASE WHEN p_oldest_first THEN low ELSE high END;
  IF p_oldest_first THEN
    SELECT t.recorded_at INTO probe FROM ledger.transfers t
     WHERE t.timebank_id = p_timebank AND (NOT isfinite(anchor) OR t.id >= ledger.id_at(anchor))
     ORDER BY t.id OFFSET 500 LIMIT 1;
  ELSE
    SELECT t.recorded_at INTO probe FROM ledger.transfers t
     WHERE t.timebank_id = p_timebank AND (NOT isfinite(anchor) OR t.id < ledger.id_at(anchor))
     ORDER BY t.id DESC OFFSET 500 LIMIT 1;
  END IF;
  -- the first window reaches to the probe
  window_low := CASE WHEN p_oldest_first THEN low ELSE least(greatest(coalesce(probe, low), low), high) END;
  window_high := CASE WHEN p_oldest_first THEN greatest(least(coalesce(probe + step, high), high), low) ELSE high END;
  wide := CASE WHEN isfinite(window_low) AND isfinite(window_high) THEN greatest(window_high - window_low, '10 ms') ELSE '1 minute' END;

  LOOP
    IF cut > window_low AND cut < window_high THEN
      IF p_oldest_first THEN window_high := cut; ELSE window_low := cut; END IF;
      wide := '1 hour';
    END IF;
    IF window_low < window_high THEN
      EXECUTE query INTO n, ids, times
        USING p_timebank, p_kind, p_operation, p_actor, p_on_behalf_of, p_source, p_from, p_to, window_low, window_high, p_at, p_id, wanted;
      FOR i IN 1 .. coalesce(cardinality(ids), 0) LOOP
        id := ids[i];
        recorded_at := times[i];
        RETURN NEXT;
      END LOOP;
      wanted := wanted - coalesce(cardinality(ids), 0);
      seen := seen + n;
      IF n < 5000 THEN
        wide := wide * CASE WHEN n < 1000 THEN 4 ELSE 2 END;
      END IF;
    END IF;
    IF p_oldest_first THEN low := window_high; ELSE high := window_low; END IF;
    EXIT WHEN wanted <= 0 OR low >= high;
    IF seen >= 20000 THEN
      id := NULL;
      recorded_at := CASE WHEN p_oldest_first THEN low ELSE high END;
      RETURN NEXT;
      EXIT;
    END IF;
    -- past a window of some years, all that is left
    IF p_oldest_first THEN
      window_low := low;
      window_high := CASE WHEN wide > '2 years' THEN high ELSE least(high, low + wide) END;
    ELSE
      window_high := high;
      window_low := CASE WHEN wide > '2 years' THEN low ELSE greatest(low, high - wide) END;
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
-- The first uuid v7 of an instant's millisecond.
CREATE FUNCTION ledger.id_at(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
  SELECT (lpad(to_hex(greatest(0, floor(extract(epoch FROM p_at) * 1000))::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
--> statement-breakpoint
-- Of one account, by its versions; both bounds are excluded.
CREATE FUNCTION ledger.journal_of_account(
  p_timebank uuid, p_account integer, p_kind smallint, p_operation smallint, p_actor uuid, p_on_behalf_of uuid, p_source smallint,
  p_from date, p_to date, p_after integer, p_before integer, p_oldest_first boolean, p_limit integer
) RETURNS TABLE (id uuid, version integer)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  low integer := coalesce(p_after, 0);
  high integer;
  -- the part that this call reads
  window_low integer;
  window_high integer;
  n integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT least(a.version + 1, p_before) INTO high FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = p_account;
  window_low := CASE WHEN p_oldest_first THEN low ELSE greatest(low, high - 20001) END;
  window_high := CASE WHEN p_oldest_first THEN least(high, low + 20001) ELSE high END;
  RETURN QUERY EXECUTE format($q$
    SELECT e.id, e.version
      FROM (
        (SELECT t.id, t.debit_version AS version FROM ledger.transfers t
          WHERE t.timebank_id = $1 AND t.debit_account = $2 AND t.debit_version > $10 AND t.debit_version < $11
            AND ($3 IS NULL OR t.kind = $3) AND ($4 IS NULL OR t.operation = $4) AND ($5 IS NULL OR t.actor = $5)
            AND ($6 IS NULL OR t.on_behalf_of = $6) AND ($7 IS NULL OR t.source = $7)
            AND ($8 IS NULL OR t.performed_on >= $8) AND ($9 IS NULL OR t.performed_on <= $9)
          ORDER BY t.debit_version %1$s LIMIT $12)
        UNION ALL
        (SELECT t.id, t.credit_version FROM ledger.transfers t
          WHERE t.timebank_id = $1 AND t.credit_account = $2 AND t.credit_version > $10 AND t.credit_version < $11
            AND ($3 IS NULL OR t.kind = $3) AND ($4 IS NULL OR t.operation = $4) AND ($5 IS NULL OR t.actor = $5)
            AND ($6 IS NULL OR t.on_behalf_of = $6) AND ($7 IS NULL OR t.source = $7)
            AND ($8 IS NULL OR t.performed_on >= $8) AND ($9 IS NULL OR t.performed_on <= $9)
          ORDER BY t.credit_version %1$s LIMIT $12)
      ) e
     ORDER BY e.version %1$s
     LIMIT $12 $q$, CASE WHEN p_oldest_first THEN 'ASC' ELSE 'DESC' END)
    USING p_timebank, p_account, p_kind, p_operation, p_actor, p_on_behalf_of, p_source, p_from, p_to, window_low, window_high, p_limit;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n < p_limit AND (window_low > low OR window_high < high) THEN
    id := NULL;
    version := CASE WHEN p_oldest_first THEN window_high - 1 ELSE window_low + 1 END;
    RETURN NEXT;
  END IF;
END $$;
--> statement-breakpoint

REVOKE ALL ON FUNCTION
  ledger.version_before, ledger.sum_of_lines, ledger.balance_before, ledger.balance_on,
  ledger.trial_balance_at, ledger.moves, ledger.journal, ledger.id_at, ledger.journal_of_account
  FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION
  ledger.version_before, ledger.sum_of_lines, ledger.balance_before, ledger.balance_on,
  ledger.trial_balance_at, ledger.moves, ledger.journal, ledger.id_at, ledger.journal_of_account
  TO commonhours_service;
