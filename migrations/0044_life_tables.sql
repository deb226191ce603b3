CREATE TABLE "exchanges"."queries" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"exchange_id" uuid NOT NULL,
	"status" text NOT NULL,
	"asked_by" uuid NOT NULL,
	"asked_as" text NOT NULL,
	"text" text NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"answered_by" uuid,
	"answered_as" text,
	"answer" text,
	"answered_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "queries_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "queries_status_known" CHECK ("exchanges"."queries"."status" in ('open', 'answered', 'closed')),
	CONSTRAINT "queries_asked_as" CHECK ("exchanges"."queries"."asked_as" in ('provider', 'receiver', 'broker')),
	CONSTRAINT "queries_answered_as" CHECK ("exchanges"."queries"."answered_as" in ('provider', 'receiver', 'broker'))
);
--> statement-breakpoint
CREATE TABLE "members"."family" (
	"timebank_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"relative_id" uuid NOT NULL,
	"noted_by" uuid,
	"noted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "family_timebank_id_membership_id_relative_id_pk" PRIMARY KEY("timebank_id","membership_id","relative_id"),
	CONSTRAINT "family_two" CHECK ("members"."family"."membership_id" <> "members"."family"."relative_id")
);
--> statement-breakpoint
ALTER TABLE "members"."screenings" DROP CONSTRAINT "screenings_kind";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "revision" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "guardian_consent" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "disputed_by" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "disputed_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "no_show" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "recorded_as" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "corrects_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "corrected_by_id" uuid;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD COLUMN "vetted_until" date;--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD COLUMN "valid_until" date;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_asked_by_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asked_by") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_answered_by_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","answered_by") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."family" ADD CONSTRAINT "family_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."family" ADD CONSTRAINT "family_timebank_id_relative_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","relative_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "queries_exchange" ON "exchanges"."queries" USING btree ("timebank_id","exchange_id","id");--> statement-breakpoint
CREATE INDEX "queries_status" ON "exchanges"."queries" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "queries_asked_by" ON "exchanges"."queries" USING btree ("timebank_id","asked_by");--> statement-breakpoint
CREATE INDEX "queries_answered_by" ON "exchanges"."queries" USING btree ("timebank_id","answered_by") WHERE answered_by is not null;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_corrects_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","corrects_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_corrects" ON "exchanges"."exchanges" USING btree ("timebank_id","corrects_id") WHERE corrects_id is not null;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_sides_named" CHECK ("exchanges"."exchanges"."disputed_by" in ('provider', 'receiver', 'broker') and "exchanges"."exchanges"."no_show" in ('provider', 'receiver'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_guardian_consent" CHECK ("exchanges"."exchanges"."guardian_consent" in ('in_person', 'phone', 'writing'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_recorded_as" CHECK ("exchanges"."exchanges"."recorded_as" in ('provider', 'receiver', 'broker', 'member', 'service'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_disputed_minutes" CHECK ("exchanges"."exchanges"."disputed_minutes" > 0 and "exchanges"."exchanges"."revision" >= 0);--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD CONSTRAINT "screenings_valid_until" CHECK (("members"."screenings"."kind" = 'vetting') = ("members"."screenings"."valid_until" is not null));--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD CONSTRAINT "screenings_kind" CHECK ("members"."screenings"."kind" in ('reference', 'interview', 'vetting'));