import { Card, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded } from "../../layout/page.tsx";
import { When } from "../../layout/show.tsx";
import { spendingKey } from "../../layout/spending-note.tsx";

/** The switch that stops all spending. */
export function SpendingCard() {
  const understudy = useUnderstudy();
  const spending = useQuery({ queryKey: spendingKey, queryFn: understudy.spending });
  return (
    <Card withBorder>
      <Loaded query={spending} height={60}>
        {({ stopped, changedAt }) => (
          <Group justify="space-between">
            <div>
              <Title order={2} size="h5">
                {stopped ? "All spending is stopped" : "Spending goes on"}
              </Title>
              <Text size="sm" c="dimmed">
                {stopped ? "No call is made, and jobs wait." : "Within each creator's quota."} Since{" "}
                <When at={changedAt} />.
              </Text>
            </div>
            {stopped ? (
              <ActionButton
                act={() => understudy.setSpending(false)}
                done="Spending goes on; what waited starts again."
              >
                Let it go on
              </ActionButton>
            ) : (
              <ActionButton
                color="red"
                act={() => understudy.setSpending(true)}
                done="All spending is stopped."
                confirm={{
                  title: "Stop all spending?",
                  text: "From now on no call is made, for anybody. Calls under way end as they are; jobs are accepted and wait.",
                  verb: "Stop all spending",
                }}
              >
                Stop all spending
              </ActionButton>
            )}
          </Group>
        )}
      </Loaded>
    </Card>
  );
}
