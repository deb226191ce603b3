/**
 * SQL of a scalar: when somebody else first did something about a request `r`; null: nobody has. A message counts when it was
 * written, an offer of help when it was made, the provider's proposal or a broker's record too; the receiver's own
 * proposal when the other side agreed.
 */
export const firstReplyToRequest = `(
  SELECT min(reply.at) FROM (
    SELECT CASE WHEN x.proposed_by = 'receiver' THEN coalesce(x.agreed_at, x.settled_at) ELSE x.recorded_at END AS at
      FROM exchanges.exchanges x
     WHERE x.timebank_id = r.timebank_id AND x.request_id = r.id
    UNION ALL
    -- whoever wrote first about a request is not who asks for help
    SELECT c.started_at FROM conversations.conversations c
     WHERE c.timebank_id = r.timebank_id AND c.request_id = r.id
    UNION ALL
    SELECT p.proposed_at FROM matching.matches p
     WHERE p.timebank_id = r.timebank_id AND p.request_id = r.id AND p.proposed_by = 'provider') reply)`
