CREATE SCHEMA "circles";
--> statement-breakpoint
CREATE SCHEMA "conversations";
--> statement-breakpoint
CREATE SCHEMA "mailings";
--> statement-breakpoint
CREATE SCHEMA "matching";
--> statement-breakpoint
CREATE SCHEMA "paper";
--> statement-breakpoint
CREATE SCHEMA "schedule";
--> statement-breakpoint
CREATE SCHEMA "slips";
--> statement-breakpoint
CREATE SCHEMA "thanks";
--> statement-breakpoint
CREATE TABLE "circles"."circles" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"search_id" uuid NOT NULL,
	"status" text NOT NULL,
	"minutes" integer NOT NULL,
	"size" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"proposed_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"obstacle" text,
	CONSTRAINT "circles_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "circles_status_known" CHECK ("circles"."circles"."status" in ('suggested', 'proposed', 'going_ahead', 'not_going_ahead')),
	CONSTRAINT "circles_obstacle" CHECK ("circles"."circles"."obstacle" in ('limit', 'listing', 'member', 'other')),
	CONSTRAINT "circles_whole" CHECK ("circles"."circles"."size" between 2 and 5 and "circles"."circles"."minutes" > 0),
	CONSTRAINT "circles_proposed" CHECK (("circles"."circles"."status" = 'suggested') = ("circles"."circles"."proposed_at" is null))
);
--> statement-breakpoint
CREATE TABLE "circles"."links" (
	"timebank_id" uuid NOT NULL,
	"circle_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"provider_id" uuid NOT NULL,
	"receiver_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"fit" real NOT NULL,
	"standing" boolean DEFAULT false NOT NULL,
	"agreed_at" timestamp with time zone,
	"agreed_by_person" uuid,
	"agreed_by_membership" uuid,
	"agreed_source" text,
	"agreed_slip" text,
	"exchange_id" uuid,
	CONSTRAINT "links_timebank_id_circle_id_position_pk" PRIMARY KEY("timebank_id","circle_id","position"),
	CONSTRAINT "links_two_members" CHECK ("circles"."links"."provider_id" <> "circles"."links"."receiver_id"),
	CONSTRAINT "links_fit" CHECK ("circles"."links"."fit" between 0 and 1)
);
--> statement-breakpoint
CREATE TABLE "circles"."searches" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"state" text NOT NULL,
	"budget_ms" integer NOT NULL,
	"requested_by" uuid,
	"requested_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"members" integer,
	"offers" integer,
	"requests" integer,
	"circles" integer,
	"members_helped" integer,
	"bound" text,
	"milliseconds" integer,
	CONSTRAINT "searches_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "searches_state" CHECK ("circles"."searches"."state" in ('waiting', 'running', 'done', 'failed')),
	CONSTRAINT "searches_bound" CHECK ("circles"."searches"."bound" in ('time', 'rings', 'listings'))
);
--> statement-breakpoint
CREATE TABLE "conversations"."conversations" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"offer_id" uuid,
	"request_id" uuid,
	"exchange_id" uuid,
	"member_id" uuid,
	"asker_id" uuid NOT NULL,
	"asker_organisation_id" uuid,
	"asked_id" uuid,
	"asked_organisation_id" uuid,
	"started_at" timestamp with time zone NOT NULL,
	"first_reply_at" timestamp with time zone,
	"last_message_at" timestamp with time zone NOT NULL,
	"messages" integer NOT NULL,
	CONSTRAINT "conversations_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "conversations_about" CHECK (num_nonnulls("conversations"."conversations"."offer_id", "conversations"."conversations"."request_id", "conversations"."conversations"."exchange_id", "conversations"."conversations"."member_id") = 1),
	CONSTRAINT "conversations_asked" CHECK (num_nonnulls("conversations"."conversations"."asked_id", "conversations"."conversations"."asked_organisation_id") = 1),
	CONSTRAINT "conversations_two" CHECK ("conversations"."conversations"."asker_id" <> "conversations"."conversations"."asked_id")
);
--> statement-breakpoint
CREATE TABLE "conversations"."messages" (
	"timebank_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"author_id" uuid NOT NULL,
	"text" text NOT NULL,
	"erased" boolean DEFAULT false NOT NULL,
	"source" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "messages_timebank_id_conversation_id_number_pk" PRIMARY KEY("timebank_id","conversation_id","number")
);
--> statement-breakpoint
CREATE TABLE "conversations"."openings" (
	"timebank_id" uuid NOT NULL,
	"report_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	CONSTRAINT "openings_timebank_id_report_id_membership_id_pk" PRIMARY KEY("timebank_id","report_id","membership_id")
);
--> statement-breakpoint
CREATE TABLE "conversations"."participants" (
	"timebank_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"side" text NOT NULL,
	"organisation_id" uuid,
	"from_number" integer NOT NULL,
	"read_up_to" integer NOT NULL,
	"unread" integer NOT NULL,
	"muted" boolean DEFAULT false NOT NULL,
	"wrote" boolean DEFAULT false NOT NULL,
	"notice_id" uuid,
	"activity" uuid NOT NULL,
	CONSTRAINT "participants_timebank_id_conversation_id_membership_id_pk" PRIMARY KEY("timebank_id","conversation_id","membership_id"),
	CONSTRAINT "participants_side" CHECK ("conversations"."participants"."side" in ('asker', 'asked', 'broker')),
	CONSTRAINT "participants_counts" CHECK ("conversations"."participants"."from_number" > 0 and "conversations"."participants"."read_up_to" >= 0 and "conversations"."participants"."unread" >= 0)
);
--> statement-breakpoint
CREATE TABLE "conversations"."reports" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"reported_by" uuid NOT NULL,
	"reason" text NOT NULL,
	"from_number" integer NOT NULL,
	"to_number" integer NOT NULL,
	"reported_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"closed_by" uuid,
	"outcome" text,
	"note" text,
	CONSTRAINT "reports_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "reports_range" CHECK ("conversations"."reports"."from_number" <= "conversations"."reports"."to_number"),
	CONSTRAINT "reports_closed" CHECK (num_nonnulls("conversations"."reports"."closed_at", "conversations"."reports"."outcome") in (0, 2)),
	CONSTRAINT "reports_outcome" CHECK ("conversations"."reports"."outcome" in ('nothing_needed', 'spoken_with', 'measures_taken', 'passed_on'))
);
--> statement-breakpoint
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
CREATE TABLE "matching"."matches" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	"request_id" uuid NOT NULL,
	"offer_id" uuid,
	"provider_id" uuid NOT NULL,
	"provider_organisation_id" uuid,
	"receiver_id" uuid NOT NULL,
	"receiver_organisation_id" uuid,
	"suggested_by" uuid,
	"proposed_by" text,
	"proposed_at" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"exchange_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "matches_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "matches_status_known" CHECK ("matching"."matches"."status" in ('suggested', 'proposed', 'accepted', 'declined', 'withdrawn', 'expired')),
	CONSTRAINT "matches_proposed_by" CHECK ("matching"."matches"."proposed_by" in ('provider', 'receiver')),
	CONSTRAINT "matches_exchange_when_accepted" CHECK (("matching"."matches"."status" = 'accepted') = ("matching"."matches"."exchange_id" is not null)),
	CONSTRAINT "matches_two_sides" CHECK ("matching"."matches"."provider_id" <> "matching"."matches"."receiver_id")
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
CREATE TABLE "paper"."event_sheets" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"atomic" boolean NOT NULL,
	"source" text NOT NULL,
	"recorded" integer NOT NULL,
	"refused" integer NOT NULL,
	"recorded_by" uuid,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "event_sheets_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
CREATE TABLE "paper"."postal_choices" (
	"timebank_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"chosen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "postal_choices_timebank_id_membership_id_pk" PRIMARY KEY("timebank_id","membership_id")
);
--> statement-breakpoint
CREATE TABLE "paper"."sheet_lines" (
	"timebank_id" uuid NOT NULL,
	"sheet_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"status" text NOT NULL,
	"exchange_id" uuid,
	"group_id" uuid,
	"given" jsonb NOT NULL,
	"description" text NOT NULL,
	"problem" jsonb,
	CONSTRAINT "sheet_lines_timebank_id_sheet_id_line_pk" PRIMARY KEY("timebank_id","sheet_id","line"),
	CONSTRAINT "sheet_lines_outcome" CHECK (("paper"."sheet_lines"."status" = 'recorded') = (num_nonnulls("paper"."sheet_lines"."exchange_id", "paper"."sheet_lines"."group_id") = 1)),
	CONSTRAINT "sheet_lines_status" CHECK ("paper"."sheet_lines"."status" in ('recorded', 'refused'))
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
CREATE TABLE "slips"."books" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"prefix" text NOT NULL,
	"digits" integer NOT NULL,
	"from_number" integer NOT NULL,
	"to_number" integer NOT NULL,
	"holder_id" uuid,
	"holder_organisation_id" uuid,
	"note" text NOT NULL,
	"status" text NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"issued_by" uuid,
	"closed_at" timestamp with time zone,
	"closed_by" uuid,
	"closing_note" text,
	"missing_at_close" integer[],
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "books_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "books_range" CHECK ("slips"."books"."from_number" > 0 and "slips"."books"."to_number" between "slips"."books"."from_number" and "slips"."books"."from_number" + 9999),
	CONSTRAINT "books_prefix" CHECK ("slips"."books"."prefix" !~ '[0-9]$' and "slips"."books"."digits" between 1 and 9),
	CONSTRAINT "books_one_holder" CHECK ("slips"."books"."holder_id" is null or "slips"."books"."holder_organisation_id" is null),
	CONSTRAINT "books_status_known" CHECK ("slips"."books"."status" in ('issued', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "slips"."voids" (
	"timebank_id" uuid NOT NULL,
	"book_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"reason" text NOT NULL,
	"voided_at" timestamp with time zone NOT NULL,
	"voided_by" uuid,
	CONSTRAINT "voids_timebank_id_book_id_number_pk" PRIMARY KEY("timebank_id","book_id","number")
);
--> statement-breakpoint
CREATE TABLE "thanks"."notes" (
	"timebank_id" uuid NOT NULL,
	"exchange_id" uuid NOT NULL,
	"side" text NOT NULL,
	"id" uuid NOT NULL,
	"author_id" uuid NOT NULL,
	"author_organisation_id" uuid,
	"about_id" uuid,
	"about_organisation_id" uuid,
	"text" text NOT NULL,
	"visibility" text NOT NULL,
	"shared" boolean DEFAULT false NOT NULL,
	"hidden" boolean DEFAULT false NOT NULL,
	"given_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "notes_timebank_id_exchange_id_side_pk" PRIMARY KEY("timebank_id","exchange_id","side"),
	CONSTRAINT "notes_side" CHECK ("thanks"."notes"."side" in ('provider', 'receiver')),
	CONSTRAINT "notes_visibility" CHECK ("thanks"."notes"."visibility" in ('private', 'timebank')),
	CONSTRAINT "notes_about_one" CHECK (num_nonnulls("thanks"."notes"."about_id", "thanks"."notes"."about_organisation_id") = 1),
	CONSTRAINT "notes_hidden" CHECK (not ("thanks"."notes"."shared" and "thanks"."notes"."hidden"))
);
--> statement-breakpoint
ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_shape";--> statement-breakpoint
ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_rule";--> statement-breakpoint
ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_status";--> statement-breakpoint
ALTER TABLE "members"."screenings" DROP CONSTRAINT "screenings_kind";--> statement-breakpoint
DROP INDEX "listings"."offers_place";--> statement-breakpoint
DROP INDEX "listings"."requests_place";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "revision" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "guardian_consent" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "contact_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "preparation_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "travel_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "disputed_by" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "disputed_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "no_show" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "recorded_by_member" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "recorded_as" text;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "corrects_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "corrected_by_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "reported_by" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "needs_broker" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD COLUMN "settled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD COLUMN "vetted_until" date;--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD COLUMN "valid_until" date;--> statement-breakpoint
ALTER TABLE "circles"."circles" ADD CONSTRAINT "circles_timebank_id_search_id_searches_timebank_id_id_fk" FOREIGN KEY ("timebank_id","search_id") REFERENCES "circles"."searches"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_circle_id_circles_timebank_id_id_fk" FOREIGN KEY ("timebank_id","circle_id") REFERENCES "circles"."circles"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_asker_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asker_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_asked_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asked_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_asker_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asker_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."conversations" ADD CONSTRAINT "conversations_timebank_id_asked_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asked_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."messages" ADD CONSTRAINT "messages_timebank_id_conversation_id_conversations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","conversation_id") REFERENCES "conversations"."conversations"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."messages" ADD CONSTRAINT "messages_timebank_id_conversation_id_author_id_participants_timebank_id_conversation_id_membership_id_fk" FOREIGN KEY ("timebank_id","conversation_id","author_id") REFERENCES "conversations"."participants"("timebank_id","conversation_id","membership_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."openings" ADD CONSTRAINT "openings_timebank_id_report_id_reports_timebank_id_id_fk" FOREIGN KEY ("timebank_id","report_id") REFERENCES "conversations"."reports"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."participants" ADD CONSTRAINT "participants_timebank_id_conversation_id_conversations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","conversation_id") REFERENCES "conversations"."conversations"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."participants" ADD CONSTRAINT "participants_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations"."reports" ADD CONSTRAINT "reports_timebank_id_conversation_id_conversations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","conversation_id") REFERENCES "conversations"."conversations"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."group_answers" ADD CONSTRAINT "group_answers_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_asked_by_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","asked_by") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."queries" ADD CONSTRAINT "queries_timebank_id_answered_by_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","answered_by") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mailings"."preferences" ADD CONSTRAINT "preferences_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_provider_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_receiver_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."family" ADD CONSTRAINT "family_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."family" ADD CONSTRAINT "family_timebank_id_relative_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","relative_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."postal_choices" ADD CONSTRAINT "postal_choices_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_sheet_id_event_sheets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","sheet_id") REFERENCES "paper"."event_sheets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."statement_run_members" ADD CONSTRAINT "statement_run_members_timebank_id_run_id_statement_runs_timebank_id_id_fk" FOREIGN KEY ("timebank_id","run_id") REFERENCES "paper"."statement_runs"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."statement_run_members" ADD CONSTRAINT "statement_run_members_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
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
ALTER TABLE "slips"."books" ADD CONSTRAINT "books_timebank_id_holder_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slips"."books" ADD CONSTRAINT "books_timebank_id_holder_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slips"."voids" ADD CONSTRAINT "voids_timebank_id_book_id_books_timebank_id_id_fk" FOREIGN KEY ("timebank_id","book_id") REFERENCES "slips"."books"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_author_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","author_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_about_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","about_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_author_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","author_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_about_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","about_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "circles_status" ON "circles"."circles" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "circles_search" ON "circles"."circles" USING btree ("timebank_id","search_id","id");--> statement-breakpoint
CREATE INDEX "circles_expiry" ON "circles"."circles" USING btree ("timebank_id","expires_at") WHERE status = 'proposed';--> statement-breakpoint
CREATE INDEX "circles_closed" ON "circles"."circles" USING btree ("timebank_id","closed_at") WHERE status = 'not_going_ahead';--> statement-breakpoint
CREATE UNIQUE INDEX "links_provider" ON "circles"."links" USING btree ("timebank_id","provider_id","circle_id");--> statement-breakpoint
CREATE UNIQUE INDEX "links_receiver" ON "circles"."links" USING btree ("timebank_id","receiver_id","circle_id");--> statement-breakpoint
CREATE UNIQUE INDEX "links_standing_offer" ON "circles"."links" USING btree ("timebank_id","offer_id") WHERE standing;--> statement-breakpoint
CREATE UNIQUE INDEX "links_standing_request" ON "circles"."links" USING btree ("timebank_id","request_id") WHERE standing;--> statement-breakpoint
CREATE UNIQUE INDEX "links_exchange" ON "circles"."links" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "searches_one_at_a_time" ON "circles"."searches" USING btree ("timebank_id") WHERE state in ('waiting', 'running');--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_offer" ON "conversations"."conversations" USING btree ("timebank_id","offer_id","asker_id") WHERE offer_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_request" ON "conversations"."conversations" USING btree ("timebank_id","request_id","asker_id") WHERE request_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_exchange" ON "conversations"."conversations" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_member" ON "conversations"."conversations" USING btree ("timebank_id","member_id","asker_id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "conversations_started" ON "conversations"."conversations" USING btree ("timebank_id","started_at","id") WHERE member_id is null;--> statement-breakpoint
CREATE INDEX "conversations_unanswered" ON "conversations"."conversations" USING btree ("timebank_id","started_at","id") WHERE first_reply_at is null and member_id is null;--> statement-breakpoint
CREATE INDEX "messages_author" ON "conversations"."messages" USING btree ("timebank_id","author_id","created_at");--> statement-breakpoint
CREATE INDEX "participants_newest" ON "conversations"."participants" USING btree ("timebank_id","membership_id","activity");--> statement-breakpoint
CREATE INDEX "participants_unread" ON "conversations"."participants" USING btree ("timebank_id","membership_id","activity") WHERE unread > 0;--> statement-breakpoint
CREATE INDEX "reports_conversation" ON "conversations"."reports" USING btree ("timebank_id","conversation_id","id");--> statement-breakpoint
CREATE INDEX "reports_by" ON "conversations"."reports" USING btree ("timebank_id","reported_by");--> statement-breakpoint
CREATE UNIQUE INDEX "reports_open_once" ON "conversations"."reports" USING btree ("timebank_id","conversation_id","reported_by") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "reports_open" ON "conversations"."reports" USING btree ("timebank_id","id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "queries_exchange" ON "exchanges"."queries" USING btree ("timebank_id","exchange_id","id");--> statement-breakpoint
CREATE INDEX "queries_status" ON "exchanges"."queries" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "queries_asked_by" ON "exchanges"."queries" USING btree ("timebank_id","asked_by");--> statement-breakpoint
CREATE INDEX "queries_answered_by" ON "exchanges"."queries" USING btree ("timebank_id","answered_by") WHERE answered_by is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "items_open_once" ON "follow_ups"."items" USING btree ("timebank_id","kind","subject_id") WHERE closed_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "items_open_account" ON "follow_ups"."items" USING btree ("timebank_id","kind","account_id") WHERE closed_at is null and account_id is not null;--> statement-breakpoint
CREATE INDEX "items_open_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_kind" ON "follow_ups"."items" USING btree ("timebank_id","kind","due_on","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_open_assignee" ON "follow_ups"."items" USING btree ("timebank_id","assignee_id","due_on","kind","subject_id","round") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "items_snoozed" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is null and snoozed_until is not null;--> statement-breakpoint
CREATE INDEX "items_closed_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round") WHERE closed_at is not null;--> statement-breakpoint
CREATE INDEX "items_closed_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round") WHERE closed_at is not null;--> statement-breakpoint
CREATE INDEX "items_due" ON "follow_ups"."items" USING btree ("timebank_id","due_on","kind","subject_id","round");--> statement-breakpoint
CREATE INDEX "items_opened" ON "follow_ups"."items" USING btree ("timebank_id","opened_at","kind","subject_id","round");--> statement-breakpoint
CREATE INDEX "items_member" ON "follow_ups"."items" USING btree ("timebank_id","member_id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "items_other_member" ON "follow_ups"."items" USING btree ("timebank_id","other_member_id") WHERE other_member_id is not null;--> statement-breakpoint
CREATE INDEX "mails_of_member" ON "mailings"."mails" USING btree ("timebank_id","membership_id","made_at");--> statement-breakpoint
CREATE INDEX "mails_age" ON "mailings"."mails" USING brin ("timebank_id","made_at");--> statement-breakpoint
CREATE INDEX "waiting_due" ON "mailings"."waiting" USING btree ("timebank_id","due_at","membership_id");--> statement-breakpoint
CREATE UNIQUE INDEX "matches_asked_once" ON "matching"."matches" USING btree ("timebank_id","request_id",coalesce(provider_organisation_id, provider_id),"proposed_by") WHERE proposed_by is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "matches_open_once" ON "matching"."matches" USING btree ("timebank_id","request_id",coalesce(provider_organisation_id, provider_id)) WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE INDEX "matches_provider" ON "matching"."matches" USING btree ("timebank_id","provider_id","id");--> statement-breakpoint
CREATE INDEX "matches_receiver" ON "matching"."matches" USING btree ("timebank_id","receiver_id","id");--> statement-breakpoint
CREATE INDEX "matches_provider_organisation" ON "matching"."matches" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "matches_receiver_organisation" ON "matching"."matches" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "matches_request" ON "matching"."matches" USING btree ("timebank_id","request_id","id");--> statement-breakpoint
CREATE INDEX "matches_offer" ON "matching"."matches" USING btree ("timebank_id","offer_id","id") WHERE offer_id is not null;--> statement-breakpoint
CREATE INDEX "matches_open" ON "matching"."matches" USING btree ("timebank_id","id") WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE INDEX "matches_expiry" ON "matching"."matches" USING btree ("timebank_id","expires_at") WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE UNIQUE INDEX "matches_exchange" ON "matching"."matches" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
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
CREATE INDEX "slots_to_remind" ON "schedule"."slots" USING btree ("timebank_id","starts_at") WHERE not reminded and not off;--> statement-breakpoint
CREATE INDEX "books_number" ON "slips"."books" USING btree ("timebank_id","prefix","from_number");--> statement-breakpoint
CREATE INDEX "books_status" ON "slips"."books" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "books_holder" ON "slips"."books" USING btree ("timebank_id","holder_id","id");--> statement-breakpoint
CREATE INDEX "notes_about" ON "thanks"."notes" USING btree ("timebank_id","about_id","id");--> statement-breakpoint
CREATE INDEX "notes_about_organisation" ON "thanks"."notes" USING btree ("timebank_id","about_organisation_id","id") WHERE about_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "notes_author" ON "thanks"."notes" USING btree ("timebank_id","author_id","id");--> statement-breakpoint
CREATE INDEX "notes_author_organisation" ON "thanks"."notes" USING btree ("timebank_id","author_organisation_id","id") WHERE author_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "notes_open" ON "thanks"."notes" USING btree ("timebank_id","about_id","id") WHERE visibility = 'timebank' and shared and not hidden and text <> '';--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_corrects_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","corrects_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "exchanges_offer" ON "exchanges"."exchanges" USING btree ("timebank_id","offer_id","id") WHERE offer_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_group" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_id","group_id") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_group" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_id","group_id") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation_group" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","group_id") WHERE group_id is not null and provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation_group" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","group_id") WHERE group_id is not null and receiver_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_slip_number" ON "exchanges"."exchanges" USING btree ("timebank_id","slip_number","id") WHERE slip_number is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_corrects" ON "exchanges"."exchanges" USING btree ("timebank_id","corrects_id") WHERE corrects_id is not null;--> statement-breakpoint
CREATE INDEX "groups_status_order" ON "exchanges"."groups" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "offers_minutes" ON "listings"."offers" USING btree ("timebank_id","estimated_minutes","id") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "requests_opened" ON "listings"."requests" USING btree ("timebank_id","opened_at") WHERE opened_at is not null;--> statement-breakpoint
CREATE INDEX "requests_minutes" ON "listings"."requests" USING btree ("timebank_id","estimated_minutes","id") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "offers_place" ON "listings"."offers" USING btree ("timebank_id","coarse_latitude","coarse_longitude","id","membership_id","organisation_id","latitude","longitude","status") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "requests_place" ON "listings"."requests" USING btree ("timebank_id","coarse_latitude","coarse_longitude","id","membership_id","organisation_id","latitude","longitude","status") WHERE status = 'open';--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_sides_named" CHECK ("exchanges"."exchanges"."disputed_by" in ('provider', 'receiver', 'broker') and "exchanges"."exchanges"."no_show" in ('provider', 'receiver'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_guardian_consent" CHECK ("exchanges"."exchanges"."guardian_consent" in ('in_person', 'phone', 'writing'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_recorded_as" CHECK ("exchanges"."exchanges"."recorded_as" in ('provider', 'receiver', 'broker', 'member', 'service'));--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_disputed_minutes" CHECK ("exchanges"."exchanges"."disputed_minutes" > 0 and "exchanges"."exchanges"."revision" >= 0);--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_minutes_beside" CHECK ("exchanges"."exchanges"."contact_minutes" > 0 and "exchanges"."exchanges"."preparation_minutes" >= 0 and "exchanges"."exchanges"."travel_minutes" >= 0);--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_shape" CHECK ("exchanges"."groups"."shape" in ('one_to_one', 'one_to_many', 'many_to_one', 'many_to_many'));--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_rule" CHECK (("exchanges"."groups"."shape" in ('one_to_many', 'many_to_many')) = ("exchanges"."groups"."rule" is not null));--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_status" CHECK ("exchanges"."groups"."status" in ('reported', 'disputed', 'settled', 'cancelled', 'reversed'));--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD CONSTRAINT "screenings_valid_until" CHECK (("members"."screenings"."kind" = 'vetting') = ("members"."screenings"."valid_until" is not null));--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD CONSTRAINT "screenings_kind" CHECK ("members"."screenings"."kind" in ('reference', 'interview', 'vetting'));