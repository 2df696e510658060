import { Anchor, Badge, Card, Code, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { isTerminal, type Job, type JobStory } from "@understudy/contracts";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { CopyId, Figure, StatusBadge, Usd, When } from "../../layout/show.tsx";
import { callColumns } from "../costs/calls-page.tsx";
import { ExplainCall } from "../costs/explain-call.tsx";
import { JobActions } from "./job-actions.tsx";
import { JobDeliveries } from "./job-deliveries.tsx";
import { JobTimeline } from "./job-timeline.tsx";

/** All that is known of one job, in the order in which it happened. */
export function JobPage() {
  const { id = "" } = useParams();
  const understudy = useUnderstudy();
  const story = useQuery({
    queryKey: ["job", id],
    queryFn: () => understudy.jobStory(id),
    refetchInterval: ({ state }) => (state.data && isTerminal(state.data.job.status) ? 15_000 : 1_500),
  });
  return (
    <Page title="Job" lead={<CopyId id={id} />} actions={story.data && <JobActions job={story.data.job} />}>
      <Loaded query={story} height={400}>
        {(data) => <Story story={data} />}
      </Loaded>
    </Page>
  );
}

function Story({ story }: { story: JobStory }) {
  const [explained, setExplained] = useState<string>();
  const { job } = story;
  const isEmulated = job.provider === "emulator";
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Figure
          label="Status"
          value={<StatusBadge status={job.status} />}
          note={`${job.attempts} ${job.attempts === 1 ? "attempt" : "attempts"}${story.crashes > 0 ? `, ${story.crashes} crashed` : ""}`}
        />
        <Figure
          label="Cost"
          value={<Usd amount={job.usage.costUsd} />}
          note={`${job.usage.calls} calls · ${job.usage.byAgent.map(({ agentId, costUsd }) => `${agentId} $${costUsd}`).join(" · ")}`}
        />
        <Figure
          label="For"
          value={
            <Anchor component={Link} to={`/creators/${job.creatorId}`} fz="inherit">
              {job.creatorId}
            </Anchor>
          }
          note={`${story.fanId ? `fan ${story.fanId} · ` : ""}feature ${job.feature}`}
        />
        <Figure
          label="Agent"
          value={job.agent}
          note={
            <Group gap={6}>
              {job.model}
              <Badge
                size="sm"
                variant="light"
                color={isEmulated ? "orange" : "green"}
                tt="none"
                className="status-badge"
              >
                {isEmulated ? "emulator" : "Gemini"}
              </Badge>
            </Group>
          }
        />
      </SimpleGrid>
      <JobTimeline story={story} />
      <Result job={job} />
      <section>
        <Title order={2} size="h5" mb="xs">
          Calls
        </Title>
        <Table
          label="Calls of this job"
          records={story.calls}
          columns={callColumns(setExplained, true)}
          idOf={({ id }) => id}
          empty="It has made no call."
        />
      </section>
      <InsightsCard insights={story.insights} />
      <JobDeliveries events={story.events} />
      <ExplainCall callId={explained} onClose={() => setExplained(undefined)} />
    </Stack>
  );
}

/** What was asked is told to nobody but the app: it is what fans wrote. */
function Result({ job }: { job: Job }) {
  const value = job.result ?? job.error;
  const missing = job.erasedAt
    ? "Its fan was erased."
    : isTerminal(job.status)
      ? "Nothing."
      : "It has not finished yet.";
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        What came out
      </Title>
      {value === undefined ? (
        <Text size="sm" c="dimmed">
          {missing}
        </Text>
      ) : (
        <Code block mah={320} className="story-text" tabIndex={0}>
          {JSON.stringify(value, null, 2)}
        </Code>
      )}
    </Card>
  );
}

function InsightsCard({ insights }: { insights: JobStory["insights"] }) {
  if (insights.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        Insights that it found, used or taught
      </Title>
      <Stack gap={6}>
        {insights.map((insight) => (
          <Group key={insight.id} gap="sm" wrap="nowrap" align="flex-start">
            <Badge variant="light" tt="none" miw={70} className="status-badge">
              {insight.role}
            </Badge>
            <Text size="sm">
              {insight.text}{" "}
              <span className="dimmed">
                {insight.type} by {insight.source}, <When at={insight.createdAt} ago />
              </span>
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
