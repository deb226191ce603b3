ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_shape";--> statement-breakpoint
ALTER TABLE "exchanges"."groups" DROP CONSTRAINT "groups_rule";--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "contact_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "preparation_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD COLUMN "travel_minutes" integer;--> statement-breakpoint
ALTER TABLE "exchanges"."exchanges" ADD CONSTRAINT "exchanges_minutes_beside" CHECK ("exchanges"."exchanges"."contact_minutes" > 0 and "exchanges"."exchanges"."preparation_minutes" >= 0 and "exchanges"."exchanges"."travel_minutes" >= 0);--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_shape" CHECK ("exchanges"."groups"."shape" in ('one_to_one', 'one_to_many', 'many_to_one', 'many_to_many'));--> statement-breakpoint
ALTER TABLE "exchanges"."groups" ADD CONSTRAINT "groups_rule" CHECK (("exchanges"."groups"."shape" in ('one_to_many', 'many_to_many')) = ("exchanges"."groups"."rule" is not null));