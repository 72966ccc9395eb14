/** All versions of a service or library, what differs between one and the text at hand, and the way back to it. */
import { Badge, Button, Group, Loader, Modal, NavLink, ScrollArea, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { makeCurrent, type UnitPlace, type Version, versionQuery, versionsQuery } from './code-api.ts'
import { LazyDifference } from './lazy-difference.tsx'

type Props = { opened: boolean; onClose: () => void; place: UnitPlace; text: () => string; dirty: boolean }

export function Versions({ opened, onClose, place, text, dirty }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Versions of ${place.name}`} size="84rem">
      {opened && <List place={place} text={text()} dirty={dirty} />}
    </Modal>
  )
}

const by = (version: Version): string => version.created_by.replace(/^(developer|user) /, '')

function List({ place, text, dirty }: { place: UnitPlace; text: string; dirty: boolean }) {
  const versions = useQuery(versionsQuery(place))
  const [chosen, setChosen] = useState<number>()
  if (versions.isPending) return <Loader aria-label="Loading the versions" />
  if (versions.isError) return <Failure error={versions.error} />
  const shown = versions.data.find(({ version }) => version === chosen) ?? versions.data[1] ?? versions.data[0]
  return (
    <Group align="flex-start" gap="md">
      <ScrollArea.Autosize mah="60dvh" w={{ base: '100%', sm: 230 }} type="auto">
        <Stack gap={2} component="nav" aria-label="Versions">
          {versions.data.map((one) => (
            <NavLink
              key={one.version}
              component="button"
              type="button"
              label={
                <Group gap={6}>
                  Version {one.version}
                  {one.current && (
                    <Badge size="xs" variant="light" tt="none">
                      current
                    </Badge>
                  )}
                </Group>
              }
              description={`${new Date(one.creation_date).toLocaleString()}, ${by(one)}`}
              active={one.version === shown?.version}
              aria-pressed={one.version === shown?.version}
              onClick={() => setChosen(one.version)}
            />
          ))}
        </Stack>
      </ScrollArea.Autosize>
      {shown !== undefined && (
        <OneVersion key={shown.version} place={place} version={shown} text={text} dirty={dirty} />
      )}
    </Group>
  )
}

type OneProps = { place: UnitPlace; version: Version; text: string; dirty: boolean }

function OneVersion({ place, version, text, dirty }: OneProps) {
  const queries = useQueryClient()
  const unit = useQuery(versionQuery(place, version.version))
  const make = useMutation({
    mutationFn: () => makeCurrent(queries, place, version.version),
    onSuccess: () => tellDone(`Version ${version.version} of ${place.name} is current`),
  })
  return (
    <Stack style={{ flex: '1 1 320px', minWidth: 0 }} gap="xs">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {unit.data === undefined || unit.data.dependencies.length === 0
            ? 'Requires nothing'
            : `Requires ${unit.data.dependencies.join(', ')}`}
        </Text>
        <Button size="xs" disabled={version.current} loading={make.isPending} onClick={() => make.mutate()}>
          Make current
        </Button>
      </Group>
      {make.isError && <Failure error={make.error} />}
      {unit.isError && <Failure error={unit.error} />}
      {unit.isPending && <Loader aria-label="Loading the version" />}
      {unit.data !== undefined && (
        <LazyDifference
          before={unit.data.code}
          after={text}
          labels={[`Version ${version.version}`, dirty ? 'Your text, not saved' : 'In the editor']}
        />
      )}
    </Stack>
  )
}
