CREATE SCHEMA "follow_ups";
--> statement-breakpoint
CREATE SCHEMA "notices";
--> statement-breakpoint
CREATE TABLE "exchanges"."groups" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"shape" text NOT NULL,
	"rule" text,
	"status" text NOT NULL,
	"policy_version" integer NOT NULL,
	"performed_on" date NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"reversal_group_id" uuid,
	"reason" text,
	"reversed_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "groups_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "groups_shape" CHECK ("exchanges"."groups"."shape" in ('one_to_many', 'many_to_one')),
	CONSTRAINT "groups_rule" CHECK (("exchanges"."groups"."shape" = 'one_to_many') = ("exchanges"."groups"."rule" is not null)),
	CONSTRAINT "groups_status" CHECK ("exchanges"."groups"."status" in ('settled', 'reversed'))
);
--> statement-breakpoint
CREATE TABLE "follow_ups"."outcomes" (
	"timebank_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"account_id" integer NOT NULL,
	"limit_minutes" bigint NOT NULL,
	"balance_minutes" bigint NOT NULL,
	"crossings" integer NOT NULL,
	"latest_at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"note" text,
	"noted_by" uuid,
	"noted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "outcomes_timebank_id_kind_subject_id_pk" PRIMARY KEY("timebank_id","kind","subject_id"),
	CONSTRAINT "outcomes_kind" CHECK ("follow_ups"."outcomes"."kind" in ('floor_crossed', 'ceiling_crossed')),
	CONSTRAINT "outcomes_known" CHECK ("follow_ups"."outcomes"."outcome" in ('contacted', 'agreed_to_give', 'agreed_to_ask', 'limit_changed', 'grant_made', 'nothing_needed'))
);
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
DROP INDEX "audit"."events_on_behalf";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_provider_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_receiver_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_transfer";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_external";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_slip";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "group_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "group_position" integer;--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD COLUMN "by_hand" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_timebank_id_policy_version_policies_timebank_id_version_fk" FOREIGN KEY ("timebank_id","policy_version") REFERENCES "timebanks"."policies"("timebank_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "outcomes_opened" ON "follow_ups"."outcomes" USING btree ("timebank_id","opened_at","subject_id","kind");--> statement-breakpoint
CREATE INDEX "outcomes_account" ON "follow_ups"."outcomes" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE INDEX "notices_unread" ON "notices"."notices" USING btree ("timebank_id","membership_id","id") WHERE read_at is null;--> statement-breakpoint
CREATE INDEX "notices_age" ON "notices"."notices" USING brin ("timebank_id","created_at");--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_group" ON "exchanges"."exchanges" USING btree ("timebank_id","group_id","group_position") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "limit_crossings_first" ON "ledger"."limit_crossings" USING btree ("timebank_id","account_id","which","crossed_at","transfer_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "events_on_behalf" ON "audit"."events" USING btree ("timebank_id","on_behalf_of","id") WHERE on_behalf_of is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_transfer" ON "exchanges"."exchanges" USING btree ("timebank_id","transfer_id") WHERE transfer_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_external" ON "exchanges"."exchanges" USING btree ("timebank_id","external_source","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_slip" ON "exchanges"."exchanges" USING btree ("timebank_id","slip_number",coalesce(group_position, 1)) WHERE slip_number is not null and status not in ('cancelled', 'declined', 'reversed');