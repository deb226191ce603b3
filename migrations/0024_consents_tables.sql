CREATE SCHEMA "consents";
--> statement-breakpoint
CREATE SCHEMA "supporters";
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
ALTER TABLE "consents"."consents" ADD CONSTRAINT "consents_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents"."consents" ADD CONSTRAINT "consents_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents"."withdrawals" ADD CONSTRAINT "withdrawals_timebank_id_consent_id_consents_timebank_id_id_fk" FOREIGN KEY ("timebank_id","consent_id") REFERENCES "consents"."consents"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "supporters"."supports" ADD CONSTRAINT "supports_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "supporters"."supports" ADD CONSTRAINT "supports_timebank_id_supporter_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","supporter_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "consents_one_in_force" ON "consents"."consents" USING btree ("timebank_id","membership_id","organisation_id","purpose") WHERE status = 'given';--> statement-breakpoint
CREATE INDEX "consents_member" ON "consents"."consents" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "consents_organisation" ON "consents"."consents" USING btree ("timebank_id","organisation_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "consents_due" ON "consents"."consents" USING btree ("timebank_id","expires_at") WHERE status = 'given' and expires_at is not null;--> statement-breakpoint
CREATE INDEX "disclosures_member" ON "consents"."disclosures" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "disclosures_member_organisation" ON "consents"."disclosures" USING btree ("timebank_id","membership_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "disclosures_subject" ON "consents"."disclosures" USING btree ("timebank_id","subject_type","subject_id") WHERE membership_id is null;--> statement-breakpoint
CREATE UNIQUE INDEX "supports_one_open" ON "supporters"."supports" USING btree ("timebank_id","membership_id","supporter_id") WHERE status in ('proposed', 'active');--> statement-breakpoint
CREATE INDEX "supports_member" ON "supporters"."supports" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "supports_supporter" ON "supporters"."supports" USING btree ("timebank_id","supporter_id","id");--> statement-breakpoint
CREATE INDEX "supports_due" ON "supporters"."supports" USING btree ("timebank_id","expires_at") WHERE status in ('proposed', 'active');