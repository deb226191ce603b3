CREATE SCHEMA "budgets";
--> statement-breakpoint
CREATE TABLE "budgets"."budgets" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"funder_id" uuid NOT NULL,
	"member_id" uuid,
	"organisation_id" uuid,
	"title" text,
	"holder_mode" text NOT NULL,
	"holder_organisation_id" uuid,
	"intended_minutes" integer NOT NULL,
	"valid_from" date NOT NULL,
	"valid_to" date,
	"plan_to_funder" boolean DEFAULT false NOT NULL,
	"account_id" integer,
	"holder_agreed_at" timestamp with time zone,
	"funder_agreed_at" timestamp with time zone,
	"proposed_at" timestamp with time zone NOT NULL,
	"activated_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"reconciled_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "budgets_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "budgets_kind" CHECK ("budgets"."budgets"."kind" in ('agency', 'person', 'activity')),
	CONSTRAINT "budgets_status_known" CHECK ("budgets"."budgets"."status" in ('proposed', 'agreed', 'active', 'ended', 'reconciled')),
	CONSTRAINT "budgets_holder_mode" CHECK ("budgets"."budgets"."holder_mode" in ('self', 'nominated_person', 'circle', 'provider_held', 'agency_held')),
	CONSTRAINT "budgets_for_whom" CHECK (("budgets"."budgets"."kind" = 'person') = ("budgets"."budgets"."member_id" is not null)),
	CONSTRAINT "budgets_for_what" CHECK (("budgets"."budgets"."kind" = 'activity') = ("budgets"."budgets"."title" is not null)),
	CONSTRAINT "budgets_for_body" CHECK ("budgets"."budgets"."kind" <> 'agency' or "budgets"."budgets"."organisation_id" is not null),
	CONSTRAINT "budgets_self" CHECK ("budgets"."budgets"."holder_mode" <> 'self' or "budgets"."budgets"."kind" = 'person'),
	CONSTRAINT "budgets_held_by_body" CHECK (("budgets"."budgets"."holder_mode" in ('provider_held', 'agency_held')) = ("budgets"."budgets"."holder_organisation_id" is not null)),
	CONSTRAINT "budgets_active" CHECK ("budgets"."budgets"."status" <> 'active' or "budgets"."budgets"."account_id" is not null),
	CONSTRAINT "budgets_dates" CHECK ("budgets"."budgets"."valid_to" >= "budgets"."budgets"."valid_from" and "budgets"."budgets"."intended_minutes" > 0)
);
--> statement-breakpoint
CREATE TABLE "budgets"."holders" (
	"timebank_id" uuid NOT NULL,
	"budget_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	CONSTRAINT "holders_timebank_id_budget_id_membership_id_pk" PRIMARY KEY("timebank_id","budget_id","membership_id")
);
--> statement-breakpoint
CREATE TABLE "budgets"."plans" (
	"timebank_id" uuid NOT NULL,
	"budget_id" uuid NOT NULL,
	"text" text NOT NULL,
	"written_by" uuid,
	"written_at" timestamp with time zone NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "plans_timebank_id_budget_id_pk" PRIMARY KEY("timebank_id","budget_id")
);
--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_account_id" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_minutes" integer;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_funder_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","funder_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_holder_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."holders" ADD CONSTRAINT "holders_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."holders" ADD CONSTRAINT "holders_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."plans" ADD CONSTRAINT "plans_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "budgets_status" ON "budgets"."budgets" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "budgets_funder" ON "budgets"."budgets" USING btree ("timebank_id","funder_id","id");--> statement-breakpoint
CREATE INDEX "budgets_member" ON "budgets"."budgets" USING btree ("timebank_id","member_id","id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "budgets_organisation" ON "budgets"."budgets" USING btree ("timebank_id","organisation_id","id") WHERE organisation_id is not null;--> statement-breakpoint
CREATE INDEX "budgets_holder_organisation" ON "budgets"."budgets" USING btree ("timebank_id","holder_organisation_id","id") WHERE holder_organisation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "budgets_account" ON "budgets"."budgets" USING btree ("timebank_id","account_id") WHERE account_id is not null;--> statement-breakpoint
CREATE INDEX "holders_member" ON "budgets"."holders" USING btree ("timebank_id","membership_id","budget_id");--> statement-breakpoint
CREATE INDEX "plans_written_by" ON "budgets"."plans" USING btree ("timebank_id","written_by");--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "exchanges_budget" ON "exchanges"."exchanges" USING btree ("timebank_id","budget_id","id") WHERE budget_id is not null;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_budget_whole" CHECK (("exchanges"."exchanges"."budget_id" is null) = ("exchanges"."exchanges"."budget_account_id" is null));