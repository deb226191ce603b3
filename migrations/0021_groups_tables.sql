CREATE TABLE "exchanges"."group_answers" (
	"timebank_id" uuid NOT NULL,
	"group_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"needed" boolean NOT NULL,
	"answer" text,
	"answered_by" uuid,
	"answered_at" timestamp with time zone,
	CONSTRAINT "group_answers_timebank_id_group_id_party_id_pk" PRIMARY KEY("timebank_id","group_id","party_id"),
	CONSTRAINT "group_answers_answer" CHECK ("exchanges"."group_answers"."answer" in ('confirmed', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_status";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "recorded_by_member" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "reported_by" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "needs_broker" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "settled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "exchanges"."group_answers" ADD CONSTRAINT "group_answers_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "exchanges_provider_group" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_id","group_id") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_group" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_id","group_id") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation_group" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","group_id") WHERE group_id is not null and provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation_group" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","group_id") WHERE group_id is not null and receiver_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "groups_status_order" ON "exchanges"."groups" USING btree ("timebank_id","status","id");--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_status" CHECK ("exchanges"."groups"."status" in ('reported', 'disputed', 'settled', 'cancelled', 'reversed'));