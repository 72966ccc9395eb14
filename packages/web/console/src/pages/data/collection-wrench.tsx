/** The dialog behind the wrench of a collection: Properties, Columns and Security. */
import { Button, Group, Loader, Modal, Stack, Tabs } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { RightsEditor } from '../code/rights-editor.tsx'
import { levelsOf, type Resource, type Role, rolesQuery, writeLevels } from '../code/roles-api.ts'
import { CollectionProperties } from './collection-properties.tsx'
import { ColumnsTab } from './columns-tab.tsx'
import type { Collection, Column } from './data-api.ts'

type Props = {
  opened: boolean
  onClose: () => void
  systemKey: string
  collection: Collection
  columns: Column[]
  onDone: () => unknown
}

export function CollectionWrench({ opened, onClose, ...rest }: Props) {
  const { systemKey, collection, columns, onDone } = rest
  return (
    <Modal opened={opened} onClose={onClose} title={collection.name} size="lg">
      <Tabs defaultValue="properties" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="properties">Properties</Tabs.Tab>
          <Tabs.Tab value="columns">Columns</Tabs.Tab>
          <Tabs.Tab value="security">Security</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="properties">
          <CollectionProperties systemKey={systemKey} collection={collection} onClose={onClose} />
        </Tabs.Panel>
        <Tabs.Panel value="columns">
          <ColumnsTab systemKey={systemKey} collection={collection} columns={columns} onDone={onDone} />
        </Tabs.Panel>
        <Tabs.Panel value="security">
          <Security systemKey={systemKey} collection={collection} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  )
}

const boxes = [
  { label: 'Create', bit: 2 },
  { label: 'Read', bit: 1 },
  { label: 'Update', bit: 4 },
  { label: 'Delete', bit: 8 },
] as const

function Security({ systemKey, collection }: { systemKey: string; collection: Collection }) {
  const roles = useQuery({ ...rolesQuery(systemKey), staleTime: 0, refetchOnWindowFocus: false })
  if (roles.isError) return <Failure error={roles.error} />
  if (roles.data === undefined || roles.isRefetching) return <Loader aria-label="Loading the roles" />
  return <Rights key={roles.dataUpdatedAt} systemKey={systemKey} collection={collection} roles={roles.data} />
}

function Rights({ systemKey, collection, roles }: { systemKey: string; collection: Collection; roles: Role[] }) {
  const resource: Resource = { kind: 'collections', id: collection.collectionID }
  const before = levelsOf(roles, resource)
  const [levels, setLevels] = useState(before)
  const queries = useQueryClient()
  const save = useMutation({
    mutationFn: () => writeLevels(systemKey, resource, before, levels),
    onSuccess: async () => {
      tellDone(`The rights on ${collection.name} are saved`)
      await queries.invalidateQueries({ queryKey: rolesQuery(systemKey).queryKey })
    },
  })
  return (
    <Stack>
      <RightsEditor roles={roles} resource={resource} boxes={boxes} first={1} levels={levels} onChange={setLevels} />
      {save.isError && <Failure error={save.error} title="Not saved" />}
      <Group justify="flex-end">
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </Button>
      </Group>
    </Stack>
  )
}
