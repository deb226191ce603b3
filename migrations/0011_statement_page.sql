-- Lines of one account between two versions (both excluded), newest first or oldest first: two index scans, merged, which begin
-- where the page begins, however deep it lies. The bounds are variables: row-level security keeps what `coalesce` makes out of
-- an index condition. One plan for all: to plan the statement costs ten times what it takes to run it.
-- held_minutes: set aside (positive) or let go (negative) by the line.
CREATE OR REPLACE FUNCTION ledger.statement(
  p_timebank uuid, p_account integer, p_after integer, p_before integer, p_from date, p_to date, p_oldest_first boolean, p_limit integer
) RETURNS TABLE (
  version integer, transfer_id uuid, operation smallint, kind smallint, performed_on date, recorded_at timestamptz,
  counter_account integer, minutes integer, held_minutes integer, balance bigint, ref uuid, group_id uuid
)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path = pg_catalog
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  v_above integer := coalesce(p_after, 0);
  v_below integer := coalesce(p_before, 2147483647);
  v_from date := coalesce(p_from, '-infinity');
  v_to date := coalesce(p_to, 'infinity');
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  IF p_oldest_first THEN
    RETURN QUERY
    SELECT e.version, e.transfer_id, e.operation, e.kind, e.performed_on, e.recorded_at, e.counter_account, e.delta,
           CASE e.operation
             WHEN 1 THEN 0
             WHEN 2 THEN e.minutes
             -- a settlement lets go of all that was held, also where it moves less
             WHEN 3 THEN (SELECT -t.minutes FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = e.ref)
             WHEN 4 THEN -e.minutes
             ELSE 0
           END,
           e.balance, e.ref, e.group_id
      FROM ledger.entries e
     WHERE e.timebank_id = p_timebank AND e.account_id = p_account AND e.version > v_above AND e.version < v_below
       AND e.performed_on >= v_from AND e.performed_on <= v_to
     ORDER BY e.version
     LIMIT p_limit;
  ELSE
    RETURN QUERY
    SELECT e.version, e.transfer_id, e.operation, e.kind, e.performed_on, e.recorded_at, e.counter_account, e.delta,
           CASE e.operation
             WHEN 1 THEN 0
             WHEN 2 THEN e.minutes
             WHEN 3 THEN (SELECT -t.minutes FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = e.ref)
             WHEN 4 THEN -e.minutes
             ELSE 0
           END,
           e.balance, e.ref, e.group_id
      FROM ledger.entries e
     WHERE e.timebank_id = p_timebank AND e.account_id = p_account AND e.version > v_above AND e.version < v_below
       AND e.performed_on >= v_from AND e.performed_on <= v_to
     ORDER BY e.version DESC
     LIMIT p_limit;
  END IF;
END $$;
