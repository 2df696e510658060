import { Alert, Button, Code, Group, List, Text } from "@mantine/core";
import { ApiProblem } from "../api/send.ts";
import { Icon } from "./icon.tsx";

/** What went wrong, in the API's own words, with the id under which its logs tell more. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ApiProblem ? error.problem : undefined;
  return (
    <Alert
      color="red"
      variant="light"
      title={problem ? problem.title : "The console itself failed"}
      icon={<Icon name="warning" />}
      role="alert"
    >
      <Text size="sm">{problem?.detail ?? (error instanceof Error ? error.message : String(error))}</Text>
      {problem?.errors && (
        <List size="sm" mt={4}>
          {problem.errors.map(({ pointer, detail }) => (
            <List.Item key={pointer + detail}>
              <Code>{pointer}</Code> {detail}
            </List.Item>
          ))}
        </List>
      )}
      <Group mt="xs" gap="md">
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {problem && (
          <Text size="xs">
            <Code>{problem.code}</Code>
            {problem.requestId !== "" && <> · request {problem.requestId}</>}
          </Text>
        )}
      </Group>
    </Alert>
  );
}
