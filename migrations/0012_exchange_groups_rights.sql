SELECT platform.protect('exchanges.groups');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON exchanges.groups TO commonhours_service;
