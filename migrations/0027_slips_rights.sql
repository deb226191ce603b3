-- custom: rights of the slip books
SELECT platform.protect('slips.books'), platform.protect('slips.voids');
--> statement-breakpoint
GRANT USAGE ON SCHEMA slips TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON slips.books, slips.voids TO commonhours_service;
--> statement-breakpoint
GRANT UPDATE (status, closed_at, closed_by, closing_note, note, missing_at_close, row_version) ON slips.books TO commonhours_service;
