/** Save and Cancel of an edit of settings; where somebody else changed the same meanwhile, both are shown instead. */
import { Alert, Button, Group, Stack, Table } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Failure } from '../../frame/failure.tsx'
import type { Draft } from './draft.ts'

const shown = (value: unknown): string =>
  value === ''
    ? '(empty)'
    : typeof value === 'string' || typeof value === 'number'
      ? String(value)
      : JSON.stringify(value)

/** Stays in sight however long the form is, which submits. */
export function SaveBar({ draft }: { draft: Draft }) {
  const { clashes, isChanged, save, reset, keepMine } = draft
  const alert = useRef<HTMLDivElement>(null)
  const isStale = clashes.length > 0
  useEffect(() => {
    if (isStale) alert.current?.scrollIntoView({ block: 'nearest' })
  }, [isStale])
  return (
    <Stack
      gap="sm"
      pos="sticky"
      bottom={0}
      py="sm"
      bg="var(--mantine-color-body)"
      style={{ borderTop: '1px solid var(--mantine-color-default-border)', zIndex: 2 }}
    >
      {clashes.length > 0 && (
        <Alert ref={alert} color="yellow" title="Somebody else changed this meanwhile" role="alert">
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Setting</Table.Th>
                <Table.Th>Yours</Table.Th>
                <Table.Th>Theirs, saved</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {clashes.map(({ name, mine, theirs }) => (
                <Table.Tr key={name}>
                  <Table.Td>{name.replaceAll('_', ' ')}</Table.Td>
                  <Table.Td>{shown(mine)}</Table.Td>
                  <Table.Td>{shown(theirs)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Group gap="xs" mt="sm">
            <Button size="xs" variant="default" onClick={reset}>
              Take theirs
            </Button>
            <Button size="xs" variant="default" onClick={keepMine}>
              Go on with mine
            </Button>
          </Group>
        </Alert>
      )}
      {save.isError && clashes.length === 0 && <Failure error={save.error} title="Not saved" />}
      <Group gap="xs">
        <Button type="submit" loading={save.isPending} disabled={!isChanged || clashes.length > 0}>
          Save
        </Button>
        <Button variant="default" onClick={reset} disabled={!isChanged || save.isPending}>
          Cancel
        </Button>
      </Group>
    </Stack>
  )
}
