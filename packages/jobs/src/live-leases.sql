-- Names of leases that are held now. Rows: {name}.
SELECT "name" FROM "Lease" WHERE "until" > now()
