-- custom: what the service may do to follow-ups, and the outcomes noted so far among them
SELECT platform.protect('follow_ups.items');
--> statement-breakpoint
-- What there was to look after is kept; what came of it is not rewritten, and the words about a person can be blanked.
GRANT SELECT, INSERT, UPDATE ON follow_ups.items TO commonhours_service;
--> statement-breakpoint
INSERT INTO follow_ups.items (timebank_id, kind, subject_id, round, member_id, organisation_id, account_id, limit_minutes,
  balance_minutes, since, opened_at, due_on, step, closed_at, outcome, note, noted_by, crossings, latest_at)
SELECT f.timebank_id, f.kind, f.subject_id, 1, m.id, o.id, f.account_id, f.limit_minutes, f.balance_minutes, f.opened_at, f.opened_at,
       f.opened_at::date + 14, CASE f.kind WHEN 'floor_crossed' THEN 'talk_about_giving' ELSE 'talk_about_asking' END,
       f.noted_at, f.outcome, f.note, f.noted_by, f.crossings, f.latest_at
  FROM follow_ups.outcomes f
  LEFT JOIN members.memberships m ON m.timebank_id = f.timebank_id AND m.account_id = f.account_id
  LEFT JOIN members.organisations o ON o.timebank_id = f.timebank_id AND o.account_id = f.account_id;
