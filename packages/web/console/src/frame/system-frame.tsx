/** Round every page of one system: its name, and the way to its parts. */
import { Anchor, Box, Group, Loader, NavLink, ScrollArea, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Link, Outlet, NavLink as RouterLink, useLocation, useParams } from 'react-router'
import { ask } from '../api.ts'
import { Failure } from './failure.tsx'
import { places } from './places.tsx'

/** A system with its settings, as `GET /admin/v/4/systemmanagement` answers it. */
export type SystemDetails = Settings & { appId: string; appSecret: string }

/** What a developer changes of a system. Times in seconds. */
export type Settings = {
  name: string
  description: string
  auth_service: string
  reg_service: string
  registration: 'open' | 'closed'
  password_reset: 'open' | 'closed'
  anonymous: 'open' | 'closed'
  run_as_sign_in: 'refused' | 'allowed'
  token_ttl_user: number
  token_ttl_device: number
  token_ttl_anon: number
  refresh_max_age: number
  auth_error_status: 200 | 401
  password_min_length: number
  messages_to: '' | 'inbox' | 'provider'
  message_providers: MessageProvider[]
  phone_country: string
  code_digits: number
  code_message: string
  mail: MailServer | null
  passkey_rp_id: string
  passkey_origins: string[]
  /** How many sign-ins are recorded for replays: the newest `keep`. */
  record_sign_ins: { keep: number; share?: number; days?: number } | null
  /** When a version of the auth service withdraws itself; `window` in seconds. */
  auth_withdraw: { share: number; window: number; least: number } | null
}

/** `password` names a secret. */
export type MailServer = {
  host: string
  port: number
  from: string
  user?: string
  password?: string
  tls: 'required' | 'none'
}

export type MessageProvider =
  | { kind: 'twilio'; account: string; token: string; from?: string; messaging_service?: string }
  | { kind: 'webhook'; url: string; secret: string }

export const systemQuery = (key: string) => ({
  queryKey: ['system', key],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<SystemDetails>(`/admin/v/4/systemmanagement?id=${encodeURIComponent(key)}`, { signal }),
})

/** Where messages of a system go; `gateway` stands there in development alone. */
export type Sending = {
  where: 'inbox' | 'provider'
  messages_to: string
  gateway?: { url: string; account_sid: string; auth_token: string }
}

export const sendingQuery = (key: string) => ({
  queryKey: ['sending', key],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Sending>(`/admin/v/4/system/${key}/sending`, { signal }),
  staleTime: 60_000,
})

/** The key of the system that the page is of. */
export const useSystemKey = (): string => useParams().systemKey!

export function SystemFrame() {
  const key = useSystemKey()
  const { pathname } = useLocation()
  const system = useQuery(systemQuery(key))
  const sending = useQuery(sendingQuery(key))
  const shown = places.filter(({ inDevelopment }) => inDevelopment !== true || sending.data?.gateway !== undefined)
  const nav = useRef<HTMLDivElement>(null)
  // On narrow screens the row of parts scrolls; the one that is open is to be seen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each page
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [pathname, system.isSuccess, shown.length])
  if (system.isPending) return <Loader aria-label="Loading the system" />
  if (system.isError) return <Failure error={system.error} title="This system cannot be opened" />
  return (
    <>
      <Group gap="xs" mb="sm" wrap="nowrap">
        <Anchor component={Link} to="/systems">
          Systems
        </Anchor>
        <Text c="dimmed">/</Text>
        <Text fw={600} truncate>
          {system.data.name}
        </Text>
      </Group>
      <ScrollArea type="never" mb="md">
        <Group component="nav" ref={nav} aria-label={`Parts of ${system.data.name}`} gap={4} wrap="nowrap">
          {shown.map(({ path, label, icon: Icon }) => (
            <NavLink
              key={path}
              component={RouterLink}
              to={`/systems/${key}/${path}`}
              label={label}
              active={pathname.startsWith(`/systems/${key}/${path}`)}
              leftSection={<Icon size={16} />}
              w="auto"
              px={8}
              py={6}
              style={{ borderRadius: 'var(--mantine-radius-sm)', whiteSpace: 'nowrap' }}
            />
          ))}
        </Group>
      </ScrollArea>
      <Box>
        <Outlet />
      </Box>
    </>
  )
}
