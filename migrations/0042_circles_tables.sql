CREATE SCHEMA "circles";
--> statement-breakpoint
CREATE TABLE "circles"."circles" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"search_id" uuid NOT NULL,
	"status" text NOT NULL,
	"minutes" integer NOT NULL,
	"size" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"proposed_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"obstacle" text,
	CONSTRAINT "circles_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "circles_status_known" CHECK ("circles"."circles"."status" in ('suggested', 'proposed', 'going_ahead', 'not_going_ahead')),
	CONSTRAINT "circles_obstacle" CHECK ("circles"."circles"."obstacle" in ('limit', 'listing', 'member', 'other')),
	CONSTRAINT "circles_whole" CHECK ("circles"."circles"."size" between 2 and 5 and "circles"."circles"."minutes" > 0),
	CONSTRAINT "circles_proposed" CHECK (("circles"."circles"."status" = 'suggested') = ("circles"."circles"."proposed_at" is null))
);
--> statement-breakpoint
CREATE TABLE "circles"."links" (
	"timebank_id" uuid NOT NULL,
	"circle_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"provider_id" uuid NOT NULL,
	"receiver_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"fit" real NOT NULL,
	"standing" boolean DEFAULT false NOT NULL,
	"agreed_at" timestamp with time zone,
	"agreed_by_person" uuid,
	"agreed_by_membership" uuid,
	"agreed_source" text,
	"agreed_slip" text,
	"exchange_id" uuid,
	CONSTRAINT "links_timebank_id_circle_id_position_pk" PRIMARY KEY("timebank_id","circle_id","position"),
	CONSTRAINT "links_two_members" CHECK ("circles"."links"."provider_id" <> "circles"."links"."receiver_id"),
	CONSTRAINT "links_fit" CHECK ("circles"."links"."fit" between 0 and 1)
);
--> statement-breakpoint
CREATE TABLE "circles"."searches" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"state" text NOT NULL,
	"budget_ms" integer NOT NULL,
	"requested_by" uuid,
	"requested_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"members" integer,
	"offers" integer,
	"requests" integer,
	"circles" integer,
	"members_helped" integer,
	"bound" text,
	"milliseconds" integer,
	CONSTRAINT "searches_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "searches_state" CHECK ("circles"."searches"."state" in ('waiting', 'running', 'done', 'failed')),
	CONSTRAINT "searches_bound" CHECK ("circles"."searches"."bound" in ('time', 'rings', 'listings'))
);
--> statement-breakpoint
ALTER TABLE "circles"."circles" ADD CONSTRAINT "circles_timebank_id_search_id_searches_timebank_id_id_fk" FOREIGN KEY ("timebank_id","search_id") REFERENCES "circles"."searches"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_circle_id_circles_timebank_id_id_fk" FOREIGN KEY ("timebank_id","circle_id") REFERENCES "circles"."circles"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_provider_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","provider_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_receiver_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","receiver_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_offer_id_offers_timebank_id_id_fk" FOREIGN KEY ("timebank_id","offer_id") REFERENCES "listings"."offers"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_request_id_requests_timebank_id_id_fk" FOREIGN KEY ("timebank_id","request_id") REFERENCES "listings"."requests"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "circles"."links" ADD CONSTRAINT "links_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "circles_status" ON "circles"."circles" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "circles_search" ON "circles"."circles" USING btree ("timebank_id","search_id","id");--> statement-breakpoint
CREATE INDEX "circles_expiry" ON "circles"."circles" USING btree ("timebank_id","expires_at") WHERE status = 'proposed';--> statement-breakpoint
CREATE INDEX "circles_closed" ON "circles"."circles" USING btree ("timebank_id","closed_at") WHERE status = 'not_going_ahead';--> statement-breakpoint
CREATE UNIQUE INDEX "links_provider" ON "circles"."links" USING btree ("timebank_id","provider_id","circle_id");--> statement-breakpoint
CREATE UNIQUE INDEX "links_receiver" ON "circles"."links" USING btree ("timebank_id","receiver_id","circle_id");--> statement-breakpoint
CREATE UNIQUE INDEX "links_standing_offer" ON "circles"."links" USING btree ("timebank_id","offer_id") WHERE standing;--> statement-breakpoint
CREATE UNIQUE INDEX "links_standing_request" ON "circles"."links" USING btree ("timebank_id","request_id") WHERE standing;--> statement-breakpoint
CREATE UNIQUE INDEX "links_exchange" ON "circles"."links" USING btree ("timebank_id","exchange_id") WHERE exchange_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "searches_one_at_a_time" ON "circles"."searches" USING btree ("timebank_id") WHERE state in ('waiting', 'running');