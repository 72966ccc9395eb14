/** What stands round every page of a signed-in developer: the bar on top with the way home, the colours and the way out. */
import { ActionIcon, Anchor, AppShell, Group, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconLogout, IconMoon, IconSun, IconUserCircle } from '@tabler/icons-react'
import { useEffect } from 'react'
import { Link, Navigate, Outlet, useLocation, useMatch, useNavigationType } from 'react-router'
import { ask, setSession } from '../api.ts'
import { useSession } from '../session.ts'

export function Frame() {
  const session = useSession()
  const { pathname, search } = useLocation()
  const how = useNavigationType()
  // A page begins at its top; on the way back the browser knows better.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each page
  useEffect(() => {
    if (how !== 'POP') scrollTo({ top: 0 })
  }, [pathname])
  if (session === undefined) return <Navigate to="/sign-in" replace state={{ from: pathname + search }} />
  return (
    <AppShell header={{ height: 52 }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="lg" wrap="nowrap" component="nav" aria-label="Gatehouse">
            <Anchor component={Link} to="/systems" fw={700} underline="never" visibleFrom="xs">
              Gatehouse
            </Anchor>
            <TopLink to="/systems" label="Systems" />
            <TopLink to="/packages" label="Packages" />
            <TopLink to="/audit" label="Audit" />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Anchor component={Link} to="/account" size="sm" c="dimmed" visibleFrom="sm" title="My account">
              {session.email}
            </Anchor>
            <ActionIcon component={Link} to="/account" variant="subtle" aria-label="My account" title="My account">
              <IconUserCircle size={18} />
            </ActionIcon>
            <ColourSwitch />
            <ActionIcon variant="subtle" aria-label="Sign out" title="Sign out" onClick={signOut}>
              <IconLogout size={18} />
            </ActionIcon>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  )
}

function TopLink({ to, label }: { to: string; label: string }) {
  const isHere = useMatch(`${to}/*`) !== null
  return (
    <Anchor
      component={Link}
      to={to}
      underline={isHere ? 'always' : 'hover'}
      {...(isHere ? { fw: 600, 'aria-current': 'true' as const } : { c: 'var(--mantine-color-text)' })}
    >
      {label}
    </Anchor>
  )
}

/** The browser forgets the token whatever the node says. */
function signOut(): void {
  ask('/admin/logout', { method: 'POST' })
    .catch(() => undefined)
    .finally(() => setSession(undefined))
}

function ColourSwitch() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'light' ? 'dark' : 'light'
  return (
    <ActionIcon
      variant="subtle"
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {scheme === 'light' ? <IconMoon size={18} /> : <IconSun size={18} />}
    </ActionIcon>
  )
}
