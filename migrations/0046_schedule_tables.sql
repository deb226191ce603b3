CREATE SCHEMA "schedule";
--> statement-breakpoint
CREATE TABLE "schedule"."appointments" (
	"timebank_id" uuid NOT NULL,
	"exchange_id" uuid NOT NULL,
	"local_start" text NOT NULL,
	"time_zone" text NOT NULL,
	"minutes" integer NOT NULL,
	"place" text,
	"online_link" text,
	"starts_at" timestamp with time zone NOT NULL,
	"removed" boolean DEFAULT false NOT NULL,
	"set_by" uuid,
	"updated_at" timestamp with time zone NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "appointments_timebank_id_exchange_id_pk" PRIMARY KEY("timebank_id","exchange_id")
);
--> statement-breakpoint
CREATE TABLE "schedule"."arrangements" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"title" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"category_id" uuid NOT NULL,
	"provider_id" uuid,
	"provider_organisation_id" uuid,
	"provider_capacity" text NOT NULL,
	"receiver_id" uuid,
	"receiver_organisation_id" uuid,
	"receiver_capacity" text NOT NULL,
	"local_start" text NOT NULL,
	"time_zone" text NOT NULL,
	"minutes" integer NOT NULL,
	"place" text,
	"online_link" text,
	"rrule" text,
	"capacity" integer,
	"agreed_minutes" integer,
	"approved_minutes" integer,
	"policy_version" integer NOT NULL,
	"proposed_by" text NOT NULL,
	"source" text NOT NULL,
	"planned_through" timestamp with time zone,
	"reason" text,
	"agreed_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "arrangements_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "arrangements_status_known" CHECK ("schedule"."arrangements"."status" in ('proposed', 'awaiting_approval', 'active', 'ended', 'cancelled', 'declined')),
	CONSTRAINT "arrangements_kind_known" CHECK ("schedule"."arrangements"."kind" in ('pair', 'group')),
	CONSTRAINT "arrangements_places" CHECK (("schedule"."arrangements"."kind" = 'group') = ("schedule"."arrangements"."capacity" is not null) and "schedule"."arrangements"."capacity" > 0),
	CONSTRAINT "arrangements_two_sides" CHECK ("schedule"."arrangements"."provider_id" <> "schedule"."arrangements"."receiver_id"),
	CONSTRAINT "arrangements_minutes" CHECK ("schedule"."arrangements"."minutes" between 1 and 1440)
);
--> statement-breakpoint
CREATE TABLE "schedule"."attendances" (
	"timebank_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"role" text NOT NULL,
	"minutes" integer NOT NULL,
	"preparation_minutes" integer DEFAULT 0 NOT NULL,
	"travel_minutes" integer DEFAULT 0 NOT NULL,
	"position" integer NOT NULL,
	"registered" boolean NOT NULL,
	CONSTRAINT "attendances_timebank_id_session_id_member_id_pk" PRIMARY KEY("timebank_id","session_id","member_id"),
	CONSTRAINT "attendances_role" CHECK ("schedule"."attendances"."role" in ('provider', 'receiver')),
	CONSTRAINT "attendances_minutes" CHECK ("schedule"."attendances"."minutes" between 1 and 1440 and "schedule"."attendances"."preparation_minutes" between 0 and 1440 and "schedule"."attendances"."travel_minutes" between 0 and 1440)
);
--> statement-breakpoint
CREATE TABLE "schedule"."feeds" (
	"timebank_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "feeds_timebank_id_member_id_pk" PRIMARY KEY("timebank_id","member_id")
);
--> statement-breakpoint
CREATE TABLE "schedule"."registrations" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"arrangement_id" uuid NOT NULL,
	"session_id" uuid,
	"member_id" uuid NOT NULL,
	"role" text NOT NULL,
	"status" text NOT NULL,
	"registered_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "registrations_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "registrations_role" CHECK ("schedule"."registrations"."role" in ('provider', 'receiver')),
	CONSTRAINT "registrations_status" CHECK ("schedule"."registrations"."status" in ('registered', 'waiting', 'ended'))
);
--> statement-breakpoint
CREATE TABLE "schedule"."sessions" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"arrangement_id" uuid NOT NULL,
	"rule_date" date NOT NULL,
	"local_start" text NOT NULL,
	"time_zone" text NOT NULL,
	"minutes" integer NOT NULL,
	"place" text,
	"online_link" text,
	"starts_at" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"changed" boolean DEFAULT false NOT NULL,
	"reason" text,
	"absent" text,
	"exchange_id" uuid,
	"group_id" uuid,
	"closed_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "sessions_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "sessions_status_known" CHECK ("schedule"."sessions"."status" in ('planned', 'held', 'skipped', 'cancelled', 'no_show')),
	CONSTRAINT "sessions_minutes" CHECK ("schedule"."sessions"."minutes" between 1 and 1440)
);
--> statement-breakpoint
CREATE TABLE "schedule"."slots" (
	"timebank_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"subject" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"off" boolean DEFAULT false NOT NULL,
	"reminded" boolean DEFAULT false NOT NULL,
	CONSTRAINT "slots_timebank_id_subject_id_member_id_pk" PRIMARY KEY("timebank_id","subject_id","member_id"),
	CONSTRAINT "slots_subject" CHECK ("schedule"."slots"."subject" in ('session', 'appointment'))
);
--> statement-breakpoint
ALTER TABLE "schedule"."appointments" ADD CONSTRAINT "appointments_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."arrangements" ADD CONSTRAINT "arrangements_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."arrangements" ADD CONSTRAINT "arrangements_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."attendances" ADD CONSTRAINT "attendances_timebank_id_session_id_sessions_timebank_id_id_fk" FOREIGN KEY ("timebank_id","session_id") REFERENCES "schedule"."sessions"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."attendances" ADD CONSTRAINT "attendances_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."feeds" ADD CONSTRAINT "feeds_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."registrations" ADD CONSTRAINT "registrations_timebank_id_arrangement_id_arrangements_timebank_id_id_fk" FOREIGN KEY ("timebank_id","arrangement_id") REFERENCES "schedule"."arrangements"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."registrations" ADD CONSTRAINT "registrations_timebank_id_session_id_sessions_timebank_id_id_fk" FOREIGN KEY ("timebank_id","session_id") REFERENCES "schedule"."sessions"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."registrations" ADD CONSTRAINT "registrations_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule"."sessions" ADD CONSTRAINT "sessions_timebank_id_arrangement_id_arrangements_timebank_id_id_fk" FOREIGN KEY ("timebank_id","arrangement_id") REFERENCES "schedule"."arrangements"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "arrangements_status" ON "schedule"."arrangements" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "arrangements_kind" ON "schedule"."arrangements" USING btree ("timebank_id","kind","status","id");--> statement-breakpoint
CREATE INDEX "arrangements_provider" ON "schedule"."arrangements" USING btree ("timebank_id","provider_id","id");--> statement-breakpoint
CREATE INDEX "arrangements_receiver" ON "schedule"."arrangements" USING btree ("timebank_id","receiver_id","id") WHERE receiver_id is not null;--> statement-breakpoint
CREATE INDEX "arrangements_provider_organisation" ON "schedule"."arrangements" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "arrangements_receiver_organisation" ON "schedule"."arrangements" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "arrangements_planned" ON "schedule"."arrangements" USING btree ("timebank_id","planned_through") WHERE status = 'active';--> statement-breakpoint
CREATE INDEX "attendances_member" ON "schedule"."attendances" USING btree ("timebank_id","member_id","session_id");--> statement-breakpoint
CREATE UNIQUE INDEX "feeds_secret" ON "schedule"."feeds" USING btree ("timebank_id","secret_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "registrations_whole" ON "schedule"."registrations" USING btree ("timebank_id","arrangement_id","member_id") WHERE status <> 'ended' and session_id is null;--> statement-breakpoint
CREATE UNIQUE INDEX "registrations_single" ON "schedule"."registrations" USING btree ("timebank_id","session_id","member_id") WHERE status <> 'ended' and session_id is not null;--> statement-breakpoint
CREATE INDEX "registrations_of_arrangement" ON "schedule"."registrations" USING btree ("timebank_id","arrangement_id","id");--> statement-breakpoint
CREATE INDEX "registrations_of_member" ON "schedule"."registrations" USING btree ("timebank_id","member_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_rule_date" ON "schedule"."sessions" USING btree ("timebank_id","arrangement_id","rule_date");--> statement-breakpoint
CREATE INDEX "sessions_of_arrangement" ON "schedule"."sessions" USING btree ("timebank_id","arrangement_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "sessions_starts" ON "schedule"."sessions" USING btree ("timebank_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "sessions_status" ON "schedule"."sessions" USING btree ("timebank_id","status","starts_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_exchange" ON "schedule"."sessions" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
CREATE INDEX "slots_of_member" ON "schedule"."slots" USING btree ("timebank_id","member_id","starts_at","subject_id");--> statement-breakpoint
CREATE INDEX "slots_to_remind" ON "schedule"."slots" USING btree ("timebank_id","starts_at") WHERE not reminded and not off;