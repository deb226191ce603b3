-- custom: rights of questions about exchanges and of families
SELECT platform.protect('exchanges.queries');
--> statement-breakpoint
SELECT platform.protect('members.family');
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON exchanges.queries TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON members.family TO commonhours_service;
