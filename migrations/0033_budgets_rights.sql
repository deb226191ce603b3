-- custom: rights of the budgets
SELECT platform.protect('budgets.budgets');
--> statement-breakpoint
SELECT platform.protect('budgets.holders');
--> statement-breakpoint
SELECT platform.protect('budgets.plans');
--> statement-breakpoint
GRANT USAGE ON SCHEMA budgets TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON budgets.budgets TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON budgets.holders TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON budgets.plans TO commonhours_service;
