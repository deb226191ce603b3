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
CREATE INDEX "checkpoints_block" ON "ledger"."checkpoints" USING btree ("timebank_id","block");