import { Badge, Button, Card, Grid, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { type AgentForm, agentForm } from "./agent-forms.ts";
import { inputOf, type Values } from "./json-schema.ts";
import { Reply } from "./reply.tsx";
import { SchemaForm } from "./schema-form.tsx";
import { useJobRun } from "./use-job-run.ts";

/** Try any agent: what it says while it says it, and what that cost. */
export function PlaygroundPage() {
  const understudy = useUnderstudy();
  const forms = useQuery({
    queryKey: ["agents"],
    queryFn: async () => (await understudy.agents()).items.map(agentForm),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page title="Playground" lead={<AnsweredBy />}>
      <Loaded query={forms} height={400}>
        {(agents) => <Playground agents={agents} />}
      </Loaded>
    </Page>
  );
}

/** An emulated reply is never passed off as Gemini's. */
function AnsweredBy() {
  const understudy = useUnderstudy();
  const { data } = useQuery({ queryKey: ["overview"], queryFn: understudy.overview });
  if (!data) return null;
  return data.provider === "emulator" ? (
    <Group gap="xs">
      <Badge variant="light" color="orange" tt="none" className="status-badge">
        the emulator answers
      </Badge>
      in place of {data.defaultModel}: what it says is made up, and what it costs is paid by nobody
    </Group>
  ) : (
    <Group gap="xs">
      <Badge variant="light" color="green" tt="none" className="status-badge">
        Gemini answers
      </Badge>
      with {data.defaultModel}: what a job costs is real
    </Group>
  );
}

function Playground({ agents }: { agents: AgentForm[] }) {
  const understudy = useUnderstudy();
  const [name, setName] = useState(agents[0]?.name ?? "");
  const [creatorId, setCreatorId] = useState("demo");
  const [values, setValues] = useState<Record<string, Values>>({});
  const agent = agents.find((known) => known.name === name);
  const submit = useMutation({
    mutationFn: async () =>
      understudy.submitJob(name, creatorId, inputOf(agent?.fields ?? [], values[name] ?? {})),
  });
  const { run, isResuming } = useJobRun(submit.data?.id);
  const isUnderWay = submit.isPending || (run !== undefined && run.jobId === submit.data?.id && !run.job);
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Card withBorder>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              submit.mutate();
            }}
          >
            <Stack gap="sm">
              <Select
                label="Agent"
                allowDeselect={false}
                data={agents.map(({ name, title }) => ({ value: name, label: title }))}
                value={name}
                onChange={(next) => next && setName(next)}
              />
              {agent && (
                <Text size="sm" c="dimmed">
                  {agent.summary}
                </Text>
              )}
              <TextInput
                label="Creator"
                required
                value={creatorId}
                onChange={(event) => setCreatorId(event.currentTarget.value)}
                description="It takes a token of their bucket, and their quota pays"
              />
              <SchemaForm
                fields={agent?.fields ?? []}
                values={values[name] ?? {}}
                onChange={(next) => setValues({ ...values, [name]: next })}
              />
              {submit.error && <ProblemNote error={submit.error} />}
              <Button type="submit" loading={isUnderWay}>
                Run
              </Button>
            </Stack>
          </form>
        </Card>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 7 }}>
        {run ? (
          <Reply run={run} isResuming={isResuming} />
        ) : (
          <Card withBorder>
            <Title order={2} size="h5">
              The reply
            </Title>
            <Text size="sm" c="dimmed">
              It is shown here while it is written.
            </Text>
          </Card>
        )}
      </Grid.Col>
    </Grid>
  );
}
