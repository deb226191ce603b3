ALTER TABLE "follow_ups"."outcomes" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "follow_ups"."outcomes" CASCADE;--> statement-breakpoint
CREATE INDEX "items_closed_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is not null;--> statement-breakpoint
CREATE INDEX "items_closed_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round") WHERE closed_at is not null;