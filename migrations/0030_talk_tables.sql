CREATE SCHEMA "thanks";
--> statement-breakpoint
CREATE TABLE "thanks"."notes" (
	"timebank_id" uuid NOT NULL,
	"exchange_id" uuid NOT NULL,
	"side" text NOT NULL,
	"id" uuid NOT NULL,
	"author_id" uuid NOT NULL,
	"author_organisation_id" uuid,
	"about_id" uuid,
	"about_organisation_id" uuid,
	"text" text NOT NULL,
	"visibility" text NOT NULL,
	"shared" boolean DEFAULT false NOT NULL,
	"hidden" boolean DEFAULT false NOT NULL,
	"given_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "notes_timebank_id_exchange_id_side_pk" PRIMARY KEY("timebank_id","exchange_id","side"),
	CONSTRAINT "notes_side" CHECK ("thanks"."notes"."side" in ('provider', 'receiver')),
	CONSTRAINT "notes_visibility" CHECK ("thanks"."notes"."visibility" in ('private', 'timebank')),
	CONSTRAINT "notes_about_one" CHECK (num_nonnulls("thanks"."notes"."about_id", "thanks"."notes"."about_organisation_id") = 1),
	CONSTRAINT "notes_hidden" CHECK (not ("thanks"."notes"."shared" and "thanks"."notes"."hidden"))
);
--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_author_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","author_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_about_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","about_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_author_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","author_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thanks"."notes" ADD CONSTRAINT "notes_timebank_id_about_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","about_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "notes_about" ON "thanks"."notes" USING btree ("timebank_id","about_id","id");--> statement-breakpoint
CREATE INDEX "notes_about_organisation" ON "thanks"."notes" USING btree ("timebank_id","about_organisation_id","id") WHERE about_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "notes_author" ON "thanks"."notes" USING btree ("timebank_id","author_id","id");--> statement-breakpoint
CREATE INDEX "notes_author_organisation" ON "thanks"."notes" USING btree ("timebank_id","author_organisation_id","id") WHERE author_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "notes_open" ON "thanks"."notes" USING btree ("timebank_id","about_id","id") WHERE visibility = 'timebank' and shared and not hidden and text <> '';