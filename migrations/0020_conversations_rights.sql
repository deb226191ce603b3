-- custom: rights of conversations
SELECT platform.protect('conversations.conversations');
--> statement-breakpoint
SELECT platform.protect('conversations.participants');
--> statement-breakpoint
SELECT platform.protect('conversations.messages');
--> statement-breakpoint
SELECT platform.protect('conversations.reports');
--> statement-breakpoint
SELECT platform.protect('conversations.openings');
--> statement-breakpoint
GRANT USAGE ON SCHEMA conversations TO commonhours_service;
--> statement-breakpoint
-- what was said is only ever blanked, and removed after its time
GRANT SELECT, INSERT, DELETE, UPDATE (first_reply_at, last_message_at, messages) ON conversations.conversations TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON conversations.participants TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (text, erased) ON conversations.messages TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (reason, closed_at, closed_by, outcome, note) ON conversations.reports TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON conversations.openings TO commonhours_service;
