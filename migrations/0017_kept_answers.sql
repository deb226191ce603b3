-- The kept answer of a batch of a thousand rows has some 300 KB. Where this PostgreSQL has lz4, packing it costs a tenth.
DO $$
BEGIN
  ALTER TABLE platform.idempotency_keys ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
  NULL;
END $$;
