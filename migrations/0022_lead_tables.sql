CREATE SCHEMA "agencies";
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
	CONSTRAINT "secrets_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
ALTER TABLE "agencies"."clients" ADD CONSTRAINT "clients_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agencies"."clients" ADD CONSTRAINT "clients_timebank_id_professional_id_affiliations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","professional_id") REFERENCES "members"."affiliations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agencies"."secrets" ADD CONSTRAINT "secrets_timebank_id_client_id_clients_timebank_id_id_fk" FOREIGN KEY ("timebank_id","client_id") REFERENCES "agencies"."clients"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "clients_organisation" ON "agencies"."clients" USING btree ("timebank_id","organisation_id","id");--> statement-breakpoint
CREATE INDEX "clients_id" ON "agencies"."clients" USING btree ("id","timebank_id");--> statement-breakpoint
CREATE INDEX "secrets_client" ON "agencies"."secrets" USING btree ("timebank_id","client_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "secrets_hash" ON "agencies"."secrets" USING btree ("timebank_id","secret_hash");