SELECT platform.protect('ledger.refusals');
--> statement-breakpoint
SELECT platform.protect('ledger.limit_crossings');
--> statement-breakpoint
SELECT platform.protect('ledger.hold_expiries');
--> statement-breakpoint
GRANT SELECT ON ledger.refusals, ledger.limit_crossings, ledger.hold_expiries TO commonhours_service;
