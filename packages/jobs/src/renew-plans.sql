-- Has plans made anew that are from when far fewer jobs waited. Takes nothing. Rows: one, {isRenewed}.
SELECT coalesce(understudy_renew_plans_of_live_jobs(), false) AS "isRenewed"
