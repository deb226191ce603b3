CREATE SCHEMA "conversations";
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
CREATE UNIQUE INDEX "conversations_offer" ON "conversations"."conversations" USING btree ("timebank_id","offer_id","asker_id") WHERE offer_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_request" ON "conversations"."conversations" USING btree ("timebank_id","request_id","asker_id") WHERE request_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_exchange" ON "conversations"."conversations" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_member" ON "conversations"."conversations" USING btree ("timebank_id","member_id","asker_id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "conversations_started" ON "conversations"."conversations" USING btree ("timebank_id","started_at","id") WHERE member_id is null;--> statement-breakpoint
CREATE INDEX "conversations_unanswered" ON "conversations"."conversations" USING btree ("timebank_id","started_at","id") WHERE first_reply_at is null and member_id is null;--> statement-breakpoint
CREATE INDEX "messages_author" ON "conversations"."messages" USING btree ("timebank_id","author_id","created_at");--> statement-breakpoint
CREATE INDEX "messages_age" ON "conversations"."messages" USING brin ("timebank_id","created_at");--> statement-breakpoint
CREATE INDEX "participants_newest" ON "conversations"."participants" USING btree ("timebank_id","membership_id","activity");--> statement-breakpoint
CREATE INDEX "participants_unread" ON "conversations"."participants" USING btree ("timebank_id","membership_id","activity") WHERE unread > 0;--> statement-breakpoint
CREATE INDEX "reports_conversation" ON "conversations"."reports" USING btree ("timebank_id","conversation_id","id");--> statement-breakpoint
CREATE INDEX "reports_by" ON "conversations"."reports" USING btree ("timebank_id","reported_by");--> statement-breakpoint
CREATE UNIQUE INDEX "reports_open_once" ON "conversations"."reports" USING btree ("timebank_id","conversation_id","reported_by") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "reports_open" ON "conversations"."reports" USING btree ("timebank_id","id") WHERE closed_at is null;