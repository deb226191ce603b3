CREATE SCHEMA "service_requests";
--> statement-breakpoint
CREATE TABLE "service_requests"."clocks" (
	"timebank_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "clocks_timebank_id_pk" PRIMARY KEY("timebank_id")
);
--> statement-breakpoint
CREATE TABLE "service_requests"."contacts" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"service_request_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"way" text NOT NULL,
	"result" text NOT NULL,
	"noted_by" uuid NOT NULL,
	CONSTRAINT "contacts_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "contacts_way" CHECK ("service_requests"."contacts"."way" in ('phone', 'letter', 'email', 'visit')),
	CONSTRAINT "contacts_result" CHECK ("service_requests"."contacts"."result" in ('reached', 'not_reached', 'message_left'))
);
--> statement-breakpoint
CREATE TABLE "service_requests"."history" (
	"timebank_id" uuid NOT NULL,
	"service_request_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"outcome" text,
	"at" timestamp with time zone NOT NULL,
	"part" text NOT NULL,
	"status_open" boolean NOT NULL,
	CONSTRAINT "history_timebank_id_service_request_id_position_pk" PRIMARY KEY("timebank_id","service_request_id","position"),
	CONSTRAINT "history_part" CHECK ("service_requests"."history"."part" in ('agency', 'person', 'broker', 'service'))
);
--> statement-breakpoint
CREATE TABLE "service_requests"."meetings" (
	"timebank_id" uuid NOT NULL,
	"service_request_id" uuid NOT NULL,
	"arrangement_id" uuid NOT NULL,
	CONSTRAINT "meetings_timebank_id_service_request_id_arrangement_id_pk" PRIMARY KEY("timebank_id","service_request_id","arrangement_id")
);
--> statement-breakpoint
CREATE TABLE "service_requests"."requests" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"affiliation_id" uuid NOT NULL,
	"professional_id" uuid NOT NULL,
	"client_id" text,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"sub_status" text,
	"reason" text,
	"outcome" text,
	"status_open" boolean DEFAULT true NOT NULL,
	"external_system" text,
	"external_value" text,
	"claimed_number" integer,
	"membership_id" uuid,
	"category_id" uuid NOT NULL,
	"helpers_needed" integer NOT NULL,
	"estimated_minutes" integer,
	"first_on" date,
	"rrule" text,
	"setting" text NOT NULL,
	"priority" text NOT NULL,
	"budget_id" uuid,
	"claimed_scopes" text[],
	"claimed_at" timestamp with time zone,
	"claimed_how" text,
	"claimed_by" text,
	"claimed_wording" text,
	"verified_at" timestamp with time zone,
	"verified_by" uuid,
	"consented_at" timestamp with time zone,
	"consent_id" uuid,
	"listing_id" uuid,
	"assignee_id" uuid,
	"closes_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"agency_at" timestamp with time zone NOT NULL,
	"status_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "requests_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "requests_kind" CHECK ("service_requests"."requests"."kind" in ('own_need', 'referral')),
	CONSTRAINT "requests_status_known" CHECK ("service_requests"."requests"."status" in ('requested', 'accepted', 'in_progress', 'on_hold', 'rejected', 'completed', 'failed', 'cancelled', 'entered_in_error')),
	CONSTRAINT "requests_reason" CHECK (("service_requests"."requests"."status" in ('rejected', 'cancelled', 'on_hold', 'failed')) = ("service_requests"."requests"."reason" is not null)),
	CONSTRAINT "requests_outcome" CHECK (("service_requests"."requests"."status" = 'completed') = ("service_requests"."requests"."outcome" is not null)),
	CONSTRAINT "requests_priority" CHECK ("service_requests"."requests"."priority" in ('routine', 'urgent')),
	CONSTRAINT "requests_external_whole" CHECK (("service_requests"."requests"."external_system" is null) = ("service_requests"."requests"."external_value" is null)),
	CONSTRAINT "requests_helpers" CHECK ("service_requests"."requests"."helpers_needed" between 1 and 500),
	CONSTRAINT "requests_minutes" CHECK ("service_requests"."requests"."estimated_minutes" between 1 and 100000),
	CONSTRAINT "requests_rule" CHECK ("service_requests"."requests"."rrule" is null or "service_requests"."requests"."first_on" is not null),
	CONSTRAINT "requests_own_need" CHECK ("service_requests"."requests"."kind" = 'referral' or ("service_requests"."requests"."membership_id" is null and "service_requests"."requests"."claimed_number" is null)),
	CONSTRAINT "requests_claim" CHECK (("service_requests"."requests"."kind" = 'referral') = ("service_requests"."requests"."claimed_scopes" is not null and "service_requests"."requests"."claimed_at" is not null and "service_requests"."requests"."claimed_how" is not null and "service_requests"."requests"."claimed_by" is not null)),
	CONSTRAINT "requests_yes" CHECK ("service_requests"."requests"."kind" = 'own_need' or "service_requests"."requests"."status" not in ('accepted', 'in_progress', 'on_hold', 'completed', 'failed') or ("service_requests"."requests"."membership_id" is not null and "service_requests"."requests"."consented_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "service_requests"."texts" (
	"timebank_id" uuid NOT NULL,
	"service_request_id" uuid NOT NULL,
	"title" text NOT NULL,
	"what_matters" text,
	"can_offer" text,
	"area" text,
	"access_needs" text,
	"known_risks" text,
	"wording" text,
	"contact_name" text,
	"contact_phone" text,
	"contact_email" text,
	"contact_preferred" text,
	CONSTRAINT "texts_timebank_id_service_request_id_pk" PRIMARY KEY("timebank_id","service_request_id")
);
--> statement-breakpoint
ALTER TABLE "listings"."requests" ADD COLUMN "followed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "service_requests"."contacts" ADD CONSTRAINT "contacts_timebank_id_service_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","service_request_id") REFERENCES "service_requests"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."history" ADD CONSTRAINT "history_timebank_id_service_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","service_request_id") REFERENCES "service_requests"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."meetings" ADD CONSTRAINT "meetings_timebank_id_service_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","service_request_id") REFERENCES "service_requests"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."meetings" ADD CONSTRAINT "meetings_timebank_id_arrangement_id_arrangements_timebank_id_id_fk" FOREIGN KEY ("timebank_id","arrangement_id") REFERENCES "schedule"."arrangements"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."requests" ADD CONSTRAINT "requests_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."requests" ADD CONSTRAINT "requests_timebank_id_affiliation_id_affiliations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","affiliation_id") REFERENCES "members"."affiliations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."requests" ADD CONSTRAINT "requests_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."requests" ADD CONSTRAINT "requests_timebank_id_category_id_categories_timebank_id_id_fk" FOREIGN KEY ("timebank_id","category_id") REFERENCES "listings"."categories"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."requests" ADD CONSTRAINT "requests_timebank_id_listing_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","listing_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_requests"."texts" ADD CONSTRAINT "texts_timebank_id_service_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","service_request_id") REFERENCES "service_requests"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "contacts_request" ON "service_requests"."contacts" USING btree ("timebank_id","service_request_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "meetings_arrangement" ON "service_requests"."meetings" USING btree ("timebank_id","arrangement_id");--> statement-breakpoint
CREATE UNIQUE INDEX "requests_external" ON "service_requests"."requests" USING btree ("timebank_id","organisation_id","external_system","external_value") WHERE external_value is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "requests_listing" ON "service_requests"."requests" USING btree ("timebank_id","listing_id") WHERE listing_id is not null;--> statement-breakpoint
CREATE INDEX "requests_status" ON "service_requests"."requests" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "requests_organisation" ON "service_requests"."requests" USING btree ("timebank_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "requests_member" ON "service_requests"."requests" USING btree ("timebank_id","membership_id","id") WHERE membership_id is not null;--> statement-breakpoint
CREATE INDEX "requests_assignee" ON "service_requests"."requests" USING btree ("timebank_id","assignee_id","id") WHERE assignee_id is not null;--> statement-breakpoint
CREATE INDEX "requests_professional" ON "service_requests"."requests" USING btree ("timebank_id","professional_id","id");--> statement-breakpoint
CREATE INDEX "requests_updated" ON "service_requests"."requests" USING btree ("timebank_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "requests_agency" ON "service_requests"."requests" USING btree ("timebank_id","organisation_id","agency_at","id");--> statement-breakpoint
CREATE INDEX "requests_waiting" ON "service_requests"."requests" USING btree ("timebank_id","created_at","id") WHERE status = 'requested';--> statement-breakpoint
CREATE INDEX "requests_closing" ON "service_requests"."requests" USING btree ("timebank_id","closes_at") WHERE closes_at is not null;--> statement-breakpoint
CREATE INDEX "requests_created" ON "service_requests"."requests" USING btree ("timebank_id","created_at");