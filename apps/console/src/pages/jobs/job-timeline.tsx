import { Card, Text, Timeline, Title } from "@mantine/core";
import type { JobStory } from "@understudy/contracts";
import { When } from "../../layout/show.tsx";
import { timelineOf } from "./timeline-of.ts";

/** How the job came to where it is. */
export function JobTimeline({ story }: { story: JobStory }) {
  const entries = timelineOf(story);
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="md">
        Its story
      </Title>
      <Timeline
        active={entries.length - 1}
        bulletSize={14}
        lineWidth={2}
        color="violet"
        classNames={{ root: "story" }}
      >
        {entries.map(({ id, title, detail, at, tone }) => (
          <Timeline.Item
            key={id}
            title={
              <Text size="sm" fw={600}>
                {title}
              </Text>
            }
            {...(tone === "bad" && { color: "red" })}
          >
            <Text size="xs" c="dimmed" className="story-text">
              {[at && <When key="at" at={at} />, at && detail && " · ", detail]}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Card>
  );
}
