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
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_kind";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_status";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_sane";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_floors";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" DROP CONSTRAINT "accounts_ceilings";--> statement-breakpoint
ALTER TABLE "ledger"."transfers" DROP CONSTRAINT "transfers_shape";--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "kind" SET DATA TYPE ledger.account_kind;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "status" SET DATA TYPE ledger.account_status;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "status" SET DEFAULT 'open';--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "credits" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "debits" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "held_in" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."accounts" ALTER COLUMN "held_out" SET DATA TYPE ledger.total_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ALTER COLUMN "status" SET DATA TYPE ledger.account_status;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ALTER COLUMN "minutes" SET DATA TYPE ledger.moved_minutes;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ADD COLUMN "source" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger"."transfers" ADD COLUMN "on_behalf_of" uuid;--> statement-breakpoint
CREATE INDEX "hold_expiries_due" ON "ledger"."hold_expiries" USING btree ("timebank_id","expires_at");--> statement-breakpoint
CREATE INDEX "limit_crossings_open" ON "ledger"."limit_crossings" USING btree ("timebank_id","crossed_at","transfer_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "limit_crossings_account" ON "ledger"."limit_crossings" USING btree ("timebank_id","account_id","crossed_at");--> statement-breakpoint
CREATE INDEX "refusals_age" ON "ledger"."refusals" USING btree ("timebank_id","refused_at");--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD CONSTRAINT "limit_changes_floors" CHECK ("ledger"."limit_changes"."floor_soft" >= "ledger"."limit_changes"."floor_hard");--> statement-breakpoint
ALTER TABLE "ledger"."limit_changes" ADD CONSTRAINT "limit_changes_ceilings" CHECK ("ledger"."limit_changes"."ceiling_soft" <= "ledger"."limit_changes"."ceiling_hard");