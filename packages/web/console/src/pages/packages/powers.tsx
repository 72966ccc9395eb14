/** Everything a package asks for: who may run what, as whom, what is reached, which hosts, which users. */
import { List, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Part } from './review.tsx'
import { kindWords, type Review, rightsOn } from './shapes.ts'

const notWaiting = new Set(['readme', 'package-json', 'ipm-json', 'portal'])

export function Powers({ review }: { review: Review }) {
  const groups = groupsOf(review).filter(({ lines }) => lines.length > 0)
  return (
    <Part title="What it asks for">
      {groups.length === 0 && (
        <Text size="sm">
          <ThemeIcon size="xs" variant="light" mr={6} aria-hidden>
            <IconCheck size={12} />
          </ThemeIcon>
          Nothing: it brings no rights, no users, and its code names no hosts.
        </Text>
      )}
      <Stack gap="md">
        {groups.map(({ title, hint, lines }) => (
          <div key={title}>
            <Text size="sm" fw={600}>
              {title}
            </Text>
            {hint !== undefined && (
              <Text size="xs" c="dimmed">
                {hint}
              </Text>
            )}
            <List size="sm" mt={2} spacing={2}>
              {lines.slice(0, 60).map((line) => (
                <List.Item key={String(line)} style={{ overflowWrap: 'anywhere' }}>
                  {line}
                </List.Item>
              ))}
              {lines.length > 60 && <List.Item>and {lines.length - 60} more</List.Item>}
            </List>
          </div>
        ))}
      </Stack>
    </Part>
  )
}

type Group = { title: string; hint?: string; lines: ReactNode[] }

function groupsOf({ anonymous, runAs, reach, hosts, users, gains, kept }: Review): Group[] {
  return [
    { title: 'Anybody may run, without signing in', lines: anonymous },
    {
      title: 'Run as somebody, whoever calls',
      lines: runAs.map(({ service, user, brought }) =>
        brought
          ? `${service} as ${user}, who comes with the package`
          : `${service} as ${user}, who does not come with it: it runs as its caller until you say otherwise`,
      ),
    },
    {
      title: 'Rights of its services',
      lines: reach.flatMap(({ service, as, roles, collections, wide }) => {
        const rights = [
          ...wide.map(({ kind, may }) => rightsOn(kind, may)),
          ...collections.map(({ name, may }) => rightsOn(name, may)),
        ]
        if (rights.length === 0) return []
        const who = as.kind === 'user' ? as.name : roles.length === 0 ? 'its callers' : `callers (${roles.join(', ')})`
        return [`${service}, with the rights of ${who}: ${rights.join('; ')}`]
      }),
    },
    {
      title: 'Standing roles get',
      lines: gains.map(({ role, rights }) => {
        const words = rights.map(({ kind, item, may }) => rightsOn(item === '' ? kind : item, may))
        return `${role}: ${words.join('; ')}`
      }),
    },
    {
      title: 'Hosts in its code',
      hint: 'Found by searching. An address that the code puts together is not found.',
      lines: hosts.map(({ host, in: where }) => `${host}, in ${where.slice(0, 4).join(', ')}`),
    },
    {
      title: 'Users it brings',
      hint: 'They get new passwords, shown once after the import.',
      lines: users.map(({ email, roles, serviceAccount }) => {
        const kind = serviceAccount ? 'service account' : 'person'
        return `${email} (${kind})${roles.length === 0 ? '' : `: ${roles.join(', ')}`}`
      }),
    },
    {
      title: 'Kept whole, not active yet',
      hint: 'Nothing is lost: an export has them again.',
      lines: kept
        .filter(({ kind }) => !notWaiting.has(kind))
        .map(({ kind, name, sensitive }) => `${kindWords(kind)}: ${name}${sensitive ? ', may hold secrets' : ''}`),
    },
  ]
}
