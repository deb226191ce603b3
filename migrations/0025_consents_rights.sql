-- custom: rights of supporters, consents and the disclosure log
SELECT platform.protect('supporters.supports');
--> statement-breakpoint
GRANT USAGE ON SCHEMA supporters TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON supporters.supports TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, scopes, valid_to, expires_at, proposed_by, active_since, closed_at, row_version) ON supporters.supports TO commonhours_service;
--> statement-breakpoint
SELECT platform.protect('consents.wordings'), platform.protect('consents.consents'), platform.protect('consents.withdrawals'), platform.protect('consents.disclosures');
--> statement-breakpoint
GRANT USAGE ON SCHEMA consents TO commonhours_service;
--> statement-breakpoint
-- What was given, withdrawn and disclosed is only ever added to
GRANT SELECT, INSERT ON consents.wordings, consents.consents, consents.withdrawals, consents.disclosures TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, closed_at, superseded_by) ON consents.consents TO commonhours_service;
--> statement-breakpoint
-- Rows about somebody who was no member become theirs, and are kept without the person after an erasure
GRANT UPDATE (membership_id) ON consents.disclosures TO commonhours_service;
