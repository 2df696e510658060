import { Anchor, Badge, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded } from "../../layout/page.tsx";
import { When } from "../../layout/show.tsx";

const names = {
  quota_threshold: "quota",
  spend_spike: "spike",
  unknown_calls: "lost answers",
  cost_above_hold: "above its hold",
  endpoint_disabled: "endpoint",
  not_storable: "not storable",
  redis_evicts: "Redis evicts",
  model_unavailable: "Model gone",
  model_rerouted: "Another model answers",
  model_retiring: "Model retires",
  provider_key_refused: "Key refused",
  provider_account_depleted: "Account used up",
  provider_refuses: "Requests refused",
} as const;

export function AlertsCard() {
  const understudy = useUnderstudy();
  const alerts = useQuery({
    queryKey: ["alerts"],
    queryFn: () => understudy.alerts({ limit: 12 }),
    refetchInterval: 10_000,
  });
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        Alerts
      </Title>
      <Loaded query={alerts}>
        {({ items }) => (
          <Stack gap={8}>
            {items.length === 0 && (
              <Text size="sm" c="dimmed">
                Nothing to worry about so far.
              </Text>
            )}
            {items.map((alert) => (
              <Group key={alert.id} gap="sm" wrap="nowrap" align="flex-start">
                <Badge
                  variant="light"
                  color={alert.type === "quota_threshold" ? "orange" : "red"}
                  tt="none"
                  miw={110}
                  className="status-badge"
                >
                  {names[alert.type]}
                </Badge>
                <Text size="sm" style={{ flex: 1 }}>
                  {alert.message}{" "}
                  {alert.creatorId !== null && (
                    <Anchor component={Link} size="sm" to={`/creators/${alert.creatorId}`}>
                      {alert.creatorId}
                    </Anchor>
                  )}
                </Text>
                <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
                  <When at={alert.createdAt} ago />
                </Text>
              </Group>
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}
