-- Who raises an alert writes its event in the same statement: packages/database/src/raise-alerts.sql.
DROP TRIGGER "Alert_tells" ON "Alert";
DROP FUNCTION understudy_tell_alert();
