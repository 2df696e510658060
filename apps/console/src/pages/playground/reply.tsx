import { Anchor, Badge, Card, Code, Group, Loader, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Job } from "@understudy/contracts";
import { useState } from "react";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { Figure, StatusBadge, Usd } from "../../layout/show.tsx";
import { formatDuration } from "../../layout/time-ago.ts";
import { callColumns } from "../costs/calls-page.tsx";
import { ExplainCall } from "../costs/explain-call.tsx";
import { waitingWords } from "../jobs/waiting-words.ts";
import type { JobRun } from "./job-run.ts";

/** What the agent says: the text while it is written, then the result and its cost. */
export function Reply({ run, isResuming }: { run: JobRun; isResuming: boolean }) {
  const { job, status, waitingFor, retracted } = run;
  return (
    <Stack>
      <Card withBorder>
        <Group justify="space-between" mb="sm">
          <Title order={2} size="h5">
            The reply
          </Title>
          <Group gap="xs">
            {!job && <Loader size="xs" aria-label="Under way" />}
            {isResuming && <Text size="xs">connecting again…</Text>}
            <StatusBadge status={status} />
          </Group>
        </Group>
        <Stack gap="xs">
          {waitingFor && !job && <Text size="sm">It waits {waitingWords[waitingFor]}.</Text>}
          {retracted.map((text, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: texts are only ever added, and two may be alike
            <Retracted key={index} text={text} />
          ))}
          {job ? <Result job={job} /> : <Draft run={run} />}
        </Stack>
      </Card>
      {job && <JobCost job={job} />}
    </Stack>
  );
}

function Retracted({ text }: { text: string }) {
  return (
    <div data-testid="retracted">
      <Badge color="orange" variant="light" tt="none" className="status-badge">
        taken back
      </Badge>
      <Text size="sm" td="line-through" c="dimmed" className="story-text">
        {text}
      </Text>
    </div>
  );
}

function Draft({ run: { text, note } }: { run: JobRun }) {
  if (text === "") return null;
  return (
    <div>
      <Badge variant="light" tt="none" className="status-badge">
        {note ?? "being written"}
      </Badge>
      <Text className="story-text" aria-live="polite" data-testid="draft">
        {text}
      </Text>
    </div>
  );
}

const textFields = ["response", "text", "caption", "message"];

function Result({ job }: { job: Job }) {
  if (job.error) {
    return (
      <Text c="var(--tone-bad)">
        <b>{job.error.code}</b>: {job.error.message}
      </Text>
    );
  }
  const result = (job.result ?? {}) as Record<string, unknown>;
  const text = textFields.map((field) => result[field]).find((value) => typeof value === "string");
  return (
    <>
      {typeof text === "string" && (
        <Text className="story-text" data-testid="reply">
          {text}
        </Text>
      )}
      <Code block mah={320} className="story-text" tabIndex={0}>
        {JSON.stringify(job.result, null, 2)}
      </Code>
    </>
  );
}

/** To the cent and beyond: the job's sum, and each of its calls. */
function JobCost({ job }: { job: Job }) {
  const understudy = useUnderstudy();
  const [explained, setExplained] = useState<string>();
  const calls = useQuery({
    queryKey: ["calls", "of", job.id],
    queryFn: () => understudy.calls({ jobId: job.id, limit: 200 }),
  });
  const { usage, startedAt, finishedAt } = job;
  const tookMs = startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure
          label="Cost"
          value={
            <span data-testid="job-cost">
              <Usd amount={usage.costUsd} />
            </span>
          }
          note={
            job.provider === "emulator"
              ? `what ${job.model} would cost; the emulator is free`
              : "billed by Gemini"
          }
        />
        <Figure
          label="Tokens"
          value={(usage.inputTokens + usage.outputTokens + usage.thoughtTokens).toLocaleString("en")}
          note={`${usage.inputTokens} in (${usage.cachedTokens} cached), ${usage.outputTokens} out, ${usage.thoughtTokens} thoughts`}
        />
        <Figure
          label="Took"
          value={tookMs === undefined ? "–" : formatDuration(tookMs)}
          note={
            <Anchor component={Link} size="xs" to={`/jobs/${job.id}`}>
              the job's whole story
            </Anchor>
          }
        />
      </SimpleGrid>
      <Loaded query={calls}>
        {({ items }) => (
          <Table
            label="Calls of this reply"
            records={items}
            columns={callColumns(setExplained, true)}
            idOf={({ id }) => id}
            empty="It made no call."
          />
        )}
      </Loaded>
      <ExplainCall callId={explained} onClose={() => setExplained(undefined)} />
    </Stack>
  );
}
