ALTER TABLE "circles"."circles" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "circles"."links" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "circles"."searches" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "paper"."event_sheets" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "paper"."postal_choices" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "paper"."statement_run_members" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "paper"."statement_runs" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "circles"."circles" CASCADE;--> statement-breakpoint
DROP TABLE "circles"."links" CASCADE;--> statement-breakpoint
DROP TABLE "circles"."searches" CASCADE;--> statement-breakpoint
DROP TABLE "paper"."event_sheets" CASCADE;--> statement-breakpoint
DROP TABLE "paper"."postal_choices" CASCADE;--> statement-breakpoint
DROP TABLE "paper"."sheet_lines" CASCADE;--> statement-breakpoint
DROP TABLE "paper"."statement_run_members" CASCADE;--> statement-breakpoint
DROP TABLE "paper"."statement_runs" CASCADE;--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_offer";--> statement-breakpoint
DROP INDEX "listings"."offers_minutes";--> statement-breakpoint
DROP INDEX "listings"."requests_minutes";--> statement-breakpoint
DROP SCHEMA "circles";
--> statement-breakpoint
DROP SCHEMA "paper";
