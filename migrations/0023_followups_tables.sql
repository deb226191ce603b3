CREATE TABLE "follow_ups"."items" (
	"timebank_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"round" integer NOT NULL,
	"member_id" uuid,
	"organisation_id" uuid,
	"other_member_id" uuid,
	"other_organisation_id" uuid,
	"account_id" integer,
	"limit_minutes" bigint,
	"balance_minutes" bigint,
	"since" timestamp with time zone NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"due_on" date NOT NULL,
	"step" text NOT NULL,
	"assignee_id" uuid,
	"snoozed_until" date,
	"closed_at" timestamp with time zone,
	"outcome" text,
	"note" text,
	"noted_by" uuid,
	"crossings" integer,
	"latest_at" timestamp with time zone,
	CONSTRAINT "items_timebank_id_kind_subject_id_round_pk" PRIMARY KEY("timebank_id","kind","subject_id","round"),
	CONSTRAINT "items_closed" CHECK (("follow_ups"."items"."closed_at" is null) = ("follow_ups"."items"."outcome" is null))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "items_open_once" ON "follow_ups"."items" USING btree ("timebank_id","kind","subject_id") WHERE closed_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "items_open_account" ON "follow_ups"."items" USING btree ("timebank_id","kind","account_id") WHERE closed_at is null and account_id is not null;--> statement-breakpoint
CREATE INDEX "items_open_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_kind" ON "follow_ups"."items" USING btree ("timebank_id","kind","due_on","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_assignee" ON "follow_ups"."items" USING btree ("timebank_id","assignee_id","due_on","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_snoozed" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is null and snoozed_until is not null;--> statement-breakpoint
CREATE INDEX "items_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round");--> statement-breakpoint
CREATE INDEX "items_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round");--> statement-breakpoint
CREATE INDEX "items_member" ON "follow_ups"."items" USING btree ("timebank_id","member_id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "items_other_member" ON "follow_ups"."items" USING btree ("timebank_id","other_member_id") WHERE other_member_id is not null;--> statement-breakpoint
CREATE INDEX "requests_opened" ON "listings"."requests" USING btree ("timebank_id","opened_at") WHERE opened_at is not null;