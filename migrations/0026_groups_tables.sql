CREATE SCHEMA "slips";
--> statement-breakpoint
CREATE TABLE "slips"."books" (
	"timebank_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"prefix" text NOT NULL,
	"digits" integer NOT NULL,
	"from_number" integer NOT NULL,
	"to_number" integer NOT NULL,
	"holder_id" uuid,
	"holder_organisation_id" uuid,
	"note" text NOT NULL,
	"status" text NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"issued_by" uuid,
	"closed_at" timestamp with time zone,
	"closed_by" uuid,
	"closing_note" text,
	"missing_at_close" integer[],
	"row_version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "books_timebank_id_id_pk" PRIMARY KEY("timebank_id","id"),
	CONSTRAINT "books_range" CHECK ("slips"."books"."from_number" > 0 and "slips"."books"."to_number" between "slips"."books"."from_number" and "slips"."books"."from_number" + 9999),
	CONSTRAINT "books_prefix" CHECK ("slips"."books"."prefix" !~ '[0-9]$' and "slips"."books"."digits" between 1 and 9),
	CONSTRAINT "books_one_holder" CHECK ("slips"."books"."holder_id" is null or "slips"."books"."holder_organisation_id" is null),
	CONSTRAINT "books_status_known" CHECK ("slips"."books"."status" in ('issued', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "slips"."voids" (
	"timebank_id" uuid NOT NULL,
	"book_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"reason" text NOT NULL,
	"voided_at" timestamp with time zone NOT NULL,
	"voided_by" uuid,
	CONSTRAINT "voids_timebank_id_book_id_number_pk" PRIMARY KEY("timebank_id","book_id","number")
);
--> statement-breakpoint
ALTER TABLE "slips"."books" ADD CONSTRAINT "books_timebank_id_holder_id_memberships_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_id") REFERENCES "members"."memberships"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slips"."books" ADD CONSTRAINT "books_timebank_id_holder_organisation_id_organisations_timebank_id_id_fk" FOREIGN KEY ("timebank_id","holder_organisation_id") REFERENCES "members"."organisations"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slips"."voids" ADD CONSTRAINT "voids_timebank_id_book_id_books_timebank_id_id_fk" FOREIGN KEY ("timebank_id","book_id") REFERENCES "slips"."books"("timebank_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "books_number" ON "slips"."books" USING btree ("timebank_id","prefix","from_number");--> statement-breakpoint
CREATE INDEX "books_status" ON "slips"."books" USING btree ("timebank_id","status","id");--> statement-breakpoint
CREATE INDEX "books_holder" ON "slips"."books" USING btree ("timebank_id","holder_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_slip_number" ON "exchanges"."exchanges" USING btree ("timebank_id","slip_number","id") WHERE slip_number is not null;