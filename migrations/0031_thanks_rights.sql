-- custom: rights of thanks
SELECT platform.protect('thanks.notes');
--> statement-breakpoint
GRANT USAGE ON SCHEMA thanks TO commonhours_service;
--> statement-breakpoint
-- nothing is deleted: a note that is taken back is blanked, so that it is told once
GRANT SELECT, INSERT, UPDATE (author_id, text, visibility, shared, hidden, changed_at) ON thanks.notes TO commonhours_service;
