-- custom: rights of statements by post
SELECT platform.protect('paper.statement_runs'), platform.protect('paper.statement_run_members'), platform.protect('paper.postal_choices');
--> statement-breakpoint
GRANT SELECT, INSERT ON paper.statement_runs, paper.statement_run_members TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (posted_on, posted_by, row_version) ON paper.statement_runs TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON paper.postal_choices TO commonhours_service;
