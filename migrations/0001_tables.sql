CREATE SCHEMA "platform";
--> statement-breakpoint
CREATE SCHEMA "audit";
--> statement-breakpoint
CREATE SCHEMA "exchanges";
--> statement-breakpoint
CREATE SCHEMA "identity";
--> statement-breakpoint
CREATE SCHEMA "ledger";
--> statement-breakpoint
CREATE SCHEMA "listings";
--> statement-breakpoint
CREATE SCHEMA "members";
--> statement-breakpoint
CREATE SCHEMA "timebanks";
--> statement-breakpoint
CREATE TABLE "platform"."idempotency_keys" (
	"timebank_id" uuid NOT NULL,
	"caller" text NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" integer NOT NULL,
	"headers" text DEFAULT '{}' NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_timebank_id_caller_route_key_pk" PRIMARY KEY("timebank_id","caller","route","key")
);
--> statement-breakpoint
CREATE TABLE "audit"."events" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor_person_id" uuid,
	"actor_membership_id" uuid,
	"on_behalf_of" uuid,
	"source" text NOT NULL,
	"slip_number" text,
	"action" text NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" text NOT NULL,
	"changes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"reason" text,
	CONSTRAINT "events_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
CREATE TABLE "exchanges"."exchanges" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	"provider_id" uuid,
	"provider_organisation_id" uuid,
	"provider_capacity" text NOT NULL,
	"provider_affiliation_id" uuid,
	"receiver_id" uuid,
	"receiver_organisation_id" uuid,
	"receiver_capacity" text NOT NULL,
	"receiver_affiliation_id" uuid,
	"category_id" uuid NOT NULL,
	"offer_id" uuid,
	"request_id" uuid,
	"description" text DEFAULT '' NOT NULL,
	"performed_on" date,
	"proposed_minutes" integer NOT NULL,
	"agreed_minutes" integer,
	"approved_minutes" integer,
	"service_minutes" integer,
	"credit_minutes" integer,
	"policy_version" integer NOT NULL,
	"proposed_by" text NOT NULL,
	"reported_by" text,
	"reported_by_person" uuid,
	"source" text NOT NULL,
	"slip_number" text,
	"recorded_by" uuid,
	"on_behalf_of" uuid,
	"transfer_id" uuid,
	"hold_id" uuid,
	"reversal_transfer_id" uuid,
	"record_only" boolean DEFAULT false NOT NULL,
	"reason" text,
	"agreed_at" timestamp with time zone,
	"reported_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"recorded_at" timestamp with time zone NOT NULL,
	"external_source" text,
	"external_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "exchanges_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "exchanges_status_known" CHECK ("exchanges"."exchanges"."status" in ('proposed', 'agreed', 'awaiting_risk', 'awaiting_vetting', 'awaiting_guardian', 'ready', 'reported', 'settled', 'disputed', 'declined', 'cancelled', 'reversed')),
	CONSTRAINT "exchanges_capacities" CHECK ("exchanges"."exchanges"."provider_capacity" in ('citizen', 'professional', 'organisation') and "exchanges"."exchanges"."receiver_capacity" in ('citizen', 'professional', 'organisation')),
	CONSTRAINT "exchanges_two_sides" CHECK ("exchanges"."exchanges"."provider_id" <> "exchanges"."exchanges"."receiver_id"),
	CONSTRAINT "exchanges_minutes" CHECK ("exchanges"."exchanges"."proposed_minutes" > 0 and "exchanges"."exchanges"."service_minutes" > 0 and "exchanges"."exchanges"."credit_minutes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "identity"."guesses" (
	"scope" text NOT NULL,
	"key_hash" text NOT NULL,
	"failures" integer NOT NULL,
	"doublings" integer NOT NULL,
	"window_ends" timestamp with time zone NOT NULL,
	CONSTRAINT "guesses_scope_key_hash_pk" PRIMARY KEY("scope","key_hash")
);
--> statement-breakpoint
CREATE TABLE "identity"."links" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"person_id" uuid,
	"token_hash" text,
	"asked_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "links_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "identity"."persons" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text,
	"email_verified_at" timestamp with time zone,
	"name" text NOT NULL,
	"locale" text NOT NULL,
	"password_hash" text,
	"operator" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "persons_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "identity"."refresh_tokens" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"used_key_hash" text,
	"next_salt" text
);
--> statement-breakpoint
CREATE TABLE "identity"."sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"begun_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_why" text
);
--> statement-breakpoint
CREATE TABLE "identity"."setup_codes" (
	"code_hash" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "identity"."signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"private_pem" text NOT NULL,
	"public_pem" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"retired_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ledger"."accounts" (
	"timebank_id" uuid NOT NULL,
	"id" integer NOT NULL,
	"kind" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"credits" bigint DEFAULT 0 NOT NULL,
	"debits" bigint DEFAULT 0 NOT NULL,
	"held_in" bigint DEFAULT 0 NOT NULL,
	"held_out" bigint DEFAULT 0 NOT NULL,
	"floor_soft" bigint,
	"floor_hard" bigint,
	"ceiling_soft" bigint,
	"ceiling_hard" bigint,
	"version" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "accounts_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "accounts_kind" CHECK ("ledger"."accounts"."kind" in ('member', 'organisation', 'community_pot', 'budget', 'clearing', 'opening')),
	CONSTRAINT "accounts_status" CHECK ("ledger"."accounts"."status" in ('open', 'frozen', 'closed')),
	CONSTRAINT "accounts_sane" CHECK ("ledger"."accounts"."credits" >= 0 and "ledger"."accounts"."debits" >= 0 and "ledger"."accounts"."held_in" >= 0 and "ledger"."accounts"."held_out" >= 0 and "ledger"."accounts"."version" >= 0),
	CONSTRAINT "accounts_floors" CHECK ("ledger"."accounts"."floor_soft" >= "ledger"."accounts"."floor_hard"),
	CONSTRAINT "accounts_ceilings" CHECK ("ledger"."accounts"."ceiling_soft" <= "ledger"."accounts"."ceiling_hard")
);
--> statement-breakpoint
CREATE TABLE "ledger"."books" (
	"timebank_id" uuid NOT NULL,
	"next_account_id" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "books_timebank_id_pk" PRIMARY KEY("timebank_id")
);
--> statement-breakpoint
CREATE TABLE "ledger"."limit_changes" (
	"timebank_id" uuid NOT NULL,
	"account_id" integer NOT NULL,
	"version" integer NOT NULL,
	"status" text NOT NULL,
	"floor_soft" bigint,
	"floor_hard" bigint,
	"ceiling_soft" bigint,
	"ceiling_hard" bigint,
	"actor" uuid,
	"why" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "limit_changes_timebank_id_account_id_version_pk" PRIMARY KEY("timebank_id","account_id","version")
);
--> statement-breakpoint
CREATE TABLE "ledger"."transfers" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"actor" uuid,
	"fingerprint" bigint NOT NULL,
	"debit_balance" bigint NOT NULL,
	"credit_balance" bigint NOT NULL,
	"debit_account" integer NOT NULL,
	"credit_account" integer NOT NULL,
	"debit_version" integer NOT NULL,
	"credit_version" integer NOT NULL,
	"minutes" integer NOT NULL,
	"performed_on" date NOT NULL,
	"operation" smallint NOT NULL,
	"kind" smallint NOT NULL,
	"flags" smallint NOT NULL,
	"ref" uuid,
	"group_id" uuid,
	CONSTRAINT "transfers_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "transfers_shape" CHECK ("ledger"."transfers"."minutes" > 0 and "ledger"."transfers"."debit_account" <> "ledger"."transfers"."credit_account" and "ledger"."transfers"."operation" between 1 and 5 and ("ledger"."transfers"."operation" >= 3) = ("ledger"."transfers"."ref" is not null))
);
--> statement-breakpoint
CREATE TABLE "listings"."categories" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"parent_id" uuid,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"risk" text DEFAULT 'low' NOT NULL,
	"vetting" boolean DEFAULT false NOT NULL,
	"minors" boolean DEFAULT false NOT NULL,
	"home" boolean DEFAULT false NOT NULL,
	"closed" boolean DEFAULT false NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "categories_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "categories_risk" CHECK ("listings"."categories"."risk" in ('low', 'medium', 'high'))
);
--> statement-breakpoint
CREATE TABLE "listings"."offers" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"organisation_id" uuid,
	"category_id" uuid NOT NULL,
	"status" text NOT NULL,
	"title" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"mode" text NOT NULL,
	"setting" text NOT NULL,
	"availability" text[] DEFAULT '{}'::text[] NOT NULL,
	"languages" text[] DEFAULT '{}'::text[] NOT NULL,
	"area" text,
	"latitude" double precision,
	"longitude" double precision,
	"coarse_latitude" double precision GENERATED ALWAYS AS ((floor(latitude * 74.007) + 0.5) / 74.007) STORED,
	"coarse_longitude" double precision GENERATED ALWAYS AS ((floor((longitude + 180) / (360.001 / ceil(26643 * cosd((floor(latitude * 74.007) + 0.5) / 74.007)))) + 0.5) * (360.001 / ceil(26643 * cosd((floor(latitude * 74.007) + 0.5) / 74.007))) - 180) STORED,
	"estimated_minutes" integer,
	"expires_on" date,
	"opened_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	"expiry_noticed_for" date,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('simple', search.fold(title)), 'A') || setweight(to_tsvector('simple', search.fold(description)), 'B')) STORED,
	"folded" text GENERATED ALWAYS AS (search.fold(title || ' ' || description)) STORED,
	CONSTRAINT "offers_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "offers_status_known" CHECK ("listings"."offers"."status" in ('draft', 'open', 'paused', 'closed', 'expired')),
	CONSTRAINT "offers_words" CHECK ("listings"."offers"."mode" in ('do', 'teach', 'together') and "listings"."offers"."setting" in ('provider_home', 'receiver_home', 'public_place', 'outdoors', 'online', 'phone', 'any'))
);
--> statement-breakpoint
CREATE TABLE "listings"."requests" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"organisation_id" uuid,
	"category_id" uuid NOT NULL,
	"status" text NOT NULL,
	"title" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"mode" text NOT NULL,
	"setting" text NOT NULL,
	"availability" text[] DEFAULT '{}'::text[] NOT NULL,
	"languages" text[] DEFAULT '{}'::text[] NOT NULL,
	"area" text,
	"latitude" double precision,
	"longitude" double precision,
	"coarse_latitude" double precision GENERATED ALWAYS AS ((floor(latitude * 74.007) + 0.5) / 74.007) STORED,
	"coarse_longitude" double precision GENERATED ALWAYS AS ((floor((longitude + 180) / (360.001 / ceil(26643 * cosd((floor(latitude * 74.007) + 0.5) / 74.007)))) + 0.5) * (360.001 / ceil(26643 * cosd((floor(latitude * 74.007) + 0.5) / 74.007))) - 180) STORED,
	"estimated_minutes" integer,
	"expires_on" date,
	"opened_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	"expiry_noticed_for" date,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('simple', search.fold(title)), 'A') || setweight(to_tsvector('simple', search.fold(description)), 'B')) STORED,
	"folded" text GENERATED ALWAYS AS (search.fold(title || ' ' || description)) STORED,
	"helpers_needed" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "requests_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "requests_status_known" CHECK ("listings"."requests"."status" in ('draft', 'open', 'matched', 'in_progress', 'fulfilled', 'withdrawn', 'expired')),
	CONSTRAINT "requests_words" CHECK ("listings"."requests"."mode" in ('do', 'teach', 'together') and "listings"."requests"."setting" in ('provider_home', 'receiver_home', 'public_place', 'outdoors', 'online', 'phone', 'any')),
	CONSTRAINT "requests_helpers" CHECK ("listings"."requests"."helpers_needed" between 1 and 500)
);
--> statement-breakpoint
CREATE TABLE "listings"."words" (
	"timebank_id" uuid NOT NULL,
	"word" text NOT NULL,
	CONSTRAINT "words_timebank_id_word_pk" PRIMARY KEY("timebank_id","word")
);
--> statement-breakpoint
CREATE TABLE "members"."affiliations" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"title" text,
	"professional" boolean NOT NULL,
	"acts_for" boolean NOT NULL,
	"valid_from" date NOT NULL,
	"valid_to" date,
	"status" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "affiliations_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "affiliations_dates" CHECK ("members"."affiliations"."valid_to" >= "members"."affiliations"."valid_from"),
	CONSTRAINT "affiliations_status" CHECK ("members"."affiliations"."status" in ('proposed', 'accepted', 'refused'))
);
--> statement-breakpoint
CREATE TABLE "members"."memberships" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"account_id" integer NOT NULL,
	"status" text NOT NULL,
	"roles" text[] DEFAULT '{}'::text[] NOT NULL,
	"broker_id" uuid,
	"supported" boolean DEFAULT false NOT NULL,
	"display_name" text NOT NULL,
	"email" text,
	"phone" text,
	"other_phone" text,
	"postcode" text,
	"date_of_birth" date,
	"about" text,
	"gifts" text[] DEFAULT '{}'::text[] NOT NULL,
	"skills" text[] DEFAULT '{}'::text[] NOT NULL,
	"interests" text[] DEFAULT '{}'::text[] NOT NULL,
	"lived_experience" text[] DEFAULT '{}'::text[] NOT NULL,
	"languages" text[] DEFAULT '{}'::text[] NOT NULL,
	"access_notes" text,
	"area" text,
	"latitude" double precision,
	"longitude" double precision,
	"profile_visibility" text DEFAULT 'members' NOT NULL,
	"contact_visibility" text DEFAULT 'staff' NOT NULL,
	"joined_on" date,
	"left_on" date,
	"status_since" timestamp with time zone NOT NULL,
	"external_source" text,
	"external_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "memberships_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "memberships_status_known" CHECK ("members"."memberships"."status" in ('applied', 'screening', 'active', 'paused', 'suspended', 'declined', 'withdrawn', 'left', 'erased')),
	CONSTRAINT "memberships_roles_known" CHECK ("members"."memberships"."roles" <@ '{member,broker,admin,auditor}'::text[]),
	CONSTRAINT "memberships_visibility_known" CHECK ("members"."memberships"."profile_visibility" in ('members', 'staff') and "members"."memberships"."contact_visibility" in ('members', 'staff'))
);
--> statement-breakpoint
CREATE TABLE "members"."numbers" (
	"timebank_id" uuid NOT NULL,
	"next_number" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "numbers_timebank_id_pk" PRIMARY KEY("timebank_id")
);
--> statement-breakpoint
CREATE TABLE "members"."organisations" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" integer NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"about" text,
	"area" text,
	"email" text,
	"phone" text,
	"website" text,
	"status" text DEFAULT 'active' NOT NULL,
	"external_source" text,
	"external_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "organisations_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "organisations_kind" CHECK ("members"."organisations"."kind" in ('community_group', 'charity', 'council', 'health_board', 'school', 'social_enterprise', 'company', 'other')),
	CONSTRAINT "organisations_status" CHECK ("members"."organisations"."status" in ('active', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "members"."screenings" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"held_on" date NOT NULL,
	"in_person" boolean NOT NULL,
	"satisfactory" boolean NOT NULL,
	"note" text,
	"recorded_by" uuid,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "screenings_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "screenings_kind" CHECK ("members"."screenings"."kind" in ('reference', 'interview'))
);
--> statement-breakpoint
CREATE TABLE "timebanks"."policies" (
	"timebank_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"rules" jsonb NOT NULL,
	"changed_by" uuid,
	"changed_at" timestamp with time zone NOT NULL,
	"why" text NOT NULL,
	CONSTRAINT "policies_timebank_id_version_pk" PRIMARY KEY("timebank_id","version")
);
--> statement-breakpoint
CREATE TABLE "timebanks"."timebanks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "timebanks_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_policy_version_policies_timebank_id_version_fk" FOREIGN KEY ("timebank_id","policy_version") REFERENCES "timebanks"."policies"("timebank_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_provider_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_receiver_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_provider_affiliation_id_affiliations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_affiliation_id") REFERENCES "members"."affiliations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_receiver_affiliation_id_affiliations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_affiliation_id") REFERENCES "members"."affiliations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_category_id_categories_timebank_id_id_fk" FOREIGN KEY ("timebank_id","category_id") REFERENCES "listings"."categories"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."links" ADD CONSTRAINT "links_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "identity"."persons"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "identity"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."sessions" ADD CONSTRAINT "sessions_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "identity"."persons"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD CONSTRAINT "limit_changes_timebank_id_account_id_accounts_timebank_id_id_fk" FOREIGN KEY ("timebank_id","account_id") REFERENCES "ledger"."accounts"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."categories" ADD CONSTRAINT "categories_timebank_id_timebanks_id_fk" FOREIGN KEY ("timebank_id") REFERENCES "timebanks"."timebanks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."categories" ADD CONSTRAINT "categories_timebank_id_parent_id_categories_timebank_id_id_fk" FOREIGN KEY ("timebank_id","parent_id") REFERENCES "listings"."categories"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."offers" ADD CONSTRAINT "offers_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."offers" ADD CONSTRAINT "offers_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."offers" ADD CONSTRAINT "offers_timebank_id_category_id_categories_timebank_id_id_fk" FOREIGN KEY ("timebank_id","category_id") REFERENCES "listings"."categories"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."requests" ADD CONSTRAINT "requests_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."requests" ADD CONSTRAINT "requests_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."requests" ADD CONSTRAINT "requests_timebank_id_category_id_categories_timebank_id_id_fk" FOREIGN KEY ("timebank_id","category_id") REFERENCES "listings"."categories"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listings"."words" ADD CONSTRAINT "words_timebank_id_timebanks_id_fk" FOREIGN KEY ("timebank_id") REFERENCES "timebanks"."timebanks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."affiliations" ADD CONSTRAINT "affiliations_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."affiliations" ADD CONSTRAINT "affiliations_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD CONSTRAINT "memberships_timebank_id_timebanks_id_fk" FOREIGN KEY ("timebank_id") REFERENCES "timebanks"."timebanks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD CONSTRAINT "memberships_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "identity"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD CONSTRAINT "memberships_timebank_id_account_id_accounts_timebank_id_id_fk" FOREIGN KEY ("timebank_id","account_id") REFERENCES "ledger"."accounts"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."memberships" ADD CONSTRAINT "memberships_timebank_id_broker_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","broker_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."organisations" ADD CONSTRAINT "organisations_timebank_id_timebanks_id_fk" FOREIGN KEY ("timebank_id") REFERENCES "timebanks"."timebanks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."organisations" ADD CONSTRAINT "organisations_timebank_id_account_id_accounts_timebank_id_id_fk" FOREIGN KEY ("timebank_id","account_id") REFERENCES "ledger"."accounts"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members"."screenings" ADD CONSTRAINT "screenings_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "timebanks"."policies" ADD CONSTRAINT "policies_timebank_id_timebanks_id_fk" FOREIGN KEY ("timebank_id") REFERENCES "timebanks"."timebanks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "platform"."idempotency_keys" USING btree ("timebank_id","created_at");--> statement-breakpoint
CREATE INDEX "events_subject" ON "audit"."events" USING btree ("timebank_id","subject_type","subject_id","id");--> statement-breakpoint
CREATE INDEX "events_on_behalf" ON "audit"."events" USING btree ("timebank_id","on_behalf_of","id");--> statement-breakpoint
CREATE INDEX "events_at" ON "audit"."events" USING btree ("timebank_id","at");--> statement-breakpoint
CREATE INDEX "events_actor" ON "audit"."events" USING btree ("timebank_id","actor_membership_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_status" ON "exchanges"."exchanges" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "exchanges_provider" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_receiver" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_performed" ON "exchanges"."exchanges" USING btree ("timebank_id","performed_on","id");--> statement-breakpoint
CREATE INDEX "exchanges_reported" ON "exchanges"."exchanges" USING btree ("timebank_id","reported_at") WHERE status = 'reported';--> statement-breakpoint
CREATE INDEX "exchanges_category" ON "exchanges"."exchanges" USING btree ("timebank_id","category_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_request" ON "exchanges"."exchanges" USING btree ("timebank_id","request_id") WHERE request_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_transfer" ON "exchanges"."exchanges" USING btree ("timebank_id","transfer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_external" ON "exchanges"."exchanges" USING btree ("timebank_id","external_source","external_id");--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_slip" ON "exchanges"."exchanges" USING btree ("timebank_id","slip_number") WHERE slip_number is not null and status not in ('cancelled', 'declined', 'reversed');--> statement-breakpoint
CREATE INDEX "guesses_window" ON "identity"."guesses" USING btree ("window_ends");--> statement-breakpoint
CREATE INDEX "links_expiry" ON "identity"."links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "links_person" ON "identity"."links" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "links_email" ON "identity"."links" USING btree ("email");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session" ON "identity"."refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_expiry" ON "identity"."refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_person" ON "identity"."sessions" USING btree ("person_id");--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_debit" ON "ledger"."transfers" USING btree ("timebank_id","debit_account","debit_version");--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_credit" ON "ledger"."transfers" USING btree ("timebank_id","credit_account","credit_version");--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_ref" ON "ledger"."transfers" USING btree ("timebank_id","ref") WHERE ref is not null;--> statement-breakpoint
CREATE INDEX "transfers_group" ON "ledger"."transfers" USING btree ("timebank_id","group_id") WHERE group_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "categories_slug" ON "listings"."categories" USING btree ("timebank_id","slug");--> statement-breakpoint
CREATE INDEX "categories_parent" ON "listings"."categories" USING btree ("timebank_id","parent_id","position","id");--> statement-breakpoint
CREATE INDEX "offers_status" ON "listings"."offers" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "offers_category" ON "listings"."offers" USING btree ("timebank_id","category_id","status","id");--> statement-breakpoint
CREATE INDEX "offers_member" ON "listings"."offers" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "offers_organisation" ON "listings"."offers" USING btree ("timebank_id","organisation_id","id") WHERE organisation_id is not null;--> statement-breakpoint
CREATE INDEX "offers_expiry" ON "listings"."offers" USING btree ("timebank_id","expires_on") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "offers_place" ON "listings"."offers" USING btree ("timebank_id","coarse_latitude","coarse_longitude") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "requests_status" ON "listings"."requests" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "requests_category" ON "listings"."requests" USING btree ("timebank_id","category_id","status","id");--> statement-breakpoint
CREATE INDEX "requests_member" ON "listings"."requests" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "requests_organisation" ON "listings"."requests" USING btree ("timebank_id","organisation_id","id") WHERE organisation_id is not null;--> statement-breakpoint
CREATE INDEX "requests_expiry" ON "listings"."requests" USING btree ("timebank_id","expires_on") WHERE status in ('open', 'matched');--> statement-breakpoint
CREATE INDEX "requests_place" ON "listings"."requests" USING btree ("timebank_id","coarse_latitude","coarse_longitude") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "affiliations_organisation" ON "members"."affiliations" USING btree ("timebank_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "affiliations_membership" ON "members"."affiliations" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_number" ON "members"."memberships" USING btree ("timebank_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_person" ON "members"."memberships" USING btree ("timebank_id","person_id");--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_account" ON "members"."memberships" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_external" ON "members"."memberships" USING btree ("timebank_id","external_source","external_id");--> statement-breakpoint
CREATE INDEX "memberships_of_person" ON "members"."memberships" USING btree ("person_id","timebank_id");--> statement-breakpoint
CREATE INDEX "memberships_status" ON "members"."memberships" USING btree ("timebank_id","status","number");--> statement-breakpoint
CREATE INDEX "memberships_broker" ON "members"."memberships" USING btree ("timebank_id","broker_id","number");--> statement-breakpoint
CREATE INDEX "memberships_area" ON "members"."memberships" USING btree ("timebank_id","area","number");--> statement-breakpoint
CREATE INDEX "memberships_with_role" ON "members"."memberships" USING btree ("timebank_id","number") WHERE roles <> '{member}'::text[];--> statement-breakpoint
CREATE UNIQUE INDEX "organisations_account" ON "members"."organisations" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "organisations_name" ON "members"."organisations" USING btree ("timebank_id",lower("name"));--> statement-breakpoint
CREATE UNIQUE INDEX "organisations_external" ON "members"."organisations" USING btree ("timebank_id","external_source","external_id");--> statement-breakpoint
CREATE INDEX "screenings_membership" ON "members"."screenings" USING btree ("timebank_id","membership_id","id");