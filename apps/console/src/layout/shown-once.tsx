import { Alert, Button, Code, CopyButton, Group, Stack } from "@mantine/core";

/** A secret, the only time that it is shown. */
export function ShownOnce({ what, secret, onDone }: { what: string; secret: string; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="orange" title={`${what} is shown this once`}>
        Keep it where secrets are kept: it can't be read again, only replaced.
      </Alert>
      <Code block data-testid="secret" className="story-text" tabIndex={0}>
        {secret}
      </Code>
      <Group justify="flex-end">
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onDone}>I have it</Button>
      </Group>
    </Stack>
  );
}
