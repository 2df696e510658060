import { Anchor, Card, Code, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Creator, CreatorLimits, PastCreatorTerms } from "@understudy/contracts";
import { Link, useParams } from "react-router";
import { pageWith } from "../../api/understudy.ts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { Figure, StatusBadge, Usd, When } from "../../layout/show.tsx";
import { QuotaBar } from "./quota-bar.tsx";
import { TermsForm } from "./terms-form.tsx";

/** One creator: their terms, and how to change them. */
export function CreatorPage() {
  const { id = "" } = useParams();
  const understudy = useUnderstudy();
  const creator = useQuery({ queryKey: ["creator", id], queryFn: () => understudy.creator(id) });
  const account = useQuery({
    queryKey: ["creator", id, "account"],
    queryFn: async () => ({ quota: await understudy.quota(id), limits: await understudy.limits(id) }),
    refetchInterval: 5_000,
  });
  const history = useQuery({
    queryKey: ["creator", id, "history"],
    queryFn: () => understudy.creatorHistory(id),
  });
  return (
    <Page
      title={id}
      lead={
        <>
          <Anchor component={Link} size="sm" to={pageWith("/jobs", { creatorId: id })}>
            jobs
          </Anchor>{" "}
          ·{" "}
          <Anchor component={Link} size="sm" to={pageWith("/costs", { creatorId: id })}>
            costs
          </Anchor>{" "}
          ·{" "}
          <Anchor component={Link} size="sm" to={pageWith("/knowledge", { creatorId: id })}>
            insights
          </Anchor>
        </>
      }
      actions={creator.data && <PauseButton creator={creator.data} />}
    >
      <Loaded query={creator} height={300}>
        {(data) => (
          <>
            <Loaded query={account} height={110}>
              {({ quota, limits }) => (
                <SimpleGrid cols={{ base: 1, sm: 3 }}>
                  <Card withBorder>
                    <Text size="sm" c="dimmed" mb="xs">
                      Quota of the month, until <When at={quota.resetsAt} />
                    </Text>
                    <QuotaBar quota={quota} />
                  </Card>
                  <BucketFigure limits={limits} />
                  <Figure
                    label="In the lane"
                    value={limits.waiting.toLocaleString("en")}
                    note="jobs that wait for a token and their turn"
                  />
                </SimpleGrid>
              )}
            </Loaded>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <TermsForm key={data.updatedAt} creator={data} />
              <Stack>
                <ProfileCard creator={data} />
                <Loaded query={history}>{({ items }) => <HistoryCard items={items} />}</Loaded>
              </Stack>
            </SimpleGrid>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function BucketFigure({ limits }: { limits: CreatorLimits }) {
  const { remaining, burst, ratePerHour, nextTokenAt } = limits;
  return (
    <Figure
      label="Tokens in the bucket"
      value={`${remaining.toLocaleString("en")} of ${burst.toLocaleString("en")}`}
      note={
        <>
          {ratePerHour.toLocaleString("en")} an hour ·{" "}
          {remaining > 0 ? (
            "one can start now"
          ) : (
            <>
              the next <When at={nextTokenAt} ago />
            </>
          )}
        </>
      }
    />
  );
}

function PauseButton({ creator }: { creator: Creator }) {
  const understudy = useUnderstudy();
  return creator.pausedAt ? (
    <>
      <StatusBadge status="paused" />
      <ActionButton act={() => understudy.resumeCreator(creator.id)} done={`${creator.id}'s jobs go on.`}>
        Resume
      </ActionButton>
    </>
  ) : (
    <ActionButton
      variant="default"
      act={() => understudy.pauseCreator(creator.id)}
      done={`${creator.id}'s jobs are held back; new ones are still accepted.`}
    >
      Pause
    </ActionButton>
  );
}

function ProfileCard({ creator }: { creator: Creator }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        How they sound
      </Title>
      {creator.profile ? (
        <Code block tabIndex={0}>
          {JSON.stringify(creator.profile, null, 2)}
        </Code>
      ) : (
        <Text size="sm" c="dimmed">
          Nobody has said. The app sets it with PUT /api/ai/creators/{creator.id}.
        </Text>
      )}
    </Card>
  );
}

function HistoryCard({ items }: { items: PastCreatorTerms[] }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        Terms of before
      </Title>
      {items.length === 0 && (
        <Text size="sm" c="dimmed">
          These are the first.
        </Text>
      )}
      <Stack gap={4}>
        {items.map((terms) => (
          <Group key={terms.validTo} gap="xs">
            <Text size="sm">
              until <When at={terms.validTo} />: plan {terms.plan}
              {terms.bucket && `, ${terms.bucket.ratePerHour} jobs an hour, burst ${terms.bucket.burst}`}
              {terms.quotaUsd !== null && (
                <>
                  , quota <Usd amount={terms.quotaUsd} />
                </>
              )}
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
