-- custom: rights of service requests
SELECT platform.protect('service_requests.requests');
--> statement-breakpoint
SELECT platform.protect('service_requests.texts');
--> statement-breakpoint
SELECT platform.protect('service_requests.history');
--> statement-breakpoint
SELECT platform.protect('service_requests.contacts');
--> statement-breakpoint
SELECT platform.protect('service_requests.meetings');
--> statement-breakpoint
SELECT platform.protect('service_requests.clocks');
--> statement-breakpoint
GRANT USAGE ON SCHEMA service_requests TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON service_requests.requests TO commonhours_service;
--> statement-breakpoint
-- words are blanked, and never taken away as a row
GRANT SELECT, INSERT, UPDATE ON service_requests.texts TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON service_requests.history TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON service_requests.contacts TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT ON service_requests.meetings TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (at) ON service_requests.clocks TO commonhours_service;
