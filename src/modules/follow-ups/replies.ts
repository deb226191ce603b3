/**
 * SQL of a scalar: when somebody else first did something about a request `r`; null: nobody has. A message counts when it was
 * written, the provider's proposal or a broker's record when it was made, the receiver's own when the other side agreed.
 */
export const firstReplyToRequest = `(
  SELECT min(reply.at) FROM (
    SELECT CASE WHEN x.proposed_by = 'receiver' THEN coalesce(x.agreed_at, x.settled_at) ELSE x.recorded_at END AS at
      FROM exchanges.exchanges x
     WHERE x.timebank_id = r.timebank_id AND x.request_id = r.id
    UNION ALL
    -- whoever wrote first about a request is not who asks for help
    SELECT c.started_at FROM conversations.conversations c
     WHERE c.timebank_id = r.timebank_id AND c.request_id = r.id) reply)`
