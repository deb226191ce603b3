CREATE SCHEMA "notices";
--> statement-breakpoint
CREATE TABLE "notices"."notices" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"read_at" timestamp with time zone,
	CONSTRAINT "notices_timebank_id_membership_id_id_pk" PRIMARY KEY("timebank_id","membership_id","id")
);
--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" DROP CONSTRAINT "exchanges_timebank_id_policy_version_policies_timebank_id_version_fk";
--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" DROP CONSTRAINT "exchanges_timebank_id_category_id_categories_timebank_id_id_fk";
--> statement-breakpoint
DROP INDEX "audit"."events_on_behalf";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_provider_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_receiver_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_transfer";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_external";--> statement-breakpoint
CREATE INDEX "notices_unread" ON "notices"."notices" USING btree ("timebank_id","membership_id","id") WHERE read_at is null;--> statement-breakpoint
CREATE INDEX "notices_age" ON "notices"."notices" USING brin ("timebank_id","created_at");--> statement-breakpoint
CREATE INDEX "events_on_behalf" ON "audit"."events" USING btree ("timebank_id","on_behalf_of","id") WHERE on_behalf_of is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_transfer" ON "exchanges"."exchanges" USING btree ("timebank_id","transfer_id") WHERE transfer_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_external" ON "exchanges"."exchanges" USING btree ("timebank_id","external_source","external_id") WHERE external_id is not null;