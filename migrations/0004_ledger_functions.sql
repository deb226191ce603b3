-- The only way into the ledger. The service's role may read accounts and transfers; it changes them through these functions,
-- which run with their owner's rights. All quantities are integer minutes.
--
-- Operations: 1 transfer, 2 hold, 3 settle, 4 release, 5 reverse.
-- Codes: 0 posted, 1 replayed, 2 id reused, 10 unknown account, 11 account not open, 12 below floor, 13 above ceiling, 14 malformed,
--        15 unknown ref, 16 already resolved, 17 exceeds hold, 18 same id or ref twice in one batch, 20 another leg failed.
-- Flags: 1 crossed the debited account's soft floor, 2 crossed the credited account's soft ceiling, 4 forced past a refusal.

-- Updates change no indexed column: with half of each page free they stay in the page and leave the index alone.
ALTER TABLE ledger.accounts SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
--> statement-breakpoint
-- Every function but post_many starts with this: what it is asked to do must be for the timebank of the transaction, whoever calls.
-- A transaction without a timebank fails on the missing setting.
CREATE FUNCTION ledger.require_timebank(p_timebank uuid) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
BEGIN
  IF p_timebank IS DISTINCT FROM current_setting('commonhours.timebank')::uuid THEN
    RAISE EXCEPTION 'the transaction belongs to another timebank' USING ERRCODE = '42501';
  END IF;
END $$;
--> statement-breakpoint

-- Accounts --------------------------------------------------------------------------------------------------------------------

-- Opens accounts with consecutive ids and answers the first. The row of the books stays locked until the transaction ends,
-- so that a rolled-back opening leaves no gap.
CREATE FUNCTION ledger.open_accounts(
  p_timebank uuid, p_actor uuid, p_why text, p_kind text[],
  p_floor_soft bigint[], p_floor_hard bigint[], p_ceiling_soft bigint[], p_ceiling_hard bigint[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  n integer := cardinality(p_kind);
  first_id integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  IF n IS NULL OR n = 0 OR cardinality(p_floor_soft) <> n OR cardinality(p_floor_hard) <> n
     OR cardinality(p_ceiling_soft) <> n OR cardinality(p_ceiling_hard) <> n THEN
    RAISE EXCEPTION 'arrays of different lengths, or none' USING ERRCODE = '22023';
  END IF;

  UPDATE ledger.books b SET next_account_id = b.next_account_id + n
   WHERE b.timebank_id = p_timebank
  RETURNING b.next_account_id - n INTO first_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the timebank has no books' USING ERRCODE = '55000';
  END IF;

  INSERT INTO ledger.accounts (timebank_id, id, kind, floor_soft, floor_hard, ceiling_soft, ceiling_hard)
  SELECT p_timebank, first_id + q.i::integer - 1, q.kind, q.floor_soft, q.floor_hard, q.ceiling_soft, q.ceiling_hard
    FROM unnest(p_kind, p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard)
         WITH ORDINALITY q(kind, floor_soft, floor_hard, ceiling_soft, ceiling_hard, i);

  INSERT INTO ledger.limit_changes (timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, actor, why)
  SELECT p_timebank, first_id + q.i::integer - 1, 1, 'open', q.floor_soft, q.floor_hard, q.ceiling_soft, q.ceiling_hard, p_actor, p_why
    FROM unnest(p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard)
         WITH ORDINALITY q(floor_soft, floor_hard, ceiling_soft, ceiling_hard, i);
  RETURN first_id;
END $$;
--> statement-breakpoint
CREATE FUNCTION ledger.open_account(
  p_timebank uuid, p_actor uuid, p_why text, p_kind text,
  p_floor_soft bigint, p_floor_hard bigint, p_ceiling_soft bigint, p_ceiling_hard bigint
) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT ledger.open_accounts(
    p_timebank, p_actor, p_why, ARRAY[p_kind],
    ARRAY[p_floor_soft], ARRAY[p_floor_hard], ARRAY[p_ceiling_soft], ARRAY[p_ceiling_hard])
$$;
--> statement-breakpoint
-- Once for each timebank: account 1 is its community pot, account 2 takes the other side of balances brought in from elsewhere.
CREATE FUNCTION ledger.open_books(p_timebank uuid, p_actor uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  INSERT INTO ledger.books (timebank_id) VALUES (p_timebank);
  PERFORM ledger.open_accounts(
    p_timebank, p_actor, 'opened with the timebank', ARRAY['community_pot', 'opening'],
    ARRAY[NULL, NULL]::bigint[], ARRAY[NULL, NULL]::bigint[], ARRAY[NULL, NULL]::bigint[], ARRAY[NULL, NULL]::bigint[]);
END $$;
--> statement-breakpoint
-- Limits hold for what is posted from now on. A balance that lies outside the new ones stays as it is.
-- Answers the number of the change; null: there is no such account.
CREATE FUNCTION ledger.set_limits(
  p_timebank uuid, p_actor uuid, p_why text, p_account integer,
  p_floor_soft bigint, p_floor_hard bigint, p_ceiling_soft bigint, p_ceiling_hard bigint
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  change integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  UPDATE ledger.accounts a
     SET floor_soft = p_floor_soft, floor_hard = p_floor_hard, ceiling_soft = p_ceiling_soft, ceiling_hard = p_ceiling_hard
   WHERE a.timebank_id = p_timebank AND a.id = p_account;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- the lock on the account keeps the numbers of changes apart
  INSERT INTO ledger.limit_changes (timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, actor, why)
  SELECT p_timebank, p_account, c.version + 1, c.status, p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard, p_actor, p_why
    FROM ledger.limit_changes c
   WHERE c.timebank_id = p_timebank AND c.account_id = p_account
   ORDER BY c.version DESC
   LIMIT 1
  RETURNING version INTO change;
  RETURN change;
END $$;
--> statement-breakpoint
-- All accounts of a kind whose limits are still those of the old policy get those of the new one; an account whose limits
-- were set by hand keeps them. In the order of their numbers, as postings lock them. Answers how many there were.
CREATE FUNCTION ledger.follow_limits(
  p_timebank uuid, p_actor uuid, p_why text, p_kind text,
  p_old_floor_soft bigint, p_old_floor_hard bigint, p_old_ceiling_soft bigint, p_old_ceiling_hard bigint,
  p_floor_soft bigint, p_floor_hard bigint, p_ceiling_soft bigint, p_ceiling_hard bigint
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  changed integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  WITH locked AS (
    SELECT a.id, a.status
      FROM ledger.accounts a
     WHERE a.timebank_id = p_timebank AND a.kind = p_kind AND a.status <> 'closed'
       AND (a.floor_soft, a.floor_hard, a.ceiling_soft, a.ceiling_hard)
           IS NOT DISTINCT FROM (p_old_floor_soft, p_old_floor_hard, p_old_ceiling_soft, p_old_ceiling_hard)
     ORDER BY a.id
       FOR NO KEY UPDATE
  ), updated AS (
    UPDATE ledger.accounts a
       SET floor_soft = p_floor_soft, floor_hard = p_floor_hard, ceiling_soft = p_ceiling_soft, ceiling_hard = p_ceiling_hard
      FROM locked l
     WHERE a.timebank_id = p_timebank AND a.id = l.id
    RETURNING a.id, a.status
  )
  INSERT INTO ledger.limit_changes (timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, actor, why)
  SELECT p_timebank, u.id,
         (SELECT max(c.version) + 1 FROM ledger.limit_changes c WHERE c.timebank_id = p_timebank AND c.account_id = u.id),
         u.status, p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard, p_actor, p_why
    FROM updated u;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;
--> statement-breakpoint
-- open, frozen or closed. An account is closed empty only: nobody could move the hours in it.
-- Codes: 0 done (also where it was so before), 10 unknown account, 21 not empty.
CREATE FUNCTION ledger.set_status(p_timebank uuid, p_actor uuid, p_why text, p_account integer, p_status text) RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  a record;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT x.status, x.credits = x.debits AND x.held_in = 0 AND x.held_out = 0 AS empty INTO a
    FROM ledger.accounts x
   WHERE x.timebank_id = p_timebank AND x.id = p_account
     FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 10;
  ELSIF a.status = p_status THEN
    RETURN 0;
  ELSIF p_status = 'closed' AND NOT a.empty THEN
    RETURN 21;
  END IF;
  UPDATE ledger.accounts x SET status = p_status WHERE x.timebank_id = p_timebank AND x.id = p_account;
  INSERT INTO ledger.limit_changes (timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, actor, why)
  SELECT p_timebank, p_account, c.version + 1, p_status, c.floor_soft, c.floor_hard, c.ceiling_soft, c.ceiling_hard, p_actor, p_why
    FROM ledger.limit_changes c
   WHERE c.timebank_id = p_timebank AND c.account_id = p_account
   ORDER BY c.version DESC
   LIMIT 1;
  RETURN 0;
END $$;
--> statement-breakpoint

-- Posting ---------------------------------------------------------------------------------------------------------------------

-- One operation. The order of refusals is part of the contract, and that of post_many is the same (a model test compares them):
-- the id's own past (1, 2) before all others, then shape (14), ref (15, 14, 16, 17), accounts (10, 11), limits (12, 13).
-- settle, release and reverse name no accounts: they take them from what they refer to.
CREATE FUNCTION ledger.post_one(
  p_timebank uuid, p_actor uuid, p_id uuid, p_operation smallint, p_debit integer, p_credit integer, p_minutes integer,
  p_kind smallint, p_performed_on date, p_ref uuid, p_group uuid, p_fingerprint bigint, p_force boolean,
  OUT code smallint, OUT debit_account integer, OUT credit_account integer, OUT minutes integer,
  OUT debit_balance bigint, OUT credit_balance bigint, OUT flags smallint,
  OUT refused_account integer, OUT refused_balance bigint, OUT refused_held bigint, OUT refused_limit bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  -- what is referred to
  r record;
  -- the accounts: debtor, creditor, and the one just read
  d record;
  c record;
  x record;
  found_accounts integer := 0;
  posted_kind smallint := p_kind;
  -- what the operation does to both: minutes moved, and minutes held (negative: let go)
  moved bigint;
  held bigint;
  -- balance with its holds, before and after
  d_before bigint;
  d_after bigint;
  c_before bigint;
  c_after bigint;
BEGIN
  IF p_timebank IS DISTINCT FROM current_setting('commonhours.timebank')::uuid THEN
    RAISE EXCEPTION 'the transaction belongs to another timebank' USING ERRCODE = '42501';
  END IF;
  code := 0;
  flags := 0;
  debit_account := p_debit;
  credit_account := p_credit;
  minutes := p_minutes;

  -- 1. shape; what is referred to never changes, so that it can be read before anything is locked
  IF p_id IS NULL OR p_fingerprint IS NULL OR p_performed_on IS NULL OR p_force IS NULL
     OR p_operation IS NULL OR p_operation NOT BETWEEN 1 AND 5 THEN
    code := 14;
  ELSIF p_operation <= 2 THEN
    IF p_ref IS NOT NULL OR p_kind IS NULL OR p_minutes IS NULL OR p_minutes <= 0
       OR p_debit IS NULL OR p_credit IS NULL OR p_debit = p_credit THEN
      code := 14;
    END IF;
    held := CASE p_operation WHEN 2 THEN p_minutes ELSE 0 END;
  ELSIF p_ref IS NULL OR p_debit IS NOT NULL OR p_credit IS NOT NULL OR p_minutes <= 0
        OR (p_operation > 3 AND p_minutes IS NOT NULL) THEN
    code := 14;
  ELSE
    SELECT t.operation, t.debit_account, t.credit_account, t.minutes, t.kind INTO r
      FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = p_ref;
    IF NOT FOUND THEN
      code := 15;
    ELSIF (p_operation IN (3, 4) AND r.operation <> 2) OR (p_operation = 5 AND r.operation NOT IN (1, 3)) THEN
      code := 14;
    ELSE
      minutes := coalesce(p_minutes, r.minutes);
      posted_kind := coalesce(p_kind, r.kind);
      IF p_operation = 5 THEN
        debit_account := r.credit_account;
        credit_account := r.debit_account;
        held := 0;
      ELSE
        debit_account := r.debit_account;
        credit_account := r.credit_account;
        held := -r.minutes;
      END IF;
    END IF;
  END IF;
  moved := CASE WHEN p_operation IN (2, 4) THEN 0 ELSE minutes END;

  IF code = 0 THEN
    -- 2. lock both accounts in the order of their ids. NO KEY: memberships may refer to them meanwhile
    FOR x IN
      SELECT a.id, a.credits - a.debits AS balance, a.held_in, a.held_out, a.floor_soft, a.floor_hard,
             a.ceiling_soft, a.ceiling_hard, a.version, a.status
        FROM ledger.accounts a
       WHERE a.timebank_id = p_timebank AND a.id IN (post_one.debit_account, post_one.credit_account)
       ORDER BY a.id
         FOR NO KEY UPDATE
    LOOP
      found_accounts := found_accounts + 1;
      IF x.id = debit_account THEN d := x; ELSE c := x; END IF;
    END LOOP;

    -- 3. decide. Limits refuse only what moves an account out of its range, or further out: a lowered limit blocks no repair.
    -- What was held while both accounts were open may be settled or released whatever happened to them since.
    IF p_operation >= 3 AND EXISTS (
         SELECT FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.ref = p_ref) THEN
      code := 16;
    ELSIF p_operation = 3 AND minutes > -held THEN
      code := 17;
    ELSIF found_accounts < 2 THEN
      code := 10;
    ELSE
      d_before := d.balance - d.held_out;
      d_after := d_before - moved - held;
      c_before := c.balance + c.held_in;
      c_after := c_before + moved + held;
      IF p_operation NOT IN (3, 4) AND d.status <> 'open' THEN
        code := 11;
        refused_account := debit_account;
      ELSIF p_operation NOT IN (3, 4) AND c.status <> 'open' THEN
        code := 11;
        refused_account := credit_account;
      ELSIF d_after < d.floor_hard AND d_after < d_before THEN
        code := 12;
        refused_account := debit_account;
        refused_balance := d.balance;
        refused_held := d.held_out;
        refused_limit := d.floor_hard;
      ELSIF c_after > c.ceiling_hard AND c_after > c_before THEN
        code := 13;
        refused_account := credit_account;
        refused_balance := c.balance;
        refused_held := c.held_in;
        refused_limit := c.ceiling_hard;
      END IF;
      IF code <> 0 AND p_force THEN
        code := 0;
        flags := 4;
        refused_account := NULL;
        refused_balance := NULL;
        refused_held := NULL;
        refused_limit := NULL;
      END IF;
    END IF;
  END IF;

  IF code = 0 THEN
    IF d_before >= d.floor_soft AND d_after < d.floor_soft THEN flags := flags | 1::smallint; END IF;
    IF c_before <= c.ceiling_soft AND c_after > c.ceiling_soft THEN flags := flags | 2::smallint; END IF;
    debit_balance := d.balance - moved;
    credit_balance := c.balance + moved;

    -- 4. write. The primary key guards the id against a posting between other accounts, which our locks do not keep away.
    -- The time is taken now, after the locks: it never contradicts the order of versions.
    INSERT INTO ledger.transfers (
      timebank_id, id, recorded_at, actor, fingerprint, debit_balance, credit_balance, debit_account, credit_account,
      debit_version, credit_version, minutes, performed_on, operation, kind, flags, ref, group_id)
    VALUES (
      p_timebank, p_id, clock_timestamp(), p_actor, p_fingerprint, post_one.debit_balance, post_one.credit_balance,
      post_one.debit_account, post_one.credit_account, d.version + 1, c.version + 1, post_one.minutes,
      p_performed_on, p_operation, posted_kind, post_one.flags, p_ref, p_group)
    ON CONFLICT (timebank_id, id) DO NOTHING;
    IF FOUND THEN
      UPDATE ledger.accounts a
         SET debits   = a.debits   + CASE WHEN a.id = d.id THEN moved ELSE 0 END,
             credits  = a.credits  + CASE WHEN a.id = c.id THEN moved ELSE 0 END,
             held_out = a.held_out + CASE WHEN a.id = d.id THEN held ELSE 0 END,
             held_in  = a.held_in  + CASE WHEN a.id = c.id THEN held ELSE 0 END,
             version  = a.version + 1
       WHERE a.timebank_id = p_timebank AND a.id IN (d.id, c.id);
      RETURN;
    END IF;
  END IF;

  -- 5. the id's own past comes before every refusal: a repeat gets the first answer, also where a limit would refuse it now
  SELECT t.fingerprint, t.debit_account, t.credit_account, t.minutes, t.debit_balance, t.credit_balance, t.flags INTO x
    FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = p_id;
  IF FOUND THEN
    refused_account := NULL;
    refused_balance := NULL;
    refused_held := NULL;
    refused_limit := NULL;
    IF x.fingerprint = p_fingerprint THEN
      code := 1;
      debit_account := x.debit_account;
      credit_account := x.credit_account;
      minutes := x.minutes;
      debit_balance := x.debit_balance;
      credit_balance := x.credit_balance;
      flags := x.flags;
      RETURN;
    END IF;
    code := 2;
  END IF;
  debit_balance := NULL;
  credit_balance := NULL;
  flags := 0;
END $$;
--> statement-breakpoint
-- Up to 1,000 operations, decided one after the other in memory between one lock of all accounts and two set-based writes.
-- Legs stand or fall together where neighbours of one timebank share a group, or all of them with p_together. What an operation
-- refers to must have been posted before the call. A unique violation (an id posted at the same moment between other accounts)
-- undoes the whole call: split it and try again.
--
-- Timebanks: inside a transaction that has one, all operations must be for it. A queue that commits postings of many small
-- timebanks together calls from transactions without one: batches stay full (about 4,000 postings a second over HTTP, where a
-- queue for each of 100 timebanks gave 1,900). Each operation still touches the accounts of its own timebank only. A database
-- that distributes by timebank needs calls of one timebank each.
CREATE FUNCTION ledger.post_many(
  p_timebank uuid[], p_actor uuid[], p_id uuid[], p_operation smallint[], p_debit integer[], p_credit integer[], p_minutes integer[],
  p_kind smallint[], p_performed_on date[], p_ref uuid[], p_group uuid[], p_fingerprint bigint[], p_force boolean[],
  p_together boolean
) RETURNS TABLE (
  code smallint, debit_account integer, credit_account integer, minutes integer,
  debit_balance bigint, credit_balance bigint, flags smallint,
  refused_account integer, refused_balance bigint, refused_held bigint, refused_limit bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  n integer := coalesce(cardinality(p_id), 0);
  own_timebank text := current_setting('commonhours.timebank', true);
  -- per operation: code, accounts, their places in the arrays of accounts, minutes and what they do, the answer
  codes smallint[];
  debtors integer[];
  creditors integer[];
  debtor_at integer[];
  creditor_at integer[];
  amounts integer[];
  kinds smallint[];
  moves bigint[];
  holds bigint[];
  exceeds boolean[];
  resolved boolean[];
  debtor_versions integer[];
  creditor_versions integer[];
  debtor_balances bigint[];
  creditor_balances bigint[];
  marks smallint[];
  refused_accounts integer[];
  refused_balances bigint[];
  refused_holds bigint[];
  refused_limits bigint[];
  -- per account
  timebanks uuid[];
  accounts integer[];
  all_debits bigint[];
  all_credits bigint[];
  all_held_in bigint[];
  all_held_out bigint[];
  soft_floors bigint[];
  hard_floors bigint[];
  soft_ceilings bigint[];
  hard_ceilings bigint[];
  versions integer[];
  versions_before integer[];
  opens boolean[];
  -- of the operation at hand
  grouped boolean;
  group_start integer := 1;
  group_failed boolean := false;
  posted integer := 0;
  refusal smallint;
  d integer;
  c integer;
  moved bigint;
  held bigint;
  d_before bigint;
  d_after bigint;
  c_before bigint;
  c_after bigint;
  mark smallint;
  recorded_at timestamptz;
BEGIN
  IF n NOT BETWEEN 1 AND 1000 OR cardinality(p_timebank) <> n OR cardinality(p_actor) <> n OR cardinality(p_operation) <> n
     OR cardinality(p_debit) <> n OR cardinality(p_credit) <> n OR cardinality(p_minutes) <> n OR cardinality(p_kind) <> n
     OR cardinality(p_performed_on) <> n OR cardinality(p_ref) <> n OR cardinality(p_group) <> n
     OR cardinality(p_fingerprint) <> n OR cardinality(p_force) <> n OR p_together IS NULL THEN
    RAISE EXCEPTION 'arrays of different lengths, or not 1 to 1000 operations' USING ERRCODE = '22023';
  END IF;
  IF own_timebank <> '' AND EXISTS (
       SELECT FROM unnest(p_timebank) q(timebank) WHERE q.timebank IS DISTINCT FROM own_timebank::uuid) THEN
    RAISE EXCEPTION 'the transaction belongs to another timebank' USING ERRCODE = '42501';
  END IF;

  -- 1. shape; what is referred to never changes, so that it can be read before anything is locked
  SELECT array_agg(s.code), array_agg(s.kind), array_agg(s.minutes),
         array_agg(CASE WHEN s.turned THEN s.ref_creditor WHEN s.follows THEN s.ref_debtor ELSE s.debit END),
         array_agg(CASE WHEN s.turned THEN s.ref_debtor WHEN s.follows THEN s.ref_creditor ELSE s.credit END),
         array_agg(CASE WHEN s.operation IN (2, 4) THEN 0 ELSE s.minutes END),
         array_agg(CASE WHEN s.operation = 2 THEN s.minutes WHEN s.operation IN (3, 4) THEN -s.ref_minutes ELSE 0 END),
         array_agg(s.operation = 3 AND s.minutes > s.ref_minutes)
    INTO codes, kinds, amounts, debtors, creditors, moves, holds, exceeds
    FROM (
      SELECT q.operation, q.debit, q.credit, q.code,
             q.code = 0 AND q.operation >= 3 AS follows,
             q.code = 0 AND q.operation = 5 AS turned,
             CASE WHEN q.code = 0 THEN coalesce(q.kind, q.ref_kind) ELSE q.kind END AS kind,
             CASE WHEN q.code = 0 THEN coalesce(q.minutes, q.ref_minutes) ELSE q.minutes END AS minutes,
             q.ref_debtor, q.ref_creditor, q.ref_minutes
        FROM (
          SELECT q.i, q.operation, q.debit, q.credit, q.minutes, q.kind,
                 t.debit_account AS ref_debtor, t.credit_account AS ref_creditor, t.minutes AS ref_minutes, t.kind AS ref_kind,
                 CASE
                   WHEN q.timebank IS NULL OR q.id IS NULL OR q.fingerprint IS NULL OR q.performed_on IS NULL OR q.force IS NULL
                        OR q.operation IS NULL OR q.operation NOT BETWEEN 1 AND 5 THEN 14
                   WHEN q.operation <= 2 THEN
                     CASE WHEN q.ref IS NOT NULL OR q.kind IS NULL OR q.minutes IS NULL OR q.minutes <= 0
                               OR q.debit IS NULL OR q.credit IS NULL OR q.debit = q.credit THEN 14 ELSE 0 END
                   WHEN q.ref IS NULL OR q.debit IS NOT NULL OR q.credit IS NOT NULL OR q.minutes <= 0
                        OR (q.operation > 3 AND q.minutes IS NOT NULL) THEN 14
                   WHEN t.operation IS NULL THEN 15
                   WHEN (q.operation IN (3, 4) AND t.operation <> 2) OR (q.operation = 5 AND t.operation NOT IN (1, 3)) THEN 14
                   ELSE 0
                 END::smallint AS code
            FROM unnest(p_timebank, p_id, p_operation, p_debit, p_credit, p_minutes, p_kind, p_performed_on, p_ref, p_fingerprint, p_force)
                 WITH ORDINALITY q(timebank, id, operation, debit, credit, minutes, kind, performed_on, ref, fingerprint, force, i)
            -- LIMIT keeps this a look-up by key, whatever the planner thinks of the sizes
            LEFT JOIN LATERAL (
              SELECT t.operation, t.debit_account, t.credit_account, t.minutes, t.kind
                FROM ledger.transfers t WHERE t.timebank_id = q.timebank AND t.id = q.ref LIMIT 1) t ON true
        ) q
       ORDER BY q.i
    ) s;

  -- 2. lock every account once, in one order for everybody. NO KEY: memberships may refer to them meanwhile
  SELECT array_agg(s.timebank_id), array_agg(s.id), array_agg(s.debits), array_agg(s.credits),
         array_agg(s.held_in), array_agg(s.held_out), array_agg(s.floor_soft), array_agg(s.floor_hard),
         array_agg(s.ceiling_soft), array_agg(s.ceiling_hard), array_agg(s.version), array_agg(s.status = 'open')
    INTO timebanks, accounts, all_debits, all_credits, all_held_in, all_held_out, soft_floors, hard_floors, soft_ceilings, hard_ceilings,
         versions, opens
    FROM (
      SELECT a.*
        FROM (SELECT DISTINCT q.timebank, v.account
                FROM unnest(p_timebank, codes, debtors, creditors) q(timebank, code, debtor, creditor),
                     LATERAL (VALUES (q.debtor), (q.creditor)) v(account)
               WHERE q.code = 0) k
        JOIN ledger.accounts a ON a.timebank_id = k.timebank AND a.id = k.account
       ORDER BY a.timebank_id, a.id
         FOR NO KEY UPDATE OF a
    ) s;
  versions_before := versions;

  -- 3. what the locks have made certain: the past of each id, what is resolved, and where the accounts stand in the arrays
  SELECT array_agg(s.code), array_agg(s.debtor_at), array_agg(s.creditor_at), array_agg(s.resolved),
         array_agg(s.debtor), array_agg(s.creditor), array_agg(s.minutes),
         array_agg(s.debit_balance), array_agg(s.credit_balance), array_agg(s.flags),
         array_agg(NULL::integer), array_agg(NULL::bigint)
    INTO codes, debtor_at, creditor_at, resolved, debtors, creditors, amounts, debtor_balances, creditor_balances, marks,
         refused_accounts, refused_balances
    FROM (
      SELECT q.code, q.debtor_at, q.creditor_at,
             q.ref IS NOT NULL AND EXISTS (
               SELECT FROM ledger.transfers u WHERE u.timebank_id = q.timebank AND u.ref = q.ref) AS resolved,
             CASE WHEN q.code = 1 THEN q.first_debtor ELSE q.debtor END AS debtor,
             CASE WHEN q.code = 1 THEN q.first_creditor ELSE q.creditor END AS creditor,
             CASE WHEN q.code = 1 THEN q.first_minutes ELSE q.minutes END AS minutes,
             CASE WHEN q.code = 1 THEN q.debit_balance END AS debit_balance,
             CASE WHEN q.code = 1 THEN q.credit_balance END AS credit_balance,
             CASE WHEN q.code = 1 THEN q.flags ELSE 0::smallint END AS flags
        FROM (
          SELECT q.i, q.timebank, q.ref, q.debtor, q.creditor, q.minutes, da.place::integer AS debtor_at, ca.place::integer AS creditor_at,
                 t.debit_account AS first_debtor, t.credit_account AS first_creditor, t.minutes AS first_minutes,
                 t.debit_balance, t.credit_balance, t.flags,
                 CASE
                   WHEN (q.id IS NOT NULL AND q.id_seen > 1) OR (q.ref IS NOT NULL AND q.ref_seen > 1) THEN 18
                   WHEN t.fingerprint IS NULL THEN q.code
                   WHEN t.fingerprint = q.fingerprint THEN 1
                   ELSE 2
                 END::smallint AS code
            FROM (
              SELECT u.*, row_number() OVER (PARTITION BY u.timebank, u.id ORDER BY u.i) AS id_seen,
                     row_number() OVER (PARTITION BY u.timebank, u.ref ORDER BY u.i) AS ref_seen
                FROM unnest(p_timebank, p_id, p_ref, p_fingerprint, codes, debtors, creditors, amounts)
                     WITH ORDINALITY u(timebank, id, ref, fingerprint, code, debtor, creditor, minutes, i)
            ) q
            LEFT JOIN unnest(timebanks, accounts) WITH ORDINALITY da(timebank, account, place)
              ON da.timebank = q.timebank AND da.account = q.debtor
            LEFT JOIN unnest(timebanks, accounts) WITH ORDINALITY ca(timebank, account, place)
              ON ca.timebank = q.timebank AND ca.account = q.creditor
            LEFT JOIN LATERAL (
              SELECT t.fingerprint, t.debit_account, t.credit_account, t.minutes, t.debit_balance, t.credit_balance, t.flags
                FROM ledger.transfers t WHERE t.timebank_id = q.timebank AND t.id = q.id LIMIT 1) t ON true
        ) q
       ORDER BY q.i
    ) s;
  refused_holds := refused_balances;
  refused_limits := refused_balances;
  debtor_versions := refused_accounts;
  creditor_versions := refused_accounts;

  -- 4. decide, one after the other
  FOR i IN 1..n LOOP
    grouped := p_together OR p_group[i] IS NOT NULL;
    IF i > 1 AND NOT p_together
       AND (NOT grouped OR p_group[i] IS DISTINCT FROM p_group[i - 1] OR p_timebank[i] IS DISTINCT FROM p_timebank[i - 1]) THEN
      group_start := i;
      group_failed := false;
    END IF;
    IF codes[i] = 0 AND group_failed THEN
      codes[i] := 20;
      CONTINUE;
    END IF;
    IF codes[i] = 0 THEN
      refusal := 0;
      mark := 0;
      d := debtor_at[i];
      c := creditor_at[i];
      IF resolved[i] THEN
        refusal := 16;
      ELSIF exceeds[i] THEN
        refusal := 17;
      ELSIF d IS NULL OR c IS NULL THEN
        refusal := 10;
      ELSE
        moved := moves[i];
        held := holds[i];
        d_before := all_credits[d] - all_debits[d] - all_held_out[d];
        d_after := d_before - moved - held;
        c_before := all_credits[c] - all_debits[c] + all_held_in[c];
        c_after := c_before + moved + held;
        IF NOT (opens[d] AND opens[c]) AND p_operation[i] NOT IN (3, 4) THEN
          refusal := 11;
        ELSIF d_after < hard_floors[d] AND d_after < d_before THEN
          refusal := 12;
        ELSIF c_after > hard_ceilings[c] AND c_after > c_before THEN
          refusal := 13;
        END IF;
        IF refusal <> 0 THEN
          IF p_force[i] THEN
            refusal := 0;
            mark := 4;
          ELSIF refusal = 11 THEN
            refused_accounts[i] := CASE WHEN opens[d] THEN creditors[i] ELSE debtors[i] END;
          ELSIF refusal = 12 THEN
            refused_accounts[i] := debtors[i];
            refused_balances[i] := all_credits[d] - all_debits[d];
            refused_holds[i] := all_held_out[d];
            refused_limits[i] := hard_floors[d];
          ELSE
            refused_accounts[i] := creditors[i];
            refused_balances[i] := all_credits[c] - all_debits[c];
            refused_holds[i] := all_held_in[c];
            refused_limits[i] := hard_ceilings[c];
          END IF;
        END IF;
      END IF;
      IF refusal = 0 THEN
        IF d_before >= soft_floors[d] AND d_after < soft_floors[d] THEN mark := mark | 1::smallint; END IF;
        IF c_before <= soft_ceilings[c] AND c_after > soft_ceilings[c] THEN mark := mark | 2::smallint; END IF;
        IF moved <> 0 THEN
          all_debits[d] := all_debits[d] + moved;
          all_credits[c] := all_credits[c] + moved;
        END IF;
        IF held <> 0 THEN
          all_held_out[d] := all_held_out[d] + held;
          all_held_in[c] := all_held_in[c] + held;
        END IF;
        versions[d] := versions[d] + 1;
        versions[c] := versions[c] + 1;
        debtor_versions[i] := versions[d];
        creditor_versions[i] := versions[c];
        debtor_balances[i] := all_credits[d] - all_debits[d];
        creditor_balances[i] := all_credits[c] - all_debits[c];
        marks[i] := mark;
        posted := posted + 1;
      ELSE
        codes[i] := refusal;
      END IF;
    END IF;
    -- a refused leg takes back the legs before it; those after it are refused above
    IF grouped AND codes[i] <> 0 AND NOT group_failed THEN
      group_failed := true;
      FOR k IN REVERSE i - 1..group_start LOOP
        CONTINUE WHEN codes[k] <> 0;
        d := debtor_at[k];
        c := creditor_at[k];
        all_debits[d] := all_debits[d] - moves[k];
        all_credits[c] := all_credits[c] - moves[k];
        all_held_out[d] := all_held_out[d] - holds[k];
        all_held_in[c] := all_held_in[c] - holds[k];
        versions[d] := versions[d] - 1;
        versions[c] := versions[c] - 1;
        debtor_balances[k] := NULL;
        creditor_balances[k] := NULL;
        marks[k] := 0;
        codes[k] := 20;
        posted := posted - 1;
      END LOOP;
    END IF;
  END LOOP;

  -- 5. write. The time is taken after the locks: it never contradicts the order of versions
  IF posted > 0 THEN
    recorded_at := clock_timestamp();
    INSERT INTO ledger.transfers (
      timebank_id, id, recorded_at, actor, fingerprint, debit_balance, credit_balance, debit_account, credit_account,
      debit_version, credit_version, minutes, performed_on, operation, kind, flags, ref, group_id)
    SELECT q.timebank, q.id, recorded_at, q.actor, q.fingerprint, q.debtor_balance, q.creditor_balance, q.debtor, q.creditor,
           q.debtor_version, q.creditor_version, q.minutes, q.performed_on, q.operation, q.kind, q.mark, q.ref, q.group_id
      FROM unnest(p_timebank, p_id, p_actor, p_fingerprint, debtor_balances, creditor_balances, debtors, creditors,
                  debtor_versions, creditor_versions, amounts, p_performed_on, p_operation, kinds, marks, p_ref, p_group, codes)
           q(timebank, id, actor, fingerprint, debtor_balance, creditor_balance, debtor, creditor,
             debtor_version, creditor_version, minutes, performed_on, operation, kind, mark, ref, group_id, code)
     WHERE q.code = 0;
    -- the rows are locked: what was read still stands
    UPDATE ledger.accounts a
       SET debits = u.debits, credits = u.credits, held_out = u.held_out, held_in = u.held_in, version = u.version
      FROM unnest(timebanks, accounts, all_debits, all_credits, all_held_out, all_held_in, versions, versions_before)
           u(timebank, account, debits, credits, held_out, held_in, version, version_before)
     WHERE a.timebank_id = u.timebank AND a.id = u.account AND u.version > u.version_before;
  END IF;

  RETURN QUERY
  SELECT * FROM unnest(codes, debtors, creditors, amounts, debtor_balances, creditor_balances, marks,
                       refused_accounts, refused_balances, refused_holds, refused_limits);
END $$;
--> statement-breakpoint

-- Reading: these run with the caller's rights, so that row-level security stands behind their filters ------------------------------

-- The two sides of every transfer, one row for each account. delta: what it does to the balance.
CREATE VIEW ledger.entries WITH (security_invoker = true) AS
SELECT t.timebank_id, t.debit_account AS account_id, t.debit_version AS version, t.id AS transfer_id, 'debit' AS side,
       t.operation, t.kind, t.performed_on, t.recorded_at, t.credit_account AS counter_account, t.minutes,
       CASE WHEN t.operation IN (2, 4) THEN 0 ELSE -t.minutes END AS delta, t.debit_balance AS balance, t.ref, t.group_id
  FROM ledger.transfers t
UNION ALL
SELECT t.timebank_id, t.credit_account, t.credit_version, t.id, 'credit',
       t.operation, t.kind, t.performed_on, t.recorded_at, t.debit_account, t.minutes,
       CASE WHEN t.operation IN (2, 4) THEN 0 ELSE t.minutes END, t.credit_balance, t.ref, t.group_id
  FROM ledger.transfers t;
--> statement-breakpoint
-- Lines of one account between two versions (both excluded), newest first or oldest first: two index scans, merged.
-- held_minutes: set aside (positive) or let go (negative) by the line.
CREATE FUNCTION ledger.statement(
  p_timebank uuid, p_account integer, p_after integer, p_before integer, p_from date, p_to date, p_oldest_first boolean, p_limit integer
) RETURNS TABLE (
  version integer, transfer_id uuid, operation smallint, kind smallint, performed_on date, recorded_at timestamptz,
  counter_account integer, minutes integer, held_minutes integer, balance bigint, ref uuid, group_id uuid
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT e.version, e.transfer_id, e.operation, e.kind, e.performed_on, e.recorded_at, e.counter_account, e.delta,
         CASE e.operation
           WHEN 2 THEN e.minutes
           -- a settlement lets go of all that was held, also where it moves less
           WHEN 3 THEN (SELECT -t.minutes FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = e.ref)
           WHEN 4 THEN -e.minutes
           ELSE 0
         END,
         e.balance, e.ref, e.group_id
    -- one of the two is empty without being looked at
    FROM (
      (SELECT s.* FROM ledger.entries s
        WHERE p_oldest_first AND s.timebank_id = p_timebank AND s.account_id = p_account
          AND s.version > coalesce(p_after, 0) AND s.version < coalesce(p_before, 2147483647)
          AND (p_from IS NULL OR s.performed_on >= p_from) AND (p_to IS NULL OR s.performed_on <= p_to)
        ORDER BY s.version
        LIMIT p_limit)
      UNION ALL
      (SELECT s.* FROM ledger.entries s
        WHERE NOT p_oldest_first AND s.timebank_id = p_timebank AND s.account_id = p_account
          AND s.version > coalesce(p_after, 0) AND s.version < coalesce(p_before, 2147483647)
          AND (p_from IS NULL OR s.performed_on >= p_from) AND (p_to IS NULL OR s.performed_on <= p_to)
        ORDER BY s.version DESC
        LIMIT p_limit)
    ) e
   ORDER BY CASE WHEN p_oldest_first THEN e.version ELSE -e.version END;
END $$;
--> statement-breakpoint
-- Totals by kind of account. The sums of balances, and of holds in and out, are equal: that is the trial.
CREATE FUNCTION ledger.trial_balance(p_timebank uuid)
RETURNS TABLE (kind text, accounts bigint, debits bigint, credits bigint, balance bigint, held_in bigint, held_out bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT a.kind, count(*), sum(a.debits)::bigint, sum(a.credits)::bigint, sum(a.credits - a.debits)::bigint,
         sum(a.held_in)::bigint, sum(a.held_out)::bigint
    FROM ledger.accounts a
   WHERE a.timebank_id = p_timebank
   GROUP BY a.kind
   ORDER BY a.kind;
END $$;
--> statement-breakpoint
-- Everything that must hold of a timebank's books, in one statement and thus at one instant. No row: the books are sound.
-- It reads the whole journal once for the accounts and once more for what refers to something.
CREATE FUNCTION ledger.verify(p_timebank uuid)
RETURNS TABLE (problem text, account_id integer, transfer_id uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
SET work_mem = '128MB'
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  WITH legs AS (
    SELECT l.account, l.version, l.balance, t.id,
           CASE WHEN t.operation IN (2, 4) THEN 0 ELSE l.sign * t.minutes END AS delta,
           l.sign,
           CASE t.operation WHEN 2 THEN t.minutes WHEN 3 THEN -coalesce(h.minutes, 0) WHEN 4 THEN -t.minutes ELSE 0 END AS held
      FROM ledger.transfers t
      LEFT JOIN ledger.transfers h ON t.operation = 3 AND h.timebank_id = p_timebank AND h.id = t.ref
     CROSS JOIN LATERAL (VALUES
       (t.debit_account, t.debit_version, t.debit_balance, -1),
       (t.credit_account, t.credit_version, t.credit_balance, 1)) l(account, version, balance, sign)
     WHERE t.timebank_id = p_timebank
  ), chained AS (
    SELECT l.*, row_number() OVER w AS nth, lag(l.balance, 1, 0::bigint) OVER w AS before
      FROM legs l WINDOW w AS (PARTITION BY l.account ORDER BY l.version)
  ), journal AS MATERIALIZED (
    SELECT c.account, count(*) AS lines,
           sum(-c.delta) FILTER (WHERE c.sign = -1) AS debits, sum(c.delta) FILTER (WHERE c.sign = 1) AS credits,
           sum(c.held) FILTER (WHERE c.sign = -1) AS held_out, sum(c.held) FILTER (WHERE c.sign = 1) AS held_in,
           count(*) FILTER (WHERE c.version <> c.nth) AS gaps,
           min(c.nth) FILTER (WHERE c.version <> c.nth) AS first_gap,
           (array_agg(c.id ORDER BY c.version) FILTER (WHERE c.version <> c.nth))[1] AS first_gap_id,
           count(*) FILTER (WHERE c.before + c.delta <> c.balance) AS breaks,
           min(c.version) FILTER (WHERE c.before + c.delta <> c.balance) AS first_break,
           (array_agg(c.id ORDER BY c.version) FILTER (WHERE c.before + c.delta <> c.balance))[1] AS first_break_id
      FROM chained c GROUP BY c.account
  )
  SELECT 'version_gap', j.account, j.first_gap_id, format('version %s is missing or double; %s lines are out of place', j.first_gap, j.gaps)
    FROM journal j WHERE j.gaps > 0
  UNION ALL
  SELECT 'balance_chain', j.account, j.first_break_id, format('the balance after version %s does not follow from the one before; %s such lines', j.first_break, j.breaks)
    FROM journal j WHERE j.breaks > 0
  UNION ALL
  SELECT 'missing_account', j.account, NULL, format('%s lines name an account that is not there', j.lines)
    FROM journal j
   WHERE NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = j.account)
  UNION ALL
  SELECT 'account_row', a.id, NULL,
         format('account: version %s, debits %s, credits %s, held out %s, held in %s; journal: %s, %s, %s, %s, %s',
                a.version, a.debits, a.credits, a.held_out, a.held_in,
                coalesce(j.lines, 0), coalesce(j.debits, 0), coalesce(j.credits, 0), coalesce(j.held_out, 0), coalesce(j.held_in, 0))
    FROM ledger.accounts a LEFT JOIN journal j ON j.account = a.id
   WHERE a.timebank_id = p_timebank
     AND (a.version, a.debits, a.credits, a.held_out, a.held_in) IS DISTINCT FROM
         (coalesce(j.lines, 0), coalesce(j.debits, 0), coalesce(j.credits, 0), coalesce(j.held_out, 0), coalesce(j.held_in, 0))
  UNION ALL
  SELECT 'sum_of_balances', NULL, NULL, format('the balances add up to %s', sum(a.credits - a.debits))
    FROM ledger.accounts a WHERE a.timebank_id = p_timebank HAVING sum(a.credits - a.debits) <> 0
  UNION ALL
  SELECT 'sum_of_holds', NULL, NULL, format('held in %s, held out %s', sum(a.held_in), sum(a.held_out))
    FROM ledger.accounts a WHERE a.timebank_id = p_timebank HAVING sum(a.held_in) <> sum(a.held_out)
  UNION ALL
  SELECT 'broken_ref', t.debit_account, t.id,
         CASE WHEN h.id IS NULL THEN 'refers to nothing'
              WHEN h.operation <> ALL (CASE WHEN t.operation = 5 THEN '{1,3}' ELSE '{2}' END::smallint[]) THEN 'refers to an operation of the wrong sort'
              ELSE 'does not fit what it refers to' END
    FROM ledger.transfers t
    LEFT JOIN ledger.transfers h ON h.timebank_id = p_timebank AND h.id = t.ref
   WHERE t.timebank_id = p_timebank AND t.ref IS NOT NULL
     AND (h.id IS NULL
          OR (t.operation = 5 AND (h.operation NOT IN (1, 3) OR t.minutes <> h.minutes
              OR t.debit_account <> h.credit_account OR t.credit_account <> h.debit_account OR t.debit_version <= h.credit_version))
          OR (t.operation <> 5 AND (h.operation <> 2 OR t.minutes > h.minutes OR (t.operation = 4 AND t.minutes <> h.minutes)
              OR t.debit_account <> h.debit_account OR t.credit_account <> h.credit_account OR t.debit_version <= h.debit_version)))
  UNION ALL
  SELECT 'account_numbers', NULL, NULL, format('%s accounts up to number %s, the books expect %s next', x.n, x.last, b.next_account_id)
    FROM (SELECT count(*) AS n, coalesce(max(a.id), 0) AS last FROM ledger.accounts a WHERE a.timebank_id = p_timebank) x
    LEFT JOIN ledger.books b ON b.timebank_id = p_timebank
   WHERE x.n <> x.last OR b.next_account_id IS DISTINCT FROM x.last + 1
  UNION ALL
  SELECT 'limits', a.id, NULL, 'limits or status are not those of the last recorded change'
    FROM ledger.accounts a
    LEFT JOIN (SELECT DISTINCT ON (c.account_id) c.* FROM ledger.limit_changes c
                WHERE c.timebank_id = p_timebank ORDER BY c.account_id, c.version DESC) c ON c.account_id = a.id
   WHERE a.timebank_id = p_timebank
     AND (a.status, a.floor_soft, a.floor_hard, a.ceiling_soft, a.ceiling_hard) IS DISTINCT FROM
         (c.status, c.floor_soft, c.floor_hard, c.ceiling_soft, c.ceiling_hard);
END $$;
--> statement-breakpoint

-- Rights ----------------------------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO commonhours_service;
--> statement-breakpoint
GRANT SELECT ON ledger.entries TO commonhours_service;
