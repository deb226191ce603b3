ALTER TABLE "audit"."events" ADD COLUMN "agency_id" uuid;--> statement-breakpoint
ALTER TABLE "audit"."events" ADD COLUMN "agency_client_id" uuid;--> statement-breakpoint
CREATE INDEX "events_agency" ON "audit"."events" USING btree ("timebank_id","agency_id","id") WHERE agency_id is not null;--> statement-breakpoint
CREATE INDEX "events_agency_client" ON "audit"."events" USING btree ("timebank_id","agency_client_id","id") WHERE agency_client_id is not null;