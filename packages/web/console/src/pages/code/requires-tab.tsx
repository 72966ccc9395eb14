/** Requires: the libraries that load before this code, in their order. */

import { builtLibraries, librariesNotBuilt } from '@gatehouse/contract/service-globals.ts'
import { ActionIcon, Box, Button, Group, Select, Stack, Text, Title } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import classes from './code.module.css'
import { listQuery, type UnitPlace } from './code-api.ts'

type Props = { place: UnitPlace; requires: string[]; onChange: (requires: string[]) => void }

export function RequiresTab({ place, requires, onChange }: Props) {
  const list = useQuery(listQuery(place.key))
  const own = (list.data ?? [])
    .filter(({ kind, name }) => kind === 'library' && !(place.kind === 'library' && name === place.name))
    .map(({ name }) => name)
  const free = (names: readonly string[]) => names.filter((name) => !requires.includes(name))
  // Names of the system's own libraries go before native ones of the same name.
  const natives = (names: readonly string[]) => free(names).filter((name) => !own.includes(name))
  const move = (from: number, to: number) => {
    const next = [...requires]
    next.splice(to, 0, ...next.splice(from, 1))
    onChange(next)
  }
  const about = (name: string): string => {
    if (own.includes(name)) return 'library of this system'
    if (Object.hasOwn(builtLibraries, name)) return builtLibraries[name]!
    if ((librariesNotBuilt as readonly string[]).includes(name)) return 'loads, but is not available yet'
    return list.isPending ? '' : 'is not there: runs will fail'
  }
  return (
    <Stack gap="sm">
      <Select
        label="Add"
        placeholder="Name of a library"
        searchable
        nothingFoundMessage="No such library"
        value={null}
        onChange={(name) => name !== null && onChange([...requires, name])}
        data={[
          { group: 'Libraries of this system', items: free(own) },
          { group: 'Native libraries', items: natives(Object.keys(builtLibraries)) },
          { group: 'Not available yet', items: natives(librariesNotBuilt) },
        ].filter(({ items }) => items.length > 0)}
      />
      <Title order={3} size="h6">
        Current
      </Title>
      {requires.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing is required. Code that uses ClearBlade needs the library clearblade.
        </Text>
      )}
      <Box component="ol" m={0} p={0} style={{ listStyle: 'none' }} aria-label="Current">
        {requires.map((name, at) => (
          <Group component="li" key={name} gap="xs" wrap="nowrap" className={classes.row}>
            <Box style={{ flex: 1, minWidth: 0 }}>
              <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
                {name}
              </Text>
              <Text size="xs" c="dimmed">
                {about(name)}
              </Text>
            </Box>
            <ActionIcon
              variant="default"
              aria-label={`Load ${name} earlier`}
              disabled={at === 0}
              onClick={() => move(at, at - 1)}
            >
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label={`Load ${name} later`}
              disabled={at === requires.length - 1}
              onClick={() => move(at, at + 1)}
            >
              <IconArrowDown size={16} />
            </ActionIcon>
            <Button
              size="xs"
              variant="subtle"
              color="red"
              aria-label={`Remove ${name}`}
              onClick={() => onChange(requires.filter((one) => one !== name))}
            >
              Remove
            </Button>
          </Group>
        ))}
      </Box>
    </Stack>
  )
}
