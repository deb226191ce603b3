-- custom: rights of the event sheets
SELECT platform.protect('paper.event_sheets'), platform.protect('paper.sheet_lines');
--> statement-breakpoint
GRANT USAGE ON SCHEMA paper TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON paper.event_sheets, paper.sheet_lines TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (description) ON paper.sheet_lines TO commonhours_service;
