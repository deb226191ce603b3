CREATE SCHEMA "mailings";
--> statement-breakpoint
CREATE TABLE "identity"."own_keys" (
	"purpose" text PRIMARY KEY NOT NULL,
	"secret" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailings"."mails" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"notice_ids" uuid[] NOT NULL,
	"topics" text[] NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"refused" text,
	CONSTRAINT "mails_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "mails_one_end" CHECK ("mailings"."mails"."sent_at" is null or "mailings"."mails"."refused" is null)
);
--> statement-breakpoint
CREATE TABLE "mailings"."preferences" (
	"timebank_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"choices" jsonb NOT NULL,
	"digest_day" smallint NOT NULL,
	"digest_hour" smallint NOT NULL,
	"quiet_from" smallint,
	"quiet_to" smallint,
	"message_texts" boolean NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "preferences_timebank_id_membership_id_pk" PRIMARY KEY("timebank_id","membership_id"),
	CONSTRAINT "preferences_digest" CHECK ("mailings"."preferences"."digest_day" between 1 and 7 and "mailings"."preferences"."digest_hour" between 0 and 23),
	CONSTRAINT "preferences_quiet" CHECK (("mailings"."preferences"."quiet_from" is null) = ("mailings"."preferences"."quiet_to" is null) and "mailings"."preferences"."quiet_from" between 0 and 1439 and "mailings"."preferences"."quiet_to" between 0 and 1439 and "mailings"."preferences"."quiet_from" <> "mailings"."preferences"."quiet_to")
);
--> statement-breakpoint
CREATE TABLE "mailings"."waiting" (
	"timebank_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"notice_id" uuid NOT NULL,
	"topic" text NOT NULL,
	"how" text NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	CONSTRAINT "waiting_timebank_id_membership_id_notice_id_pk" PRIMARY KEY("timebank_id","membership_id","notice_id")
);
--> statement-breakpoint
ALTER TABLE "mailings"."preferences" ADD CONSTRAINT "preferences_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mails_of_member" ON "mailings"."mails" USING btree ("timebank_id","membership_id","made_at");--> statement-breakpoint
CREATE INDEX "mails_age" ON "mailings"."mails" USING brin ("timebank_id","made_at");--> statement-breakpoint
CREATE INDEX "waiting_due" ON "mailings"."waiting" USING btree ("timebank_id","due_at","membership_id");