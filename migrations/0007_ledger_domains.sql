-- What single values of the ledger may be. See the tables for why these are no CHECKs.
CREATE DOMAIN ledger.account_kind AS text CHECK (VALUE IN ('member', 'organisation', 'community_pot', 'budget', 'clearing', 'opening'));
--> statement-breakpoint
CREATE DOMAIN ledger.account_status AS text CHECK (VALUE IN ('open', 'frozen', 'closed'));
--> statement-breakpoint
CREATE DOMAIN ledger.moved_minutes AS integer CHECK (VALUE > 0);
--> statement-breakpoint
CREATE DOMAIN ledger.total_minutes AS bigint CHECK (VALUE >= 0);
--> statement-breakpoint
-- Made again after its columns have their new types.
DROP VIEW ledger.entries;
