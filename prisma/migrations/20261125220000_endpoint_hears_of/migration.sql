-- Whether an endpoint is to hear of a creator, whatever it listens to; of what is nobody's, such as null, only if it
-- hears of all.
CREATE FUNCTION understudy_endpoint_hears_of(endpoint "WebhookEndpoint", "creatorId" text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT endpoint."creatorIds" = '{}' OR coalesce("creatorId" = ANY (endpoint."creatorIds"), false)
$$;

CREATE OR REPLACE FUNCTION understudy_endpoint_wants(endpoint "WebhookEndpoint", type text, "creatorId" text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT type = ANY (endpoint."events") AND understudy_endpoint_hears_of(endpoint, "creatorId")
$$;
