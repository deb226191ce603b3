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
