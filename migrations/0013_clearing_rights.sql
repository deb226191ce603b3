SELECT platform.protect('clearing.agreements');
--> statement-breakpoint
SELECT platform.protect('clearing.agreement_versions');
--> statement-breakpoint
SELECT platform.protect('clearing.transfers');
--> statement-breakpoint
GRANT USAGE ON SCHEMA clearing TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON clearing.agreements, clearing.agreement_versions, clearing.transfers TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (account_id, round, stance, owing, owed, version, told_version, their_round, their_stance, their_owing, their_owed,
              their_version, row_version, updated_at) ON clearing.agreements TO commonhours_service;
--> statement-breakpoint
-- what was announced stays as it was announced; only what becomes of it is written
GRANT UPDATE (status, refusal, transfer_id, reversal_transfer_id, reversed_by, reason, pending, updated_at) ON clearing.transfers TO commonhours_service;
--> statement-breakpoint
-- What has stood still since before an instant, over all timebanks, as ids only: transfers that wait for a step, named by the
-- timebank that sent them, and agreements whose last word has not been passed on. Both partial indexes hold what is open only.
CREATE FUNCTION clearing.standing_still(p_before timestamptz, p_limit integer)
RETURNS TABLE (timebank_id uuid, partner_id uuid, transfer_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  (SELECT DISTINCT
          CASE t.direction WHEN 'out' THEN t.timebank_id ELSE t.partner_id END,
          CASE t.direction WHEN 'out' THEN t.partner_id ELSE t.timebank_id END,
          t.origin_id
     FROM clearing.transfers t
    WHERE t.pending AND t.updated_at < p_before
    LIMIT p_limit)
  UNION ALL
  (SELECT a.timebank_id, a.partner_id, NULL
     FROM clearing.agreements a
    WHERE a.told_version < a.version AND a.updated_at < p_before
    LIMIT p_limit)
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clearing.standing_still(timestamptz, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION clearing.standing_still(timestamptz, integer) TO commonhours_service;
--> statement-breakpoint
-- For operators: each pair of timebanks with both sides' balances, in one statement and thus at one instant. The two balances
-- are opposite but for what one side has moved (or taken back) and the other not yet. Those are among the pending rows,
-- so that the comparison costs by what is on its way and not by what ever was.
CREATE FUNCTION clearing.pairs(p_after uuid, p_after_partner uuid, p_limit integer)
RETURNS TABLE (
  timebank_id uuid, slug text, name text, partner_id uuid, partner_slug text, partner_name text,
  balance bigint, partner_balance bigint, held bigint, partner_held bigint, pending bigint, difference bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  WITH pairs AS (
    SELECT DISTINCT least(a.timebank_id, a.partner_id) AS one, greatest(a.timebank_id, a.partner_id) AS other
      FROM clearing.agreements a
     WHERE p_after IS NULL
        OR (least(a.timebank_id, a.partner_id), greatest(a.timebank_id, a.partner_id)) > (p_after, p_after_partner)
     ORDER BY 1, 2
     LIMIT p_limit
  ), unfinished AS (
    SELECT t.timebank_id AS sender, t.partner_id AS receiver, t.id FROM clearing.transfers t WHERE t.pending AND t.direction = 'out'
    UNION
    SELECT t.partner_id, t.timebank_id, t.origin_id FROM clearing.transfers t WHERE t.pending AND t.direction = 'in'
  ), moving AS (
    SELECT least(u.sender, u.receiver) AS one, greatest(u.sender, u.receiver) AS other, count(*) AS transfers,
           sum(o.minutes * ((o.status = 'settled')::integer - coalesce(i.status = 'settled', false)::integer)) AS difference
      FROM unfinished u
      JOIN clearing.transfers o ON o.timebank_id = u.sender AND o.id = u.id
      LEFT JOIN clearing.transfers i
        ON i.timebank_id = u.receiver AND i.partner_id = u.sender AND i.origin_id = u.id AND i.direction = 'in'
     GROUP BY 1, 2
  )
  SELECT p.one, t.slug, t.name, p.other, u.slug, u.name,
         coalesce(x.credits - x.debits, 0), coalesce(y.credits - y.debits, 0),
         coalesce(x.held_in, 0), coalesce(y.held_in, 0), coalesce(m.transfers, 0), coalesce(m.difference, 0)::bigint
    FROM pairs p
    JOIN timebanks.timebanks t ON t.id = p.one
    JOIN timebanks.timebanks u ON u.id = p.other
    LEFT JOIN clearing.agreements a ON a.timebank_id = p.one AND a.partner_id = p.other
    LEFT JOIN clearing.agreements b ON b.timebank_id = p.other AND b.partner_id = p.one
    LEFT JOIN ledger.accounts x ON x.timebank_id = a.timebank_id AND x.id = a.account_id
    LEFT JOIN ledger.accounts y ON y.timebank_id = b.timebank_id AND y.id = b.account_id
    LEFT JOIN moving m ON m.one = p.one AND m.other = p.other
   ORDER BY p.one, p.other
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clearing.pairs(uuid, uuid, integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION clearing.pairs(uuid, uuid, integer) TO commonhours_service;
