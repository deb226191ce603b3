SELECT platform.protect('notices.notices');
--> statement-breakpoint
GRANT USAGE ON SCHEMA notices TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (read_at), DELETE ON notices.notices TO commonhours_service;
