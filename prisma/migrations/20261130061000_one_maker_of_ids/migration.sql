-- An id for a row that a statement makes, such as `evt_01K…`: a ULID, as newId makes them. Its time is the one that the row's
-- "createdAt" has, to the millisecond; the rest is chance, and no secret.
CREATE FUNCTION understudy_new_id(prefix text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  symbols constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  ms bigint := extract(epoch FROM now()::timestamptz(3)) * 1000;
  ulid text := '';
BEGIN
  FOR place IN 1..10 LOOP
    ulid := substr(symbols, (ms & 31)::int + 1, 1) || ulid;
    ms := ms >> 5;
  END LOOP;
  FOR place IN 1..16 LOOP
    ulid := ulid || substr(symbols, floor(random() * 32)::int + 1, 1);
  END LOOP;
  RETURN prefix || '_' || ulid;
END $$;
