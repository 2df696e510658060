import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Divider,
  Group,
  NavLink,
  ScrollArea,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useLocation } from "react-router";
import { sessionKey } from "../api/query-client.ts";
import { ApiProblem } from "../api/send.ts";
import { useUnderstudy } from "../api/understudy-context.tsx";
import { Pages } from "../pages/pages.tsx";
import { Icon } from "./icon.tsx";
import { Logo } from "./logo.tsx";
import { destinations, neighbours } from "./navigation.ts";
import { SpendingNote } from "./spending-note.tsx";

/** What stands around every page. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a small screen each change of the page closes the menu
  useEffect(close, [pathname]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "md", collapsed: { mobile: !opened } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="md" size="sm" aria-label="Menu" />
            <Logo />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ThemeSwitch />
            <SignOut />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <AppShell.Section grow component={ScrollArea}>
          {destinations.map(({ path, label, icon }) => {
            const isHere = path === "/" ? pathname === "/" : pathname.startsWith(path);
            return (
              <NavLink
                key={path}
                component={Link}
                to={path}
                label={label}
                active={isHere}
                {...(isHere && { "aria-current": "page" as const })}
                leftSection={<Icon name={icon} />}
              />
            );
          })}
          <Divider my="xs" />
          {neighbours.map(({ path, label, icon }) => (
            <NavLink
              key={path}
              href={path}
              label={label}
              leftSection={<Icon name={icon} />}
              rightSection={<Icon name="external" size={14} />}
            />
          ))}
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <SpendingNote />
        <Pages />
      </AppShell.Main>
    </AppShell>
  );
}

function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const label = isDark ? "Light theme" : "Dark theme";
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? "light" : "dark")}
      >
        <Icon name={isDark ? "sun" : "moon"} />
      </ActionIcon>
    </Tooltip>
  );
}

function SignOut() {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  function forget() {
    queryClient.clear();
    queryClient.setQueryData(sessionKey, null);
  }
  const signOut = useMutation({
    mutationFn: understudy.signOut,
    onSuccess: forget,
    onError: (error) => {
      if (error instanceof ApiProblem && error.problem.status === 401) forget();
      else notifications.show({ color: "red", title: "You are still signed in", message: error.message });
    },
  });
  return (
    <Button variant="default" size="sm" loading={signOut.isPending} onClick={() => signOut.mutate()}>
      Sign out
    </Button>
  );
}
