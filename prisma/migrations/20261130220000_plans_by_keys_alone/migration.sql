-- Sessions plan without reading whole tables (enable_seqscan is off): no plan is from when a table was short.
DROP FUNCTION understudy_renew_plans_of_live_jobs();
