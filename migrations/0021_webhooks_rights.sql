-- custom: rights of webhooks
SELECT platform.protect('webhooks.endpoints'), platform.protect('webhooks.events'), platform.protect('webhooks.deliveries');
--> statement-breakpoint
GRANT USAGE ON SCHEMA webhooks TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks.endpoints, webhooks.deliveries TO commonhours_service;
--> statement-breakpoint
-- what happened is not rewritten
GRANT SELECT, INSERT, DELETE ON webhooks.events TO commonhours_service;
