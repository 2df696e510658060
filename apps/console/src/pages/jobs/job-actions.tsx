import { Text } from "@mantine/core";
import { isTerminal, type Job } from "@understudy/contracts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";

/** What can be done with a job as it is now. */
export function JobActions({ job }: { job: Job }) {
  const understudy = useUnderstudy();
  if (job.status === "failed") {
    return (
      <ActionButton
        act={() => understudy.retryJob(job.id)}
        done="The job runs again; its finished steps are not paid again."
      >
        Retry
      </ActionButton>
    );
  }
  if (isTerminal(job.status)) return null;
  return (
    <ActionButton
      color="red"
      variant="light"
      act={() => understudy.cancelJob(job.id)}
      done="The job is cancelled."
      confirm={{
        title: "Cancel this job?",
        text: (
          <Text size="sm">
            It ends as cancelled. Calls that it has made stay on record, and what they cost.
          </Text>
        ),
        verb: "Cancel the job",
      }}
    >
      Cancel
    </ActionButton>
  );
}
