CREATE SCHEMA "paper";
--> statement-breakpoint
CREATE TABLE "paper"."event_sheets" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"atomic" boolean NOT NULL,
	"source" text NOT NULL,
	"recorded" integer NOT NULL,
	"refused" integer NOT NULL,
	"recorded_by" uuid,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "event_sheets_timebank_id_id_pk" PRIMARY KEY("timebank_id","id")
);
--> statement-breakpoint
CREATE TABLE "paper"."sheet_lines" (
	"timebank_id" uuid NOT NULL,
	"sheet_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"status" text NOT NULL,
	"exchange_id" uuid,
	"group_id" uuid,
	"given" jsonb NOT NULL,
	"description" text NOT NULL,
	"problem" jsonb,
	CONSTRAINT "sheet_lines_timebank_id_sheet_id_line_pk" PRIMARY KEY("timebank_id","sheet_id","line"),
	CONSTRAINT "sheet_lines_outcome" CHECK (("paper"."sheet_lines"."status" = 'recorded') = (num_nonnulls("paper"."sheet_lines"."exchange_id", "paper"."sheet_lines"."group_id") = 1)),
	CONSTRAINT "sheet_lines_status" CHECK ("paper"."sheet_lines"."status" in ('recorded', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_sheet_id_event_sheets_timebank_id_id_fk" FOREIGN KEY ("timebank_id","sheet_id") REFERENCES "paper"."event_sheets"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_exchange_id_exchanges_timebank_id_id_fk" FOREIGN KEY ("timebank_id","exchange_id") REFERENCES "exchanges"."exchanges"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paper"."sheet_lines" ADD CONSTRAINT "sheet_lines_timebank_id_group_id_groups_timebank_id_id_fk" FOREIGN KEY ("timebank_id","group_id") REFERENCES "exchanges"."groups"("timebank_id","id") ON DELETE no action ON UPDATE no action;