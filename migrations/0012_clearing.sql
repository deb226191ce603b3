CREATE SCHEMA "clearing";
--> statement-breakpoint
CREATE TABLE "clearing"."agreement_versions" (
	"timebank_id" uuid NOT NULL,
	"partner_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"round" integer NOT NULL,
	"stance" text NOT NULL,
	"owing" integer NOT NULL,
	"owed" integer NOT NULL,
	"changed_by" uuid,
	"changed_at" timestamp with time zone NOT NULL,
	"why" text NOT NULL,
	CONSTRAINT "agreement_versions_timebank_id_partner_id_version_pk" PRIMARY KEY("timebank_id","partner_id","version")
);
--> statement-breakpoint
CREATE TABLE "clearing"."agreements" (
	"timebank_id" uuid NOT NULL,
	"partner_id" uuid NOT NULL,
	"account_id" integer,
	"round" integer DEFAULT 0 NOT NULL,
	"stance" text,
	"owing" integer DEFAULT 0 NOT NULL,
	"owed" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 0 NOT NULL,
	"told_version" integer DEFAULT 0 NOT NULL,
	"their_round" integer DEFAULT 0 NOT NULL,
	"their_stance" text,
	"their_owing" integer DEFAULT 0 NOT NULL,
	"their_owed" integer DEFAULT 0 NOT NULL,
	"their_version" integer DEFAULT 0 NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agreements_timebank_id_partner_id_pk" PRIMARY KEY("timebank_id","partner_id"),
	CONSTRAINT "agreements_partner" CHECK ("clearing"."agreements"."partner_id" <> "clearing"."agreements"."timebank_id"),
	CONSTRAINT "agreements_stance" CHECK ("clearing"."agreements"."stance" in ('agreed', 'suspended', 'declined', 'ended')),
	CONSTRAINT "agreements_limits" CHECK ("clearing"."agreements"."owing" >= 0 and "clearing"."agreements"."owed" >= 0)
);
--> statement-breakpoint
CREATE TABLE "clearing"."transfers" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"direction" text NOT NULL,
	"partner_id" uuid NOT NULL,
	"origin_id" uuid NOT NULL,
	"seed" uuid,
	"membership_id" uuid,
	"own_number" integer NOT NULL,
	"partner_number" integer NOT NULL,
	"minutes" integer NOT NULL,
	"performed_on" date NOT NULL,
	"status" text NOT NULL,
	"refusal" text,
	"transfer_id" uuid,
	"reversal_transfer_id" uuid,
	"reversed_by" text,
	"reason" text,
	"pending" boolean NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "transfers_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "clearing_transfers_direction" CHECK ("clearing"."transfers"."direction" in ('out', 'in')),
	CONSTRAINT "clearing_transfers_status" CHECK (("clearing"."transfers"."direction" = 'out' and "clearing"."transfers"."status" in ('held', 'settled', 'refused', 'reversed')) or ("clearing"."transfers"."direction" = 'in' and "clearing"."transfers"."status" in ('settled', 'refused', 'reversed'))),
	CONSTRAINT "clearing_transfers_refusal" CHECK (("clearing"."transfers"."status" = 'refused') = ("clearing"."transfers"."refusal" is not null)),
	CONSTRAINT "clearing_transfers_minutes" CHECK ("clearing"."transfers"."minutes" > 0),
	CONSTRAINT "clearing_transfers_seed" CHECK (("clearing"."transfers"."direction" = 'out') = ("clearing"."transfers"."seed" is not null))
);
--> statement-breakpoint
ALTER TABLE "clearing"."agreement_versions" ADD CONSTRAINT "agreement_versions_timebank_id_partner_id_agreements_timebank_id_partner_id_fk" FOREIGN KEY ("timebank_id","partner_id") REFERENCES "clearing"."agreements"("timebank_id","partner_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clearing"."agreements" ADD CONSTRAINT "agreements_timebank_id_account_id_accounts_timebank_id_id_fk" FOREIGN KEY ("timebank_id","account_id") REFERENCES "ledger"."accounts"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clearing"."transfers" ADD CONSTRAINT "transfers_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agreements_account" ON "clearing"."agreements" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE INDEX "agreements_untold" ON "clearing"."agreements" USING btree ("timebank_id","updated_at") WHERE told_version < version;--> statement-breakpoint
CREATE INDEX "clearing_transfers_member" ON "clearing"."transfers" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "clearing_transfers_partner" ON "clearing"."transfers" USING btree ("timebank_id","partner_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "clearing_transfers_origin" ON "clearing"."transfers" USING btree ("timebank_id","partner_id","origin_id") WHERE direction = 'in';--> statement-breakpoint
CREATE INDEX "clearing_transfers_pending" ON "clearing"."transfers" USING btree ("timebank_id","updated_at") WHERE pending;