-- custom: the second wall between timebanks for appointments, arrangements and sessions, and the rights of the service's role.
SELECT platform.protect(format('schedule.%I', name)::regclass)
  FROM unnest(ARRAY['appointments', 'arrangements', 'sessions', 'registrations', 'attendances', 'slots', 'feeds']) name;
--> statement-breakpoint
GRANT USAGE ON SCHEMA schedule TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON schedule.appointments, schedule.arrangements, schedule.sessions, schedule.registrations TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule.attendances, schedule.slots, schedule.feeds TO commonhours_service;
