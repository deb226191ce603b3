-- custom: rights of what people say of a reported group
SELECT platform.protect('exchanges.group_answers');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (answer, answered_by, answered_at) ON exchanges.group_answers TO commonhours_service;
