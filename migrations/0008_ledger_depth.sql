CREATE SCHEMA "clearing";
--> statement-breakpoint
CREATE SCHEMA "follow_ups";
--> statement-breakpoint
CREATE SCHEMA "notices";
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
CREATE TABLE "exchanges"."groups" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"shape" text NOT NULL,
	"rule" text,
	"status" text NOT NULL,
	"policy_version" integer NOT NULL,
	"performed_on" date NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"reversal_group_id" uuid,
	"reason" text,
	"reversed_at" timestamp with time zone,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "groups_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "groups_shape" CHECK ("exchanges"."groups"."shape" in ('one_to_many', 'many_to_one')),
	CONSTRAINT "groups_rule" CHECK (("exchanges"."groups"."shape" = 'one_to_many') = ("exchanges"."groups"."rule" is not null)),
	CONSTRAINT "groups_status" CHECK ("exchanges"."groups"."status" in ('settled', 'reversed'))
);
--> statement-breakpoint
CREATE TABLE "follow_ups"."outcomes" (
	"timebank_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"account_id" integer NOT NULL,
	"limit_minutes" bigint NOT NULL,
	"balance_minutes" bigint NOT NULL,
	"crossings" integer NOT NULL,
	"latest_at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"note" text,
	"noted_by" uuid,
	"noted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "outcomes_timebank_id_kind_subject_id_pk" PRIMARY KEY("timebank_id","kind","subject_id"),
	CONSTRAINT "outcomes_kind" CHECK ("follow_ups"."outcomes"."kind" in ('floor_crossed', 'ceiling_crossed')),
	CONSTRAINT "outcomes_known" CHECK ("follow_ups"."outcomes"."outcome" in ('contacted', 'agreed_to_give', 'agreed_to_ask', 'limit_changed', 'grant_made', 'nothing_needed'))
);
--> statement-breakpoint
CREATE TABLE "identity"."seal_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"public_pem" text NOT NULL,
	"first_used_at" timestamp with time zone NOT NULL,
	"compromised_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ledger"."blocks" (
	"timebank_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"leaves" integer NOT NULL,
	"total_leaves" bigint NOT NULL,
	"first_recorded_at" timestamp with time zone,
	"last_recorded_at" timestamp with time zone,
	"built_at" timestamp with time zone NOT NULL,
	"root" "bytea" NOT NULL,
	"chain_hash" "bytea" NOT NULL,
	"transfers" uuid[] NOT NULL,
	"change_accounts" integer[] NOT NULL,
	"change_versions" integer[] NOT NULL,
	CONSTRAINT "blocks_timebank_id_number_pk" PRIMARY KEY("timebank_id","number")
);
--> statement-breakpoint
CREATE TABLE "ledger"."chained_accounts" (
	"timebank_id" uuid NOT NULL,
	"account_id" integer NOT NULL,
	"version" integer DEFAULT 0 NOT NULL,
	"change_version" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "chained_accounts_timebank_id_account_id_pk" PRIMARY KEY("timebank_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "ledger"."chains" (
	"timebank_id" uuid NOT NULL,
	"blocks" integer DEFAULT 0 NOT NULL,
	"leaves" bigint DEFAULT 0 NOT NULL,
	"checkpoints" integer DEFAULT 0 NOT NULL,
	"head" "bytea" NOT NULL,
	"secret" "bytea" NOT NULL,
	CONSTRAINT "chains_timebank_id_pk" PRIMARY KEY("timebank_id")
);
--> statement-breakpoint
CREATE TABLE "ledger"."checkpoints" (
	"timebank_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"block" integer NOT NULL,
	"signed_at" timestamp with time zone NOT NULL,
	"kid" text NOT NULL,
	"signature" "bytea" NOT NULL,
	CONSTRAINT "checkpoints_timebank_id_number_pk" PRIMARY KEY("timebank_id","number")
);
--> statement-breakpoint
CREATE TABLE "ledger"."hold_expiries" (
	"timebank_id" uuid NOT NULL,
	"hold_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "hold_expiries_timebank_id_hold_id_pk" PRIMARY KEY("timebank_id","hold_id")
);
--> statement-breakpoint
CREATE TABLE "ledger"."limit_crossings" (
	"timebank_id" uuid NOT NULL,
	"transfer_id" uuid NOT NULL,
	"account_id" integer NOT NULL,
	"which" text NOT NULL,
	"limit_minutes" bigint NOT NULL,
	"balance" bigint NOT NULL,
	"crossed_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "limit_crossings_timebank_id_transfer_id_which_pk" PRIMARY KEY("timebank_id","transfer_id","which"),
	CONSTRAINT "limit_crossings_which" CHECK ("ledger"."limit_crossings"."which" in ('floor', 'ceiling'))
);
--> statement-breakpoint
CREATE TABLE "ledger"."refusals" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"fingerprint" bigint NOT NULL,
	"code" smallint NOT NULL,
	"debit_account" integer,
	"credit_account" integer,
	"minutes" integer,
	"refused_account" integer,
	"refused_balance" bigint,
	"refused_held" bigint,
	"refused_limit" bigint,
	"refused_at" timestamp with time zone NOT NULL,
	CONSTRAINT "refusals_timebank_id_id_fingerprint_pk" PRIMARY KEY("timebank_id","id","fingerprint")
);
--> statement-breakpoint
CREATE TABLE "notices"."notices" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"read_at" timestamp with time zone,
	CONSTRAINT "notices_timebank_id_membership_id_id_pk" PRIMARY KEY("timebank_id","membership_id","id")
);
--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_kind";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_status";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_sane";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_floors";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_ceilings";--> statement-breakpoint
ALTER TABLE "ledger"."transfers" DROP CONSTRAINT "transfers_shape";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" DROP CONSTRAINT "exchanges_timebank_id_policy_version_policies_timebank_id_version_fk";
--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" DROP CONSTRAINT "exchanges_timebank_id_category_id_categories_timebank_id_id_fk";
--> statement-breakpoint
DROP INDEX "audit"."events_on_behalf";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_provider_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_receiver_organisation";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_transfer";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_external";--> statement-breakpoint
DROP INDEX "exchanges"."exchanges_slip";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "kind" SET DATA TYPE ledger.account_kind;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "status" SET DATA TYPE ledger.account_status;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "status" SET DEFAULT 'open';--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "credits" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "debits" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "held_in" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "held_out" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ALTER COLUMN "status" SET DATA TYPE ledger.account_status;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ALTER COLUMN "minutes" SET DATA TYPE ledger.moved_minutes;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "group_id" uuid;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "group_position" integer;--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD COLUMN "by_hand" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ADD COLUMN "source" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ADD COLUMN "on_behalf_of" uuid;--> statement-breakpoint
ALTER TABLE "clearing"."agreement_versions" ADD CONSTRAINT "agreement_versions_timebank_id_partner_id_agreements_timebank_id_partner_id_fk" FOREIGN KEY ("timebank_id","partner_id") REFERENCES "clearing"."agreements"("timebank_id","partner_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clearing"."agreements" ADD CONSTRAINT "agreements_timebank_id_account_id_accounts_timebank_id_id_fk" FOREIGN KEY ("timebank_id","account_id") REFERENCES "ledger"."accounts"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clearing"."transfers" ADD CONSTRAINT "transfers_timebank_id_membership_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","membership_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agreements_account" ON "clearing"."agreements" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE INDEX "agreements_untold" ON "clearing"."agreements" USING btree ("timebank_id","updated_at") WHERE told_version < version;--> statement-breakpoint
CREATE INDEX "clearing_transfers_member" ON "clearing"."transfers" USING btree ("timebank_id","membership_id","id");--> statement-breakpoint
CREATE INDEX "clearing_transfers_partner" ON "clearing"."transfers" USING btree ("timebank_id","partner_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "clearing_transfers_origin" ON "clearing"."transfers" USING btree ("timebank_id","partner_id","origin_id") WHERE direction = 'in';--> statement-breakpoint
CREATE INDEX "clearing_transfers_pending" ON "clearing"."transfers" USING btree ("timebank_id","updated_at") WHERE pending;--> statement-breakpoint
CREATE INDEX "outcomes_opened" ON "follow_ups"."outcomes" USING btree ("timebank_id","opened_at","subject_id","kind");--> statement-breakpoint
CREATE INDEX "outcomes_account" ON "follow_ups"."outcomes" USING btree ("timebank_id","account_id");--> statement-breakpoint
CREATE INDEX "checkpoints_block" ON "ledger"."checkpoints" USING btree ("timebank_id","block");--> statement-breakpoint
CREATE INDEX "hold_expiries_due" ON "ledger"."hold_expiries" USING btree ("timebank_id","expires_at");--> statement-breakpoint
CREATE INDEX "limit_crossings_open" ON "ledger"."limit_crossings" USING btree ("timebank_id","crossed_at","transfer_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "limit_crossings_account" ON "ledger"."limit_crossings" USING btree ("timebank_id","account_id","crossed_at");--> statement-breakpoint
CREATE INDEX "limit_crossings_first" ON "ledger"."limit_crossings" USING btree ("timebank_id","account_id","which","crossed_at","transfer_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "refusals_age" ON "ledger"."refusals" USING btree ("timebank_id","refused_at");--> statement-breakpoint
CREATE INDEX "notices_unread" ON "notices"."notices" USING btree ("timebank_id","membership_id","id") WHERE read_at is null;--> statement-breakpoint
CREATE INDEX "notices_age" ON "notices"."notices" USING brin ("timebank_id","created_at");--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_group" ON "exchanges"."exchanges" USING btree ("timebank_id","group_id","group_position") WHERE group_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_when" ON "ledger"."transfers" USING brin ("timebank_id","recorded_at","performed_on" date_minmax_multi_ops) WITH (pages_per_range=32,autosummarize=true);--> statement-breakpoint
CREATE INDEX "events_on_behalf" ON "audit"."events" USING btree ("timebank_id","on_behalf_of","id") WHERE on_behalf_of is not null;--> statement-breakpoint
CREATE INDEX "exchanges_provider_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "exchanges_receiver_organisation" ON "exchanges"."exchanges" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_transfer" ON "exchanges"."exchanges" USING btree ("timebank_id","transfer_id") WHERE transfer_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_external" ON "exchanges"."exchanges" USING btree ("timebank_id","external_source","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "exchanges_slip" ON "exchanges"."exchanges" USING btree ("timebank_id","slip_number",coalesce(group_position, 1)) WHERE slip_number is not null and status not in ('cancelled', 'declined', 'reversed');--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD CONSTRAINT "limit_changes_floors" CHECK ("ledger"."limit_changes"."floor_soft" >= "ledger"."limit_changes"."floor_hard");--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD CONSTRAINT "limit_changes_ceilings" CHECK ("ledger"."limit_changes"."ceiling_soft" <= "ledger"."limit_changes"."ceiling_hard");