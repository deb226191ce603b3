CREATE SCHEMA "webhooks";
--> statement-breakpoint
CREATE TABLE "webhooks"."deliveries" (
	"timebank_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone,
	"last_outcome" text,
	"last_status" integer,
	CONSTRAINT "deliveries_timebank_id_endpoint_id_event_id_pk" PRIMARY KEY("timebank_id","endpoint_id","event_id"),
	CONSTRAINT "deliveries_state_known" CHECK ("webhooks"."deliveries"."state" in ('waiting', 'delivered', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "webhooks"."endpoints" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"types" text[],
	"state" text NOT NULL,
	"secret" "bytea" NOT NULL,
	"previous_secret" "bytea",
	"previous_until" timestamp with time zone,
	"unverified_since" timestamp with time zone,
	"verified_at" timestamp with time zone,
	"tried_at" timestamp with time zone,
	"tried_outcome" text,
	"disabled_at" timestamp with time zone,
	"disabled_by" text,
	"disabled_why" text,
	"failing_since" timestamp with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"probe_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"turn" uuid,
	"turn_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "endpoints_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "endpoints_state" CHECK ("webhooks"."endpoints"."state" in ('unverified', 'active', 'disabled')),
	CONSTRAINT "endpoints_unverified" CHECK (("webhooks"."endpoints"."state" = 'unverified') = ("webhooks"."endpoints"."unverified_since" is not null)),
	CONSTRAINT "endpoints_disabled" CHECK (("webhooks"."endpoints"."state" = 'disabled') = ("webhooks"."endpoints"."disabled_at" is not null)),
	CONSTRAINT "endpoints_disabled_by" CHECK (("webhooks"."endpoints"."disabled_at" is null) = ("webhooks"."endpoints"."disabled_by" is null)),
	CONSTRAINT "endpoints_previous" CHECK (("webhooks"."endpoints"."previous_secret" is null) = ("webhooks"."endpoints"."previous_until" is null))
);
--> statement-breakpoint
CREATE TABLE "webhooks"."events" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"type" text NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "events_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
ALTER TABLE "webhooks"."deliveries" ADD CONSTRAINT "deliveries_timebank_id_endpoint_id_endpoints_timebank_id_id_fk" FOREIGN KEY ("timebank_id","endpoint_id") REFERENCES "webhooks"."endpoints"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks"."deliveries" ADD CONSTRAINT "deliveries_timebank_id_event_id_events_timebank_id_id_fk" FOREIGN KEY ("timebank_id","event_id") REFERENCES "webhooks"."events"("timebank_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks"."endpoints" ADD CONSTRAINT "endpoints_timebank_id_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deliveries_event" ON "webhooks"."deliveries" USING btree ("timebank_id","event_id");--> statement-breakpoint
CREATE INDEX "deliveries_state" ON "webhooks"."deliveries" USING btree ("timebank_id","endpoint_id","state","event_id");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "webhooks"."deliveries" USING btree ("timebank_id","endpoint_id","next_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "deliveries_waiting" ON "webhooks"."deliveries" USING btree ("timebank_id","started_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "endpoints_url" ON "webhooks"."endpoints" USING btree ("timebank_id","organisation_id","url");--> statement-breakpoint
CREATE INDEX "events_of_organisation" ON "webhooks"."events" USING btree ("timebank_id","organisation_id","at");--> statement-breakpoint
CREATE INDEX "events_age" ON "webhooks"."events" USING brin ("timebank_id","at");