DROP INDEX "listings"."offers_place";--> statement-breakpoint
DROP INDEX "listings"."requests_place";--> statement-breakpoint
CREATE INDEX "offers_place" ON "listings"."offers" USING btree ("timebank_id","coarse_latitude","coarse_longitude","id","membership_id","organisation_id","latitude","longitude","status") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "requests_place" ON "listings"."requests" USING btree ("timebank_id","coarse_latitude","coarse_longitude","id","membership_id","organisation_id","latitude","longitude","status") WHERE status = 'open';