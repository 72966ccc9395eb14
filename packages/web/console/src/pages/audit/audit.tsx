/** Audit: who changed what and from where, of one system or of all that the developer may see. */
import { Button, Group, Loader, Paper, Select, Stack, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { AuditEntry } from './entry.tsx'
import { type AuditRow, kindOptions, type AuditPage as Page } from './shapes.ts'
import { AuditTable } from './table.tsx'

export function AuditPage() {
  const { systemKey } = useParams()
  const [kind, setKind] = useState<string | null>(null)
  const [who, setWho] = useState('')
  const [since, setSince] = useState('')
  const [until, setUntil] = useState('')
  const [person] = useDebouncedValue(who.trim(), 300)
  const [opened, setOpened] = useState<AuditRow>()
  const filter = {
    ...(systemKey !== undefined && { system: systemKey }),
    ...(kind !== null && { kind }),
    ...(person !== '' && { who: person }),
    ...(since !== '' && { since: String(startOf(since)) }),
    ...(until !== '' && { until: String(endOf(until)) }),
  }
  const pages = useInfiniteQuery({
    queryKey: ['audit', filter],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ ...filter, limit: '100', ...(pageParam !== '' && { cursor: pageParam }) })
      return ask<Page>(`/admin/audit?${query}`, { signal })
    },
    getNextPageParam: ({ next }) => next,
  })
  const rows = pages.data?.pages.flatMap((page) => page.rows)
  return (
    <Stack>
      <PageHead
        title="Audit"
        text={
          systemKey === undefined
            ? 'Who changed what and from where: in your systems, and what you did yourself. The administrator sees all.'
            : 'Who changed what in this system and from where. No row can be changed or removed here.'
        }
      />
      <Group align="flex-end" component="section" aria-label="Filter">
        <Select
          label="What"
          placeholder="Everything"
          data={kindOptions}
          value={kind}
          onChange={setKind}
          clearable
          searchable
          w={200}
        />
        <TextInput
          label="Who"
          placeholder="E-mail, whole"
          value={who}
          onChange={(event) => setWho(event.currentTarget.value)}
          w={220}
        />
        <TextInput label="From" type="date" value={since} onChange={(event) => setSince(event.currentTarget.value)} />
        <TextInput label="To" type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
      </Group>
      {pages.isPending && <Loader aria-label="Loading the audit" />}
      {pages.isError && <Failure error={pages.error} title="The audit cannot be read" />}
      {rows?.length === 0 && (
        <NothingYet icon={IconHistory} title="There is no such row">
          Settings, code, rights, users, secrets, packages and whatever else a developer changes leaves one.
        </NothingYet>
      )}
      {rows !== undefined && rows.length > 0 && (
        <Paper withBorder p="md" component="section" aria-label="Changes">
          <AuditTable rows={rows} withSystem={systemKey === undefined} onOpen={setOpened} />
          {pages.hasNextPage && (
            <Button
              variant="subtle"
              size="xs"
              mt="xs"
              loading={pages.isFetchingNextPage}
              onClick={() => void pages.fetchNextPage()}
            >
              Older ones
            </Button>
          )}
        </Paper>
      )}
      <AuditEntry row={opened} onClose={() => setOpened(undefined)} />
    </Stack>
  )
}

/** Days as the person who asks has them. */
const startOf = (day: string): number => new Date(`${day}T00:00:00`).getTime()
const endOf = (day: string): number => startOf(day) + 86_400_000
