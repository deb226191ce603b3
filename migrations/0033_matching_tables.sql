CREATE SCHEMA "matching";
--> statement-breakpoint
CREATE TABLE "matching"."matches" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	"request_id" uuid NOT NULL,
	"offer_id" uuid,
	"provider_id" uuid NOT NULL,
	"provider_organisation_id" uuid,
	"receiver_id" uuid NOT NULL,
	"receiver_organisation_id" uuid,
	"suggested_by" uuid,
	"proposed_by" text,
	"proposed_at" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"exchange_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "matches_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "matches_status_known" CHECK ("matching"."matches"."status" in ('suggested', 'proposed', 'accepted', 'declined', 'withdrawn', 'expired')),
	CONSTRAINT "matches_proposed_by" CHECK ("matching"."matches"."proposed_by" in ('provider', 'receiver')),
	CONSTRAINT "matches_exchange_when_accepted" CHECK (("matching"."matches"."status" = 'accepted') = ("matching"."matches"."exchange_id" is not null)),
	CONSTRAINT "matches_two_sides" CHECK ("matching"."matches"."provider_id" <> "matching"."matches"."receiver_id")
);
--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_provider_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_receiver_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "matching"."matches" ADD CONSTRAINT "matches_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "matches_asked_once" ON "matching"."matches" USING btree ("timebank_id","request_id",coalesce(provider_organisation_id, provider_id),"proposed_by") WHERE proposed_by is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "matches_open_once" ON "matching"."matches" USING btree ("timebank_id","request_id",coalesce(provider_organisation_id, provider_id)) WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE INDEX "matches_provider" ON "matching"."matches" USING btree ("timebank_id","provider_id","id");--> statement-breakpoint
CREATE INDEX "matches_receiver" ON "matching"."matches" USING btree ("timebank_id","receiver_id","id");--> statement-breakpoint
CREATE INDEX "matches_provider_organisation" ON "matching"."matches" USING btree ("timebank_id","provider_organisation_id","id") WHERE provider_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "matches_receiver_organisation" ON "matching"."matches" USING btree ("timebank_id","receiver_organisation_id","id") WHERE receiver_organisation_id is not null;--> statement-breakpoint
CREATE INDEX "matches_request" ON "matching"."matches" USING btree ("timebank_id","request_id","id");--> statement-breakpoint
CREATE INDEX "matches_offer" ON "matching"."matches" USING btree ("timebank_id","offer_id","id") WHERE offer_id is not null;--> statement-breakpoint
CREATE INDEX "matches_open" ON "matching"."matches" USING btree ("timebank_id","id") WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE INDEX "matches_expiry" ON "matching"."matches" USING btree ("timebank_id","expires_at") WHERE status in ('suggested', 'proposed', 'declined');--> statement-breakpoint
CREATE UNIQUE INDEX "matches_exchange" ON "matching"."matches" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;