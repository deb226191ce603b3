CREATE SCHEMA "agencies";
--> statement-breakpoint
CREATE SCHEMA "budgets";
--> statement-breakpoint
CREATE SCHEMA "consents";
--> statement-breakpoint
CREATE SCHEMA "service_requests";
--> statement-breakpoint
CREATE SCHEMA "supporters";
--> statement-breakpoint
CREATE SCHEMA "webhooks";
--> statement-breakpoint
CREATE TABLE "agencies"."clients" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"professional_id" uuid,
	"requests_per_minute" integer,
	"created_by" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "clients_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "clients_quota" CHECK ("agencies"."clients"."requests_per_minute" between 1 and 100000)
);
--> statement-breakpoint
CREATE TABLE "agencies"."secrets" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"client_id" uuid NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"asked_by" uuid,
	CONSTRAINT "secrets_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
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
CREATE TABLE "consents"."consents" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"scopes" text[] NOT NULL,
	"wording_version" integer NOT NULL,
	"wording_language" text NOT NULL,
	"voice" text NOT NULL,
	"given_by" uuid NOT NULL,
	"how" text NOT NULL,
	"given_at" timestamp with time zone NOT NULL,
	"recorded_by" uuid,
	"valid_to" date,
	"expires_at" timestamp with time zone,
	"subject_type" text,
	"subject_id" uuid,
	"status" text NOT NULL,
	"closed_at" timestamp with time zone,
	"superseded_by" uuid,
	CONSTRAINT "consents_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "consents_purpose" CHECK ("consents"."consents"."purpose" in ('referral', 'joined_up')),
	CONSTRAINT "consents_scopes" CHECK ("consents"."consents"."scopes" <@ '{contact,share_status,share_attendance,share_outcome,see_others_involved}'::text[] and cardinality("consents"."consents"."scopes") > 0),
	CONSTRAINT "consents_scopes_of_purpose" CHECK ("consents"."consents"."purpose" <> 'joined_up' or "consents"."consents"."scopes" = '{see_others_involved}'::text[]),
	CONSTRAINT "consents_voice" CHECK ("consents"."consents"."voice" in ('self', 'supporter', 'guardian')),
	CONSTRAINT "consents_voice_own" CHECK (("consents"."consents"."voice" = 'self') = ("consents"."consents"."given_by" = "consents"."consents"."membership_id")),
	CONSTRAINT "consents_how" CHECK ("consents"."consents"."how" in ('in_person', 'phone', 'writing', 'online')),
	CONSTRAINT "consents_status" CHECK ("consents"."consents"."status" in ('given', 'withdrawn', 'expired', 'superseded')),
	CONSTRAINT "consents_closed" CHECK (("consents"."consents"."status" = 'given') = ("consents"."consents"."closed_at" is null)),
	CONSTRAINT "consents_superseded" CHECK (("consents"."consents"."status" = 'superseded') = ("consents"."consents"."superseded_by" is not null)),
	CONSTRAINT "consents_expiry" CHECK (("consents"."consents"."valid_to" is null) = ("consents"."consents"."expires_at" is null)),
	CONSTRAINT "consents_subject" CHECK (("consents"."consents"."subject_type" is null) = ("consents"."consents"."subject_id" is null))
);
--> statement-breakpoint
CREATE TABLE "consents"."disclosures" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"organisation_id" uuid NOT NULL,
	"client_id" uuid NOT NULL,
	"affiliation_id" uuid NOT NULL,
	"membership_id" uuid,
	"subject_type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"parts" text[] NOT NULL,
	CONSTRAINT "disclosures_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
CREATE TABLE "consents"."withdrawals" (
	"timebank_id" uuid NOT NULL,
	"consent_id" uuid NOT NULL,
	"scope" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"voice" text NOT NULL,
	"how" text NOT NULL,
	"recorded_by" uuid,
	CONSTRAINT "withdrawals_timebank_id_consent_id_scope_pk" PRIMARY KEY("timebank_id","consent_id","scope"),
	CONSTRAINT "withdrawals_voice" CHECK ("consents"."withdrawals"."voice" in ('self', 'supporter', 'guardian')),
	CONSTRAINT "withdrawals_how" CHECK ("consents"."withdrawals"."how" in ('in_person', 'phone', 'writing', 'online', 'leaving'))
);
--> statement-breakpoint
CREATE TABLE "consents"."wordings" (
	"timebank_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"version" integer NOT NULL,
	"language" text NOT NULL,
	"text" text NOT NULL,
	"added_by" uuid,
	"added_at" timestamp with time zone NOT NULL,
	CONSTRAINT "wordings_timebank_id_purpose_version_language_pk" PRIMARY KEY("timebank_id","purpose","version","language"),
	CONSTRAINT "wordings_purpose" CHECK ("consents"."wordings"."purpose" in ('referral', 'joined_up')),
	CONSTRAINT "wordings_version" CHECK ("consents"."wordings"."version" >= 2)
);
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
CREATE TABLE "supporters"."supports" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"supporter_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"scopes" text[] NOT NULL,
	"valid_to" date,
	"expires_at" timestamp with time zone,
	"authority" text,
	"authority_seen" text,
	"authority_seen_on" date,
	"proposed_by" uuid,
	"proposed_at" timestamp with time zone NOT NULL,
	"active_since" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "supports_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "supports_two" CHECK ("supporters"."supports"."membership_id" <> "supporters"."supports"."supporter_id"),
	CONSTRAINT "supports_kind" CHECK ("supporters"."supports"."kind" in ('supporter', 'advocate', 'guardian')),
	CONSTRAINT "supports_status" CHECK ("supporters"."supports"."status" in ('proposed', 'active', 'ended', 'revoked', 'expired')),
	CONSTRAINT "supports_scopes" CHECK ("supporters"."supports"."scopes" <@ '{view,consents,budget}'::text[]),
	CONSTRAINT "supports_expiry" CHECK (("supporters"."supports"."valid_to" is null) = ("supporters"."supports"."expires_at" is null)),
	CONSTRAINT "supports_closed" CHECK (("supporters"."supports"."status" in ('proposed', 'active')) = ("supporters"."supports"."closed_at" is null)),
	CONSTRAINT "supports_authority" CHECK (num_nonnulls("supporters"."supports"."authority", "supporters"."supports"."authority_seen", "supporters"."supports"."authority_seen_on") = CASE WHEN "supporters"."supports"."kind" = 'guardian' THEN 3 ELSE 0 END),
	CONSTRAINT "supports_authority_known" CHECK ("supporters"."supports"."authority" in ('parental_responsibility', 'court_appointment', 'power_of_attorney', 'statutory_appointment') and "supporters"."supports"."authority_seen" in ('document_in_person', 'document_copy', 'confirmed_by_authority'))
);
--> statement-breakpoint
CREATE TABLE "webhooks"."deliveries" (
	"timebank_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone,
	"last_outcome" text,
	"last_status" integer,
	CONSTRAINT "deliveries_timebank_id_endpoint_id_event_id_pk" PRIMARY KEY("timebank_id","endpoint_id","event_id"),
	CONSTRAINT "deliveries_state_known" CHECK ("webhooks"."deliveries"."state" in ('waiting', 'delivered', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "webhooks"."endpoints" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"types" text[],
	"state" text NOT NULL,
	"secret" "bytea" NOT NULL,
	"previous_secret" "bytea",
	"previous_until" timestamp with time zone,
	"unverified_since" timestamp with time zone,
	"verified_at" timestamp with time zone,
	"tried_at" timestamp with time zone,
	"tried_outcome" text,
	"disabled_at" timestamp with time zone,
	"disabled_by" text,
	"disabled_why" text,
	"failing_since" timestamp with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"probe_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"turn" uuid,
	"turn_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "endpoints_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "endpoints_state" CHECK ("webhooks"."endpoints"."state" in ('unverified', 'active', 'disabled')),
	CONSTRAINT "endpoints_unverified" CHECK (("webhooks"."endpoints"."state" = 'unverified') = ("webhooks"."endpoints"."unverified_since" is not null)),
	CONSTRAINT "endpoints_disabled" CHECK (("webhooks"."endpoints"."state" = 'disabled') = ("webhooks"."endpoints"."disabled_at" is not null)),
	CONSTRAINT "endpoints_disabled_by" CHECK (("webhooks"."endpoints"."disabled_at" is null) = ("webhooks"."endpoints"."disabled_by" is null)),
	CONSTRAINT "endpoints_previous" CHECK (("webhooks"."endpoints"."previous_secret" is null) = ("webhooks"."endpoints"."previous_until" is null))
);
--> statement-breakpoint
CREATE TABLE "webhooks"."events" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"type" text NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "events_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
ALTER TABLE "audit"."events" ADD COLUMN "agency_id" uuid;--> statement-breakpoint
ALTER TABLE "audit"."events" ADD COLUMN "agency_client_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_account_id" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "budget_minutes" integer;--> statement-breakpoint
ALTER TABLE "listings"."requests" ADD COLUMN "followed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "timebanks"."timebanks" ADD COLUMN "sandbox" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "agencies"."clients" ADD CONSTRAINT "clients_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agencies"."clients" ADD CONSTRAINT "clients_timebank_id_professional_id_affiliations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","professional_id") REFERENCES "members"."affiliations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agencies"."secrets" ADD CONSTRAINT "secrets_timebank_id_client_id_clients_timebank_id_id_fk" FOREIGN KEY ("timebank_id","client_id") REFERENCES "agencies"."clients"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_funder_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","funder_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_member_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","member_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."budgets" ADD CONSTRAINT "budgets_timebank_id_holder_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."holders" ADD CONSTRAINT "holders_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."holders" ADD CONSTRAINT "holders_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets"."plans" ADD CONSTRAINT "plans_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents"."consents" ADD CONSTRAINT "consents_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents"."consents" ADD CONSTRAINT "consents_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents"."withdrawals" ADD CONSTRAINT "withdrawals_timebank_id_consent_id_consents_timebank_id_id_fk" FOREIGN KEY ("timebank_id","consent_id") REFERENCES "consents"."consents"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
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
ALTER TABLE "supporters"."supports" ADD CONSTRAINT "supports_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "supporters"."supports" ADD CONSTRAINT "supports_timebank_id_supporter_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","supporter_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks"."deliveries" ADD CONSTRAINT "deliveries_timebank_id_endpoint_id_endpoints_timebank_id_id_fk" FOREIGN KEY ("timebank_id","endpoint_id") REFERENCES "webhooks"."endpoints"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks"."deliveries" ADD CONSTRAINT "deliveries_timebank_id_event_id_events_timebank_id_id_fk" FOREIGN KEY ("timebank_id","event_id") REFERENCES "webhooks"."events"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks"."endpoints" ADD CONSTRAINT "endpoints_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "clients_organisation" ON "agencies"."clients" USING btree ("timebank_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "clients_id" ON "agencies"."clients" USING btree ("id","timebank_id");--> statement-breakpoint
CREATE INDEX "secrets_client" ON "agencies"."secrets" USING btree ("timebank_id","client_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "secrets_hash" ON "agencies"."secrets" USING btree ("timebank_id","secret_hash");--> statement-breakpoint
CREATE INDEX "budgets_status" ON "budgets"."budgets" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "budgets_funder" ON "budgets"."budgets" USING btree ("timebank_id","funder_id","id");--> statement-breakpoint
CREATE INDEX "budgets_member" ON "budgets"."budgets" USING btree ("timebank_id","member_id","id") WHERE member_id is not null;--> statement-breakpoint
CREATE INDEX "budgets_organisation" ON "budgets"."budgets" USING btree ("timebank_id","organisation_id","id") WHERE organisation_id is not null;--> statement-breakpoint
CREATE INDEX "budgets_holder_organisation" ON "budgets"."budgets" USING btree ("timebank_id","holder_organisation_id","id") WHERE holder_organisation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "budgets_account" ON "budgets"."budgets" USING btree ("timebank_id","account_id") WHERE account_id is not null;--> statement-breakpoint
CREATE INDEX "holders_member" ON "budgets"."holders" USING btree ("timebank_id","membership_id","budget_id");--> statement-breakpoint
CREATE INDEX "plans_written_by" ON "budgets"."plans" USING btree ("timebank_id","written_by");--> statement-breakpoint
CREATE UNIQUE INDEX "consents_one_in_force" ON "consents"."consents" USING btree ("timebank_id","membership_id","organisation_id","purpose") WHERE status = 'given';--> statement-breakpoint
CREATE INDEX "consents_member" ON "consents"."consents" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "consents_status" ON "consents"."consents" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "consents_of_purpose" ON "consents"."consents" USING btree ("timebank_id","purpose","id");--> statement-breakpoint
CREATE INDEX "consents_to" ON "consents"."consents" USING btree ("timebank_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "consents_organisation" ON "consents"."consents" USING btree ("timebank_id","organisation_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "consents_due" ON "consents"."consents" USING btree ("timebank_id","expires_at") WHERE status = 'given' and expires_at is not null;--> statement-breakpoint
CREATE INDEX "disclosures_member" ON "consents"."disclosures" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "disclosures_member_organisation" ON "consents"."disclosures" USING btree ("timebank_id","membership_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "disclosures_subject" ON "consents"."disclosures" USING btree ("timebank_id","subject_type","subject_id") WHERE membership_id is null;--> statement-breakpoint
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
CREATE INDEX "requests_created" ON "service_requests"."requests" USING btree ("timebank_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "supports_one_open" ON "supporters"."supports" USING btree ("timebank_id","membership_id","supporter_id") WHERE status in ('proposed', 'active');--> statement-breakpoint
CREATE INDEX "supports_member" ON "supporters"."supports" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "supports_supporter" ON "supporters"."supports" USING btree ("timebank_id","supporter_id","id");--> statement-breakpoint
CREATE INDEX "supports_due" ON "supporters"."supports" USING btree ("timebank_id","expires_at") WHERE status in ('proposed', 'active');--> statement-breakpoint
CREATE INDEX "deliveries_event" ON "webhooks"."deliveries" USING btree ("timebank_id","event_id");--> statement-breakpoint
CREATE INDEX "deliveries_state" ON "webhooks"."deliveries" USING btree ("timebank_id","endpoint_id","state","event_id");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "webhooks"."deliveries" USING btree ("timebank_id","endpoint_id","next_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "deliveries_waiting" ON "webhooks"."deliveries" USING btree ("timebank_id","started_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "endpoints_url" ON "webhooks"."endpoints" USING btree ("timebank_id","organisation_id","url");--> statement-breakpoint
CREATE INDEX "events_of_organisation" ON "webhooks"."events" USING btree ("timebank_id","organisation_id","at");--> statement-breakpoint
CREATE INDEX "events_age" ON "webhooks"."events" USING brin ("timebank_id","at");--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_budget_id_budgets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","budget_id") REFERENCES "budgets"."budgets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "events_agency" ON "audit"."events" USING btree ("timebank_id","agency_id","id") WHERE agency_id is not null;--> statement-breakpoint
CREATE INDEX "events_agency_client" ON "audit"."events" USING btree ("timebank_id","agency_client_id","id") WHERE agency_client_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_budget" ON "exchanges"."exchanges" USING btree ("timebank_id","budget_id","id") WHERE budget_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_professional" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_id","status","performed_on") WHERE provider_capacity <> 'citizen';--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_budget_whole" CHECK (("exchanges"."exchanges"."budget_id" is null) = ("exchanges"."exchanges"."budget_account_id" is null));