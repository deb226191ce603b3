-- Limits of accounts by hand, groups of exchanges, follow-ups: functions and rights.

-- Until now an account was taken to follow the policy where its limits were those of the policy.
UPDATE ledger.limit_changes c
   SET by_hand = true
  FROM ledger.accounts a
  JOIN (SELECT DISTINCT ON (v.timebank_id) v.timebank_id, v.rules
          FROM timebanks.policies v ORDER BY v.timebank_id, v.version DESC) p ON p.timebank_id = a.timebank_id
 WHERE c.timebank_id = a.timebank_id AND c.account_id = a.id
   AND c.version = (SELECT max(l.version) FROM ledger.limit_changes l WHERE l.timebank_id = a.timebank_id AND l.account_id = a.id)
   AND a.kind IN ('member', 'organisation')
   AND (a.floor_soft, a.floor_hard, a.ceiling_soft, a.ceiling_hard) IS DISTINCT FROM
       ((p.rules ->> (a.kind || 'FloorSoft'))::bigint, (p.rules ->> (a.kind || 'FloorHard'))::bigint,
        -- organisations have no ceilings by policy
        (p.rules ->> (a.kind || 'CeilingSoft'))::bigint, (p.rules ->> (a.kind || 'CeilingHard'))::bigint);
--> statement-breakpoint
DROP FUNCTION ledger.open_accounts(uuid, uuid, text, text[], bigint[], bigint[], bigint[], bigint[]);
--> statement-breakpoint
-- Opens accounts with consecutive ids and answers the first. The row of the books stays locked until the transaction ends,
-- so that a rolled-back opening leaves no gap. p_by_hand: whose limits are their own; left out: none.
CREATE FUNCTION ledger.open_accounts(
  p_timebank uuid, p_actor uuid, p_why text, p_kind text[],
  p_floor_soft bigint[], p_floor_hard bigint[], p_ceiling_soft bigint[], p_ceiling_hard bigint[], p_by_hand boolean[] DEFAULT NULL
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
     OR cardinality(p_ceiling_soft) <> n OR cardinality(p_ceiling_hard) <> n OR cardinality(p_by_hand) <> n THEN
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

  INSERT INTO ledger.limit_changes (
    timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, by_hand, actor, why)
  SELECT p_timebank, first_id + q.i::integer - 1, 1, 'open', q.floor_soft, q.floor_hard, q.ceiling_soft, q.ceiling_hard,
         coalesce(p_by_hand[q.i], false), p_actor, p_why
    FROM unnest(p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard)
         WITH ORDINALITY q(floor_soft, floor_hard, ceiling_soft, ceiling_hard, i);
  RETURN first_id;
END $$;
--> statement-breakpoint
DROP FUNCTION ledger.set_limits(uuid, uuid, text, integer, bigint, bigint, bigint, bigint);
--> statement-breakpoint
-- Limits hold for what is posted from now on. A balance that lies outside the new ones stays as it is.
-- Answers the number of the change; null: there is no such account; 0: its last change is not the expected one.
CREATE FUNCTION ledger.set_limits(
  p_timebank uuid, p_actor uuid, p_why text, p_account integer,
  p_floor_soft bigint, p_floor_hard bigint, p_ceiling_soft bigint, p_ceiling_hard bigint,
  p_by_hand boolean DEFAULT true, p_expected integer DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  last record;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  -- the lock on the account keeps the numbers of changes apart; the last one is read after it
  PERFORM FROM ledger.accounts a WHERE a.timebank_id = p_timebank AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT c.version, c.status INTO STRICT last
    FROM ledger.limit_changes c
   WHERE c.timebank_id = p_timebank AND c.account_id = p_account
   ORDER BY c.version DESC
   LIMIT 1;
  IF p_expected <> last.version THEN
    RETURN 0;
  END IF;
  UPDATE ledger.accounts a
     SET floor_soft = p_floor_soft, floor_hard = p_floor_hard, ceiling_soft = p_ceiling_soft, ceiling_hard = p_ceiling_hard
   WHERE a.timebank_id = p_timebank AND a.id = p_account;
  INSERT INTO ledger.limit_changes (
    timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, by_hand, actor, why)
  VALUES (p_timebank, p_account, last.version + 1, last.status,
          p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard, p_by_hand, p_actor, p_why);
  RETURN last.version + 1;
END $$;
--> statement-breakpoint
DROP FUNCTION ledger.follow_limits(uuid, uuid, text, text, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint);
--> statement-breakpoint
-- Gives accounts the limits that are theirs by rule: one row of the arrays for each. Those that have them already are not
-- touched; closed ones, and those whose limits were set by hand, keep what they have. Answers how many there were.
CREATE FUNCTION ledger.follow_limits(
  p_timebank uuid, p_actor uuid, p_why text, p_accounts integer[],
  p_floor_soft bigint[], p_floor_hard bigint[], p_ceiling_soft bigint[], p_ceiling_hard bigint[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
  changed integer;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  -- in the order of their numbers, as postings lock them
  PERFORM FROM ledger.accounts a
    JOIN unnest(p_accounts, p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard)
         w(account, floor_soft, floor_hard, ceiling_soft, ceiling_hard) ON w.account = a.id
   WHERE a.timebank_id = p_timebank AND a.status <> 'closed'
     AND (a.floor_soft, a.floor_hard, a.ceiling_soft, a.ceiling_hard)
         IS DISTINCT FROM (w.floor_soft, w.floor_hard, w.ceiling_soft, w.ceiling_hard)
   ORDER BY a.id
     FOR NO KEY UPDATE OF a;
  -- a statement of its own sees what was set by hand while we waited for the locks
  WITH due AS (
    SELECT a.id, c.version + 1 AS version, a.status, w.floor_soft, w.floor_hard, w.ceiling_soft, w.ceiling_hard
      FROM unnest(p_accounts, p_floor_soft, p_floor_hard, p_ceiling_soft, p_ceiling_hard)
           w(account, floor_soft, floor_hard, ceiling_soft, ceiling_hard)
      JOIN ledger.accounts a ON a.timebank_id = p_timebank AND a.id = w.account
     CROSS JOIN LATERAL (
       SELECT l.version, l.by_hand FROM ledger.limit_changes l
        WHERE l.timebank_id = p_timebank AND l.account_id = a.id
        ORDER BY l.version DESC LIMIT 1) c
     WHERE NOT c.by_hand AND a.status <> 'closed'
       AND (a.floor_soft, a.floor_hard, a.ceiling_soft, a.ceiling_hard)
           IS DISTINCT FROM (w.floor_soft, w.floor_hard, w.ceiling_soft, w.ceiling_hard)
  ), updated AS (
    UPDATE ledger.accounts a
       SET floor_soft = d.floor_soft, floor_hard = d.floor_hard, ceiling_soft = d.ceiling_soft, ceiling_hard = d.ceiling_hard
      FROM due d
     WHERE a.timebank_id = p_timebank AND a.id = d.id
  )
  INSERT INTO ledger.limit_changes (timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, actor, why)
  SELECT p_timebank, d.id, d.version, d.status, d.floor_soft, d.floor_hard, d.ceiling_soft, d.ceiling_hard, p_actor, p_why
    FROM due d;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;
--> statement-breakpoint
-- open, frozen or closed. An account is closed empty only: nobody could move the hours in it.
-- Codes: 0 done (also where it was so before), 10 unknown account, 21 not empty.
CREATE OR REPLACE FUNCTION ledger.set_status(p_timebank uuid, p_actor uuid, p_why text, p_account integer, p_status text) RETURNS smallint
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
  INSERT INTO ledger.limit_changes (
    timebank_id, account_id, version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, by_hand, actor, why)
  SELECT p_timebank, p_account, c.version + 1, p_status, c.floor_soft, c.floor_hard, c.ceiling_soft, c.ceiling_hard, c.by_hand, p_actor, p_why
    FROM ledger.limit_changes c
   WHERE c.timebank_id = p_timebank AND c.account_id = p_account
   ORDER BY c.version DESC
   LIMIT 1;
  RETURN 0;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION
  ledger.open_accounts(uuid, uuid, text, text[], bigint[], bigint[], bigint[], bigint[], boolean[]),
  ledger.set_limits(uuid, uuid, text, integer, bigint, bigint, bigint, bigint, boolean, integer),
  ledger.follow_limits(uuid, uuid, text, integer[], bigint[], bigint[], bigint[], bigint[])
FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION
  ledger.open_accounts(uuid, uuid, text, text[], bigint[], bigint[], bigint[], bigint[], boolean[]),
  ledger.set_limits(uuid, uuid, text, integer, bigint, bigint, bigint, bigint, boolean, integer),
  ledger.follow_limits(uuid, uuid, text, integer[], bigint[], bigint[], bigint[], bigint[])
TO commonhours_service;
--> statement-breakpoint
-- Closes what is open of an account and one of its soft limits, and answers the transfers that had crossed it. Of two at once
-- the second finds nothing.
CREATE FUNCTION ledger.close_crossings(p_timebank uuid, p_account integer, p_which text) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  UPDATE ledger.limit_crossings c SET closed_at = clock_timestamp()
   WHERE c.timebank_id = p_timebank AND c.account_id = p_account AND c.which = p_which AND c.closed_at IS NULL
  RETURNING c.transfer_id;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION ledger.close_crossings(uuid, integer, text) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.close_crossings(uuid, integer, text) TO commonhours_service;
--> statement-breakpoint
SELECT platform.protect('exchanges.groups');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON exchanges.groups TO commonhours_service;
--> statement-breakpoint
SELECT platform.protect('follow_ups.outcomes');
--> statement-breakpoint
GRANT USAGE ON SCHEMA follow_ups TO commonhours_service;
--> statement-breakpoint
-- What came of a follow-up is not rewritten; the words about a person can be blanked.
GRANT SELECT, INSERT, UPDATE (note) ON follow_ups.outcomes TO commonhours_service;
