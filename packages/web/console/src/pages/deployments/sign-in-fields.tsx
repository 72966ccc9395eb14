/** What of the sign-in goes to an edge: its users, what they hold there, and for how long it lets them in without a link. */
import { NumberInput, Stack, Switch, TagsInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { rolesQuery } from '../roles/shapes.ts'
import type { Offline, SignIn } from './shapes.ts'

const day = 86_400

export function SignInFields({ value, onChange }: { value: SignIn; onChange: (value: SignIn) => void }) {
  const key = useSystemKey()
  const roles = useQuery(rolesQuery(key))
  const names = roles.data?.map(({ Name }) => Name).filter((name) => name !== 'Anonymous') ?? []
  const { users, offline = {} } = value
  const [unreadable, setUnreadable] = useState('')
  const setRoleDays = (lines: string[]): void => {
    setUnreadable(lines.find((line) => roleDays(line).length === 0) ?? '')
    setOffline({ roles: Object.fromEntries(lines.flatMap(roleDays)) })
  }
  const setOffline = (part: Offline): void => {
    const { limit, near, ...others } = { ...offline, ...part }
    const set = { ...(limit !== undefined && { limit }), ...(near !== undefined && { near }) }
    onChange({ ...value, offline: { ...others, ...set } })
  }
  return (
    <Stack gap="sm">
      <TagsInput
        label="All users of these roles"
        description="Administrators go only where their e-mail stands below"
        data={names}
        value={users.roles}
        onChange={(chosen) => onChange({ ...value, users: { ...users, roles: chosen } })}
      />
      <TagsInput
        label="Users by e-mail"
        description="Press Enter after each"
        value={users.emails}
        onChange={(emails) => onChange({ ...value, users: { ...users, emails } })}
      />
      <TagsInput
        label="Roles that they hold there"
        description="Beside Authenticated and the roles above"
        data={names}
        value={value.roles}
        onChange={(chosen) => onChange({ ...value, roles: chosen })}
      />
      <TagsInput
        label="Collections that the auth service needs"
        value={value.collections}
        onChange={(collections) => onChange({ ...value, collections })}
      />
      <Switch
        label="Sessions are good at both ends"
        description="Whoever signed in at the edge is in at the platform too, and the other way round, but with no privileged role"
        checked={value.sessions !== 'apart'}
        onChange={(event) => {
          const { sessions: _, ...others } = value
          onChange(event.currentTarget.checked ? others : { ...others, sessions: 'apart' })
        }}
      />
      <Switch
        label="Phone numbers go there"
        description="For edges with a gateway for messages of their own; else the platform sends, and keeps the numbers"
        checked={value.phones === true}
        onChange={(event) => onChange({ ...value, phones: event.currentTarget.checked })}
      />
      <NumberInput
        label="Days without a link"
        description="For so long an edge lets users in by what it last knew; a week where nothing stands here"
        placeholder="7"
        min={0.001}
        max={90}
        value={offline.limit === undefined ? '' : offline.limit / day}
        onChange={(days) =>
          setOffline({ limit: typeof days === 'number' && days > 0 ? Math.round(days * day) : undefined } as Offline)
        }
      />
      <TagsInput
        label="Other days for some roles"
        description="As Guards=0.5; press Enter after each"
        value={Object.entries(offline.roles ?? {}).map(([name, seconds]) => `${name}=${seconds / day}`)}
        onChange={setRoleDays}
        error={unreadable !== '' && `"${unreadable}" is no role with a number of days, and was not taken.`}
      />
      <NumberInput
        label="Share of these days"
        description="Beyond it whoever has a second factor needs it, and a password alone is refused; 0.8 where nothing stands here"
        placeholder="0.8"
        min={0.01}
        max={1}
        step={0.1}
        value={offline.near ?? ''}
        onChange={(near) => setOffline({ near: typeof near === 'number' && near > 0 ? near : undefined } as Offline)}
      />
      <Switch
        label="Users there may ask for changes of their own columns"
        description="You approve each of them under Edges, or turn it down"
        checked={value.requests === true}
        onChange={(event) => onChange({ ...value, requests: event.currentTarget.checked })}
      />
    </Stack>
  )
}

/** Nothing of a line that is no role and days. */
function roleDays(line: string): [string, number][] {
  const at = line.lastIndexOf('=')
  const days = Number(line.slice(at + 1))
  return at > 0 && days > 0 ? [[line.slice(0, at).trim(), Math.round(days * day)]] : []
}
