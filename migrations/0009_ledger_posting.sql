-- Posting once more, with what it has learnt: through what and on whose behalf a step came, holds that end by themselves, soft
-- limits that leave a follow-up, and refusals that are kept under their id.
-- The two sides of every transfer, one row for each account. delta: what it does to the balance.
CREATE VIEW ledger.entries WITH (security_invoker = true) AS
SELECT t.timebank_id, t.debit_account AS account_id, t.debit_version AS version, t.id AS transfer_id, 'debit' AS side,
       t.operation, t.kind, t.performed_on, t.recorded_at, t.credit_account AS counter_account, t.minutes::integer AS minutes,
       CASE WHEN t.operation IN (2, 4) THEN 0 ELSE -t.minutes END AS delta, t.debit_balance AS balance, t.ref, t.group_id
  FROM ledger.transfers t
UNION ALL
SELECT t.timebank_id, t.credit_account, t.credit_version, t.id, 'credit',
       t.operation, t.kind, t.performed_on, t.recorded_at, t.debit_account, t.minutes::integer,
       CASE WHEN t.operation IN (2, 4) THEN 0 ELSE t.minutes END, t.credit_balance, t.ref, t.group_id
  FROM ledger.transfers t;
--> statement-breakpoint
GRANT SELECT ON ledger.entries TO commonhours_service;
--> statement-breakpoint
-- Totals by kind of account. The sums of balances, and of holds in and out, are equal: that is the trial.
CREATE OR REPLACE FUNCTION ledger.trial_balance(p_timebank uuid)
RETURNS TABLE (kind text, accounts bigint, debits bigint, credits bigint, balance bigint, held_in bigint, held_out bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT a.kind::text, count(*), sum(a.debits)::bigint, sum(a.credits)::bigint, sum(a.credits - a.debits)::bigint,
         sum(a.held_in)::bigint, sum(a.held_out)::bigint
    FROM ledger.accounts a
   WHERE a.timebank_id = p_timebank
   GROUP BY a.kind
   ORDER BY a.kind;
END $$;
--> statement-breakpoint
-- Rows are only ever added, and in each account's range at its end: no room needs to be left in the pages of these.
ALTER INDEX ledger.transfers_timebank_id_id_pk SET (fillfactor = 100);
--> statement-breakpoint
ALTER INDEX ledger.transfers_debit SET (fillfactor = 100);
--> statement-breakpoint
ALTER INDEX ledger.transfers_credit SET (fillfactor = 100);
--> statement-breakpoint
SELECT platform.protect('ledger.refusals');
--> statement-breakpoint
SELECT platform.protect('ledger.limit_crossings');
--> statement-breakpoint
SELECT platform.protect('ledger.hold_expiries');
--> statement-breakpoint
GRANT SELECT ON ledger.refusals, ledger.limit_crossings, ledger.hold_expiries TO commonhours_service;
--> statement-breakpoint
DROP FUNCTION ledger.post_one(uuid, uuid, uuid, smallint, integer, integer, integer, smallint, date, uuid, uuid, bigint, boolean);
--> statement-breakpoint
DROP FUNCTION ledger.post_many(uuid[], uuid[], uuid[], smallint[], integer[], integer[], integer[], smallint[], date[], uuid[], uuid[], bigint[], boolean[], boolean);
--> statement-breakpoint
-- Both are planned once per connection: planning the statements of a small batch anew took longer than running them.

-- One operation. The order of refusals is part of the contract, and that of post_many is the same (a model test compares them):
-- the id's own past (1, 2) before all others, then shape (14), ref (15, 14, 16, 17), accounts (10, 11), limits (12, 13).
-- settle, release and reverse name no accounts: they take them from what they refer to.
-- p_keep: a refusal is kept under the id, and the same request again gets it again (flag 8), whatever has changed since.
-- A transaction that has a timebank may post for that one only; the queue calls outside of any.
CREATE FUNCTION ledger.post_one(
  p_timebank uuid, p_actor uuid, p_id uuid, p_operation smallint, p_debit integer, p_credit integer, p_minutes integer,
  p_kind smallint, p_performed_on date, p_ref uuid, p_group uuid, p_fingerprint bigint, p_force boolean,
  p_source smallint, p_on_behalf_of uuid, p_expires_at timestamptz, p_keep boolean,
  OUT code smallint, OUT debit_account integer, OUT credit_account integer, OUT minutes integer,
  OUT debit_balance bigint, OUT credit_balance bigint, OUT flags smallint,
  OUT refused_account integer, OUT refused_balance bigint, OUT refused_held bigint, OUT refused_limit bigint,
  OUT performed_on date, OUT recorded_at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  own_timebank text := current_setting('commonhours.timebank', true);
  -- what is referred to
  r record;
  -- the accounts: debtor, creditor, and the one just read
  d record;
  c record;
  x record;
  found_accounts integer := 0;
  known boolean := false;
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
  IF own_timebank <> '' AND p_timebank IS DISTINCT FROM own_timebank::uuid THEN
    RAISE EXCEPTION 'the transaction belongs to another timebank' USING ERRCODE = '42501';
  END IF;
  code := 0;
  flags := 0;
  debit_account := p_debit;
  credit_account := p_credit;
  minutes := p_minutes;
  performed_on := p_performed_on;

  -- 1. shape; what is referred to never changes, so that it can be read before anything is locked
  IF p_timebank IS NULL OR p_id IS NULL OR p_fingerprint IS NULL OR p_performed_on IS NULL OR p_force IS NULL OR p_source IS NULL
     OR p_operation IS NULL OR p_operation NOT BETWEEN 1 AND 5 OR (p_expires_at IS NOT NULL AND p_operation <> 2) THEN
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
    -- only now is certain what was kept: who refused the same id before us held these locks
    known := p_keep AND code = 0 AND EXISTS (SELECT FROM ledger.refusals k WHERE k.timebank_id = p_timebank AND k.id = p_id);
  END IF;

  IF code = 0 AND NOT known THEN
    IF d_before >= d.floor_soft AND d_after < d.floor_soft THEN flags := flags | 1::smallint; END IF;
    IF c_before <= c.ceiling_soft AND c_after > c.ceiling_soft THEN flags := flags | 2::smallint; END IF;
    debit_balance := d.balance - moved;
    credit_balance := c.balance + moved;

    recorded_at := clock_timestamp();

    -- 4. write. The primary key guards the id against a posting between other accounts, which our locks do not keep away.
    -- The time is taken now, after the locks: it never contradicts the order of versions.
    INSERT INTO ledger.transfers (
      timebank_id, id, recorded_at, actor, fingerprint, debit_balance, credit_balance, debit_account, credit_account,
      debit_version, credit_version, minutes, performed_on, operation, kind, flags, ref, group_id, source, on_behalf_of)
    VALUES (
      p_timebank, p_id, post_one.recorded_at, p_actor, p_fingerprint, post_one.debit_balance, post_one.credit_balance,
      post_one.debit_account, post_one.credit_account, d.version + 1, c.version + 1, post_one.minutes,
      p_performed_on, p_operation, posted_kind, post_one.flags, p_ref, p_group, p_source, p_on_behalf_of)
    ON CONFLICT (timebank_id, id) DO NOTHING;
    IF FOUND THEN
      UPDATE ledger.accounts a
         SET debits   = a.debits   + CASE WHEN a.id = d.id THEN moved ELSE 0 END,
             credits  = a.credits  + CASE WHEN a.id = c.id THEN moved ELSE 0 END,
             held_out = a.held_out + CASE WHEN a.id = d.id THEN held ELSE 0 END,
             held_in  = a.held_in  + CASE WHEN a.id = c.id THEN held ELSE 0 END,
             version  = a.version + 1
       WHERE a.timebank_id = p_timebank AND a.id IN (d.id, c.id);
      IF flags & 1 <> 0 THEN
        INSERT INTO ledger.limit_crossings (timebank_id, transfer_id, which, account_id, limit_minutes, balance, crossed_at)
        VALUES (p_timebank, p_id, 'floor', d.id, d.floor_soft, post_one.debit_balance, post_one.recorded_at);
      END IF;
      IF flags & 2 <> 0 THEN
        INSERT INTO ledger.limit_crossings (timebank_id, transfer_id, which, account_id, limit_minutes, balance, crossed_at)
        VALUES (p_timebank, p_id, 'ceiling', c.id, c.ceiling_soft, post_one.credit_balance, post_one.recorded_at);
      END IF;
      IF p_expires_at IS NOT NULL THEN
        INSERT INTO ledger.hold_expiries (timebank_id, hold_id, expires_at) VALUES (p_timebank, p_id, p_expires_at);
      ELSIF p_operation IN (3, 4) THEN
        DELETE FROM ledger.hold_expiries h WHERE h.timebank_id = p_timebank AND h.hold_id = p_ref;
      END IF;
      RETURN;
    END IF;
  END IF;

  -- 5. the id's own past comes before every refusal: a repeat gets the first answer, also where a limit would refuse it now
  SELECT t.fingerprint, t.debit_account, t.credit_account, t.minutes, t.debit_balance, t.credit_balance, t.flags,
         t.performed_on, t.recorded_at INTO x
    FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = p_id;
  known := FOUND;
  IF known AND x.fingerprint = p_fingerprint THEN
    SELECT 1, x.debit_account, x.credit_account, x.minutes, x.debit_balance, x.credit_balance, x.flags,
           NULL, NULL, NULL, NULL, x.performed_on, x.recorded_at
      INTO code, debit_account, credit_account, minutes, debit_balance, credit_balance, flags,
           refused_account, refused_balance, refused_held, refused_limit, performed_on, recorded_at;
    RETURN;
  END IF;
  debit_balance := NULL;
  credit_balance := NULL;
  recorded_at := NULL;
  flags := 0;
  IF p_keep THEN
    IF NOT known AND code <> 0 AND p_id IS NOT NULL AND p_fingerprint IS NOT NULL AND p_timebank IS NOT NULL
       AND NOT EXISTS (SELECT FROM ledger.refusals k WHERE k.timebank_id = p_timebank AND k.id = p_id) THEN
      INSERT INTO ledger.refusals (
        timebank_id, id, fingerprint, code, debit_account, credit_account, minutes,
        refused_account, refused_balance, refused_held, refused_limit, refused_at)
      VALUES (
        p_timebank, p_id, p_fingerprint, post_one.code, post_one.debit_account, post_one.credit_account, post_one.minutes,
        post_one.refused_account, post_one.refused_balance, post_one.refused_held, post_one.refused_limit, clock_timestamp())
      ON CONFLICT DO NOTHING;
      IF FOUND THEN
        RETURN;
      END IF;
    END IF;
    SELECT k.* INTO x FROM ledger.refusals k
     WHERE k.timebank_id = p_timebank AND k.id = p_id ORDER BY k.fingerprint = p_fingerprint DESC LIMIT 1;
    IF FOUND THEN
      known := true;
      IF x.fingerprint = p_fingerprint THEN
        SELECT x.code, x.debit_account, x.credit_account, x.minutes, 8,
               x.refused_account, x.refused_balance, x.refused_held, x.refused_limit
          INTO code, debit_account, credit_account, minutes, flags,
               refused_account, refused_balance, refused_held, refused_limit;
        RETURN;
      END IF;
    END IF;
  END IF;
  IF code = 0 AND NOT known THEN
    -- a kept refusal stood in the way and was forgotten since: the next try meets neither
    RAISE EXCEPTION 'the refusal was forgotten meanwhile' USING ERRCODE = '40001';
  END IF;
  IF known THEN
    code := 2;
    refused_account := NULL;
    refused_balance := NULL;
    refused_held := NULL;
    refused_limit := NULL;
  END IF;
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
  p_source smallint[], p_on_behalf_of uuid[], p_expires_at timestamptz[], p_together boolean, p_keep boolean
) RETURNS TABLE (
  code smallint, debit_account integer, credit_account integer, minutes integer,
  debit_balance bigint, credit_balance bigint, flags smallint,
  refused_account integer, refused_balance bigint, refused_held bigint, refused_limit bigint,
  performed_on date, recorded_at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
SET plan_cache_mode = force_generic_plan
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
  crossed boolean := false;
  now_recorded timestamptz;
  service_dates date[];
  recorded timestamptz[];
BEGIN
  IF n NOT BETWEEN 1 AND 1000 OR cardinality(p_timebank) <> n OR cardinality(p_actor) <> n OR cardinality(p_operation) <> n
     OR cardinality(p_debit) <> n OR cardinality(p_credit) <> n OR cardinality(p_minutes) <> n OR cardinality(p_kind) <> n
     OR cardinality(p_performed_on) <> n OR cardinality(p_ref) <> n OR cardinality(p_group) <> n
     OR cardinality(p_fingerprint) <> n OR cardinality(p_force) <> n OR cardinality(p_source) <> n
     OR cardinality(p_on_behalf_of) <> n OR cardinality(p_expires_at) <> n OR p_together IS NULL OR p_keep IS NULL THEN
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
                        OR q.source IS NULL OR q.operation IS NULL OR q.operation NOT BETWEEN 1 AND 5
                        OR (q.expires_at IS NOT NULL AND q.operation <> 2) THEN 14
                   WHEN q.operation <= 2 THEN
                     CASE WHEN q.ref IS NOT NULL OR q.kind IS NULL OR q.minutes IS NULL OR q.minutes <= 0
                               OR q.debit IS NULL OR q.credit IS NULL OR q.debit = q.credit THEN 14 ELSE 0 END
                   WHEN q.ref IS NULL OR q.debit IS NOT NULL OR q.credit IS NOT NULL OR q.minutes <= 0
                        OR (q.operation > 3 AND q.minutes IS NOT NULL) THEN 14
                   WHEN t.operation IS NULL THEN 15
                   WHEN (q.operation IN (3, 4) AND t.operation <> 2) OR (q.operation = 5 AND t.operation NOT IN (1, 3)) THEN 14
                   ELSE 0
                 END::smallint AS code
            FROM unnest(p_timebank, p_id, p_operation, p_debit, p_credit, p_minutes, p_kind, p_performed_on, p_ref, p_fingerprint,
                        p_force, p_source, p_expires_at)
                 WITH ORDINALITY q(timebank, id, operation, debit, credit, minutes, kind, performed_on, ref, fingerprint, force,
                                   source, expires_at, i)
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
         array_agg(s.refused_account), array_agg(s.refused_balance), array_agg(s.refused_held), array_agg(s.refused_limit),
         array_agg(s.performed_on), array_agg(s.recorded_at), array_agg(NULL::integer)
    INTO codes, debtor_at, creditor_at, resolved, debtors, creditors, amounts, debtor_balances, creditor_balances, marks,
         refused_accounts, refused_balances, refused_holds, refused_limits, service_dates, recorded, debtor_versions
    FROM (
      SELECT q.code, q.debtor_at, q.creditor_at,
             q.ref IS NOT NULL AND EXISTS (
               SELECT FROM ledger.transfers u WHERE u.timebank_id = q.timebank AND u.ref = q.ref) AS resolved,
             CASE WHEN q.known THEN q.first_debtor ELSE q.debtor END AS debtor,
             CASE WHEN q.known THEN q.first_creditor ELSE q.creditor END AS creditor,
             CASE WHEN q.known THEN q.first_minutes ELSE q.minutes END AS minutes,
             CASE WHEN q.code = 1 THEN q.debit_balance END AS debit_balance,
             CASE WHEN q.code = 1 THEN q.credit_balance END AS credit_balance,
             CASE WHEN q.code = 1 THEN q.flags WHEN q.known THEN 8::smallint ELSE 0::smallint END AS flags,
             CASE WHEN q.known AND q.code <> 1 THEN q.refused_account END AS refused_account,
             CASE WHEN q.known AND q.code <> 1 THEN q.refused_balance END AS refused_balance,
             CASE WHEN q.known AND q.code <> 1 THEN q.refused_held END AS refused_held,
             CASE WHEN q.known AND q.code <> 1 THEN q.refused_limit END AS refused_limit,
             CASE WHEN q.code = 1 THEN q.first_performed_on ELSE q.performed_on END AS performed_on,
             CASE WHEN q.code = 1 THEN q.first_recorded_at END AS recorded_at
        FROM (
          SELECT q.i, q.timebank, q.ref, q.debtor, q.creditor, q.minutes, q.performed_on,
                 da.place::integer AS debtor_at, ca.place::integer AS creditor_at,
                 q.code, q.first_debtor, q.first_creditor, q.first_minutes, q.debit_balance, q.credit_balance, q.flags,
                 q.first_performed_on, q.first_recorded_at,
                 q.refused_account, q.refused_balance, q.refused_held, q.refused_limit, q.known
            FROM (
              SELECT q.i, q.timebank, q.ref, q.debtor, q.creditor, q.minutes, q.performed_on,
                     CASE
                       WHEN (q.id IS NOT NULL AND q.id_seen > 1) OR (q.ref IS NOT NULL AND q.ref_seen > 1) THEN 18
                       WHEN t.fingerprint = q.fingerprint THEN 1
                       WHEN k.fingerprint = q.fingerprint THEN k.code
                       WHEN t.fingerprint IS NOT NULL OR k.fingerprint IS NOT NULL THEN 2
                       ELSE q.code
                     END::smallint AS code,
                     NOT ((q.id IS NOT NULL AND q.id_seen > 1) OR (q.ref IS NOT NULL AND q.ref_seen > 1))
                       AND coalesce(t.fingerprint = q.fingerprint OR k.fingerprint = q.fingerprint, false) AS known,
                     CASE WHEN t.fingerprint = q.fingerprint THEN t.debit_account ELSE k.debit_account END AS first_debtor,
                     CASE WHEN t.fingerprint = q.fingerprint THEN t.credit_account ELSE k.credit_account END AS first_creditor,
                     CASE WHEN t.fingerprint = q.fingerprint THEN t.minutes ELSE k.minutes END AS first_minutes,
                     t.debit_balance, t.credit_balance, t.flags, t.performed_on AS first_performed_on, t.recorded_at AS first_recorded_at,
                     k.refused_account, k.refused_balance, k.refused_held, k.refused_limit
                FROM (
                  SELECT u.*, row_number() OVER (PARTITION BY u.timebank, u.id ORDER BY u.i) AS id_seen,
                         row_number() OVER (PARTITION BY u.timebank, u.ref ORDER BY u.i) AS ref_seen
                    FROM unnest(p_timebank, p_id, p_ref, p_fingerprint, codes, debtors, creditors, amounts, p_performed_on)
                         WITH ORDINALITY u(timebank, id, ref, fingerprint, code, debtor, creditor, minutes, performed_on, i)
                ) q
                LEFT JOIN LATERAL (
                  SELECT t.* FROM ledger.transfers t WHERE t.timebank_id = q.timebank AND t.id = q.id LIMIT 1) t ON true
                LEFT JOIN LATERAL (
                  SELECT k.* FROM ledger.refusals k
                   WHERE p_keep AND k.timebank_id = q.timebank AND k.id = q.id
                   ORDER BY k.fingerprint = q.fingerprint DESC LIMIT 1) k ON true
            ) q
            LEFT JOIN unnest(timebanks, accounts) WITH ORDINALITY da(timebank, account, place)
              ON da.timebank = q.timebank AND da.account = q.debtor
            LEFT JOIN unnest(timebanks, accounts) WITH ORDINALITY ca(timebank, account, place)
              ON ca.timebank = q.timebank AND ca.account = q.creditor
        ) q
       ORDER BY q.i
    ) s;
  creditor_versions := debtor_versions;

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
        crossed := crossed OR mark & 3 <> 0;
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
    now_recorded := clock_timestamp();
    INSERT INTO ledger.transfers (
      timebank_id, id, recorded_at, actor, fingerprint, debit_balance, credit_balance, debit_account, credit_account,
      debit_version, credit_version, minutes, performed_on, operation, kind, flags, ref, group_id, source, on_behalf_of)
    SELECT q.timebank, q.id, now_recorded, q.actor, q.fingerprint, q.debtor_balance, q.creditor_balance, q.debtor, q.creditor,
           q.debtor_version, q.creditor_version, q.minutes, q.performed_on, q.operation, q.kind, q.mark, q.ref, q.group_id,
           q.source, q.on_behalf_of
      FROM unnest(p_timebank, p_id, p_actor, p_fingerprint, debtor_balances, creditor_balances, debtors, creditors,
                  debtor_versions, creditor_versions, amounts, p_performed_on, p_operation, kinds, marks, p_ref, p_group, codes,
                  p_source, p_on_behalf_of)
           q(timebank, id, actor, fingerprint, debtor_balance, creditor_balance, debtor, creditor,
             debtor_version, creditor_version, minutes, performed_on, operation, kind, mark, ref, group_id, code,
             source, on_behalf_of)
     WHERE q.code = 0;
    -- the rows are locked: what was read still stands
    UPDATE ledger.accounts a
       SET debits = u.debits, credits = u.credits, held_out = u.held_out, held_in = u.held_in, version = u.version
      FROM unnest(timebanks, accounts, all_debits, all_credits, all_held_out, all_held_in, versions, versions_before)
           u(timebank, account, debits, credits, held_out, held_in, version, version_before)
     WHERE a.timebank_id = u.timebank AND a.id = u.account AND u.version > u.version_before;
    IF crossed THEN
      INSERT INTO ledger.limit_crossings (timebank_id, transfer_id, which, account_id, limit_minutes, balance, crossed_at)
      SELECT q.timebank, q.id, 'floor', q.debtor, soft_floors[q.debtor_at], q.debtor_balance, now_recorded
        FROM unnest(p_timebank, p_id, codes, marks, debtors, debtor_at, debtor_balances)
             q(timebank, id, code, mark, debtor, debtor_at, debtor_balance)
       WHERE q.code = 0 AND q.mark & 1 <> 0
      UNION ALL
      SELECT q.timebank, q.id, 'ceiling', q.creditor, soft_ceilings[q.creditor_at], q.creditor_balance, now_recorded
        FROM unnest(p_timebank, p_id, codes, marks, creditors, creditor_at, creditor_balances)
             q(timebank, id, code, mark, creditor, creditor_at, creditor_balance)
       WHERE q.code = 0 AND q.mark & 2 <> 0;
    END IF;
    IF 2 = ANY (p_operation) THEN
      INSERT INTO ledger.hold_expiries (timebank_id, hold_id, expires_at)
      SELECT q.timebank, q.id, q.expires_at
        FROM unnest(p_timebank, p_id, codes, p_expires_at) q(timebank, id, code, expires_at)
       WHERE q.code = 0 AND q.expires_at IS NOT NULL;
    END IF;
    IF 3 = ANY (p_operation) OR 4 = ANY (p_operation) THEN
      DELETE FROM ledger.hold_expiries h
       USING unnest(p_timebank, p_ref, codes, p_operation) q(timebank, ref, code, operation)
       WHERE q.code = 0 AND q.operation IN (3, 4) AND h.timebank_id = q.timebank AND h.hold_id = q.ref;
    END IF;
  END IF;
  IF p_keep THEN
    -- one refused at this very moment by somebody else is a unique violation, and found when the call is tried again
    INSERT INTO ledger.refusals (
      timebank_id, id, fingerprint, code, debit_account, credit_account, minutes,
      refused_account, refused_balance, refused_held, refused_limit, refused_at)
    SELECT q.timebank, q.id, q.fingerprint, q.code, q.debtor, q.creditor, q.minutes,
           q.refused_account, q.refused_balance, q.refused_held, q.refused_limit, clock_timestamp()
      FROM unnest(p_timebank, p_id, p_fingerprint, codes, marks, debtors, creditors, amounts,
                  refused_accounts, refused_balances, refused_holds, refused_limits)
           q(timebank, id, fingerprint, code, mark, debtor, creditor, minutes,
             refused_account, refused_balance, refused_held, refused_limit)
     WHERE q.code BETWEEN 10 AND 17 AND q.mark & 8 = 0
       AND q.timebank IS NOT NULL AND q.id IS NOT NULL AND q.fingerprint IS NOT NULL;
  END IF;

  RETURN QUERY
  SELECT q.code, q.debtor, q.creditor, q.minutes, q.debtor_balance, q.creditor_balance, q.mark,
         q.refused_account, q.refused_balance, q.refused_held, q.refused_limit, q.performed_on,
         CASE WHEN q.code = 0 THEN now_recorded ELSE q.recorded END
    FROM unnest(codes, debtors, creditors, amounts, debtor_balances, creditor_balances, marks,
                refused_accounts, refused_balances, refused_holds, refused_limits, service_dates, recorded)
         q(code, debtor, creditor, minutes, debtor_balance, creditor_balance, mark,
           refused_account, refused_balance, refused_held, refused_limit, performed_on, recorded);
END $$;
--> statement-breakpoint
-- Refusals are kept as long as other answers under an Idempotency-Key. Answers how many went.
CREATE FUNCTION ledger.forget_refusals(p_timebank uuid, p_before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  gone integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  DELETE FROM ledger.refusals k WHERE k.timebank_id = p_timebank AND k.refused_at < p_before;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION ledger.forget_refusals(uuid, timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.forget_refusals(uuid, timestamptz) TO commonhours_service;
--> statement-breakpoint
REVOKE ALL ON FUNCTION ledger.post_one(uuid, uuid, uuid, smallint, integer, integer, integer, smallint, date, uuid, uuid, bigint, boolean, smallint, uuid, timestamptz, boolean) FROM PUBLIC;
--> statement-breakpoint
REVOKE ALL ON FUNCTION ledger.post_many(uuid[], uuid[], uuid[], smallint[], integer[], integer[], integer[], smallint[], date[], uuid[], uuid[], bigint[], boolean[], smallint[], uuid[], timestamptz[], boolean, boolean) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.post_one(uuid, uuid, uuid, smallint, integer, integer, integer, smallint, date, uuid, uuid, bigint, boolean, smallint, uuid, timestamptz, boolean) TO commonhours_service;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.post_many(uuid[], uuid[], uuid[], smallint[], integer[], integer[], integer[], smallint[], date[], uuid[], uuid[], bigint[], boolean[], smallint[], uuid[], timestamptz[], boolean, boolean) TO commonhours_service;
--> statement-breakpoint
-- Which accounts of postings are locked by somebody else at this moment. The queue asks when a batch has waited too long for a
-- lock: whom it concerns waits aside then, and the others are posted. What is free is locked for this statement only.
CREATE FUNCTION ledger.locked_accounts(p_timebank uuid[], p_debit integer[], p_credit integer[], p_ref uuid[])
RETURNS TABLE (place integer, account integer)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  WITH named AS MATERIALIZED (
    SELECT DISTINCT q.i::integer AS place, q.timebank, v.account
      FROM unnest(p_timebank, p_debit, p_credit, p_ref) WITH ORDINALITY q(timebank, debit, credit, ref, i)
      LEFT JOIN LATERAL (
        SELECT t.debit_account, t.credit_account
          FROM ledger.transfers t WHERE t.timebank_id = q.timebank AND t.id = q.ref LIMIT 1) t ON true,
           LATERAL (VALUES (coalesce(q.debit, t.debit_account)), (coalesce(q.credit, t.credit_account))) v(account)
     WHERE v.account IS NOT NULL
  ),
  free AS MATERIALIZED (
    SELECT a.timebank_id, a.id
      FROM ledger.accounts a
      JOIN (SELECT DISTINCT n.timebank, n.account FROM named n) k ON a.timebank_id = k.timebank AND a.id = k.account
       FOR NO KEY UPDATE OF a SKIP LOCKED
  )
  SELECT n.place, n.account
    FROM named n
   WHERE EXISTS (SELECT FROM ledger.accounts a WHERE a.timebank_id = n.timebank AND a.id = n.account)
     AND NOT EXISTS (SELECT FROM free f WHERE f.timebank_id = n.timebank AND f.id = n.account)
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION ledger.locked_accounts(uuid[], integer[], integer[], uuid[]) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.locked_accounts(uuid[], integer[], integer[], uuid[]) TO commonhours_service;
