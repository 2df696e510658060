import { Anchor, Card, Group, Progress, Stack, Text, Title } from "@mantine/core";
import type { Overview } from "@understudy/contracts";
import { Link } from "react-router";
import { pageWith } from "../../api/understudy.ts";
import { When } from "../../layout/show.tsx";

/** What a waiting job waits for, in words, in the order in which one would ask. */
const causes = [
  ["token", "for a token of their creator's bucket"],
  ["worker", "for a free worker"],
  ["quota", "for room in the quota"],
  ["provider", "for Gemini, which is at its limit"],
  ["time", "for their time, or another attempt"],
  ["paused", "while their creator is paused, or all spending is stopped"],
] as const;

export function WaitingCard({ waiting }: { waiting: Overview["waiting"] }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        Why jobs wait
      </Title>
      {waiting.total === 0 && (
        <Text size="sm" c="dimmed">
          No job waits.
        </Text>
      )}
      <Stack gap="xs">
        {causes.map(([cause, text]) => {
          const jobs = waiting.byCause[cause] ?? 0;
          if (jobs === 0) return null;
          return (
            <div key={cause}>
              <Group justify="space-between" gap="xs">
                <Text size="sm">{text}</Text>
                <Text size="sm" fw={600} className="figure">
                  {jobs.toLocaleString("en")}
                </Text>
              </Group>
              <Progress value={(100 * jobs) / waiting.total} aria-label={`${jobs} wait ${text}`} />
            </div>
          );
        })}
      </Stack>
    </Card>
  );
}

export function FailuresCard({ failures }: { failures: Overview["failures"] }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        Why jobs failed in 24 hours
      </Title>
      {failures.length === 0 && (
        <Text size="sm" c="dimmed">
          No job failed or was blocked.
        </Text>
      )}
      <Stack gap={6}>
        {failures.map(({ code, jobs, latestAt }) => (
          <Group key={code} justify="space-between" gap="xs">
            <Anchor size="sm" component={Link} to={pageWith("/jobs", { q: code })} ff="monospace">
              {code}
            </Anchor>
            <Text size="sm">
              <b className="figure">{jobs.toLocaleString("en")}</b>, the last <When at={latestAt} ago />
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
