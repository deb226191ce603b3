-- custom: rights of circles; only what nothing has come of is deleted
SELECT platform.protect('circles.searches'), platform.protect('circles.circles'), platform.protect('circles.links');
--> statement-breakpoint
GRANT USAGE ON SCHEMA circles TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON circles.searches TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON circles.circles, circles.links TO commonhours_service;
