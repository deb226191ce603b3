CREATE TABLE "paper"."postal_choices" (
	"timebank_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"chosen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "postal_choices_timebank_id_membership_id_pk" PRIMARY KEY("timebank_id","membership_id")
);
--> statement-breakpoint
CREATE TABLE "paper"."statement_run_members" (
	"timebank_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"membership_id" uuid NOT NULL,
	CONSTRAINT "statement_run_members_timebank_id_run_id_position_pk" PRIMARY KEY("timebank_id","run_id","position")
);
--> statement-breakpoint
CREATE TABLE "paper"."statement_runs" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"from_date" date NOT NULL,
	"to_date" date NOT NULL,
	"statements" integer NOT NULL,
	"made_by" uuid,
	"made_at" timestamp with time zone NOT NULL,
	"posted_on" date,
	"posted_by" uuid,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "statement_runs_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "statement_runs_period" CHECK ("paper"."statement_runs"."from_date" <= "paper"."statement_runs"."to_date")
);
--> statement-breakpoint
ALTER TABLE "paper"."postal_choices" ADD CONSTRAINT "postal_choices_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."statement_run_members" ADD CONSTRAINT "statement_run_members_timebank_id_run_id_statement_runs_timebank_id_id_fk" FOREIGN KEY ("timebank_id","run_id") REFERENCES "paper"."statement_runs"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."statement_run_members" ADD CONSTRAINT "statement_run_members_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;