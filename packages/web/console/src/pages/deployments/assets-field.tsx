/** The assets of a deployment: each with where its changes go, and a list to add from. */
import { ActionIcon, Button, Checkbox, Group, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { listQuery } from '../code/code-api.ts'
import { assetName, kindWords, namedKinds } from '../edges/shapes.ts'
import { itemsQuery } from '../roles/items.ts'
import type { ConflictRule, DeployedAsset } from './shapes.ts'

const keyOf = ({ asset_class: kind, asset_id: id }: DeployedAsset): string => JSON.stringify([kind, id])

const assetOf = (asset_class: string, asset_id: string): DeployedAsset => ({
  ...{ asset_class, asset_id, sync_to_edge: true, sync_to_platform: false },
})

const upWays = (up: boolean): Partial<DeployedAsset> => ({ sync_to_platform: up, conflicts: 'last_writer' })

const rules: { value: ConflictRule; label: string }[] = [
  { value: 'last_writer', label: 'the later one stands, column by column' },
  { value: 'platform', label: 'the platform stands' },
  { value: 'edge', label: 'the edge stands' },
  { value: 'both', label: 'both are kept, that of the edge as a row of its own' },
]

type Props = { assets: DeployedAsset[]; onChange: (assets: DeployedAsset[]) => void }

export function AssetsField({ assets, onChange }: Props) {
  const key = useSystemKey()
  const items = useQuery(itemsQuery(key))
  const code = useQuery(listQuery(key))
  const held = new Set(assets.map(keyOf))
  const collections = items.data?.Collections?.map(({ name }) => name) ?? []
  const choices = (group: string, all: DeployedAsset[]) => ({
    group,
    items: all.filter((one) => !held.has(keyOf(one))).map((one) => ({ value: keyOf(one), label: optionName(one) })),
  })
  const units = (kind: 'service' | 'library', assetClass: string): DeployedAsset[] =>
    (code.data ?? []).filter((one) => one.kind === kind).map(({ name }) => assetOf(assetClass, name))
  const groups = [
    choices(
      'Collections',
      collections.map((name) => assetOf(name, '')),
    ),
    choices('Services', [assetOf('services', ''), ...units('service', 'services')]),
    choices('Libraries', [assetOf('libraries', ''), ...units('library', 'libraries')]),
    choices('Portals', [
      assetOf('portals', ''),
      ...(items.data?.Portals ?? []).map(({ name }) => assetOf('portals', name)),
    ]),
  ]
  const change = (one: DeployedAsset, part: Partial<DeployedAsset>): void =>
    onChange(assets.map((asset) => (asset === one ? { ...asset, ...part } : asset)))
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Assets
      </Title>
      {items.isError && <Failure error={items.error} />}
      {code.isError && <Failure error={code.error} />}
      {assets.map((one) => {
        const name = assetName(one)
        return (
          <Paper key={keyOf(one)} withBorder px="sm" py="xs">
            <Group justify="space-between" gap="xs">
              <Text size="sm" miw={0} style={{ overflowWrap: 'anywhere' }}>
                <Text span fw={600} size="sm">
                  {name}
                </Text>{' '}
                <Text span size="xs" c="dimmed">
                  {kindWords(one.asset_class)}
                </Text>
              </Text>
              <Group gap="sm">
                <Checkbox
                  size="xs"
                  label="Sync to Edge"
                  aria-label={`Sync to Edge: ${name}`}
                  checked={one.sync_to_edge}
                  onChange={(event) => change(one, { sync_to_edge: event.currentTarget.checked })}
                />
                {!namedKinds.has(one.asset_class) && (
                  <Checkbox
                    size="xs"
                    label="Sync to Platform"
                    aria-label={`Sync to Platform: ${name}`}
                    checked={one.sync_to_platform}
                    onChange={(event) => change(one, upWays(event.currentTarget.checked))}
                  />
                )}
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Take out ${name}`}
                  onClick={() => onChange(assets.filter((asset) => asset !== one))}
                >
                  <IconX size={16} />
                </ActionIcon>
              </Group>
            </Group>
            {!one.sync_to_edge && (
              <Text size="xs" c="dimmed" mt={4}>
                Copied once, as it is now. Later changes of the platform stay behind until the deployment is pushed
                again.
              </Text>
            )}
            {one.sync_to_platform && (
              <Select
                size="xs"
                mt="xs"
                label="Where an edge and another place changed the same row"
                aria-label={`Rule for conflicts in ${name}`}
                data={one.asset_id === '' ? rules : rules.filter(({ value }) => value !== 'both')}
                allowDeselect={false}
                value={one.conflicts ?? 'last_writer'}
                onChange={(rule) => change(one, { conflicts: (rule ?? 'last_writer') as ConflictRule })}
              />
            )}
          </Paper>
        )
      })}
      <Select
        label="Add an asset"
        description="Libraries that a service requires come with it"
        placeholder="Choose a collection, a service, a library or a portal"
        searchable
        nothingFoundMessage="Nothing of this name"
        data={groups.filter(({ items: some }) => some.length > 0)}
        value={null}
        onChange={(chosen) => {
          if (chosen === null) return
          const [kind, id] = JSON.parse(chosen) as [string, string]
          onChange([...assets, assetOf(kind, id)])
        }}
      />
      <RowField
        collections={collections}
        onAdd={(one) => {
          if (!held.has(keyOf(one))) onChange([...assets, one])
        }}
      />
    </Stack>
  )
}

/** "All services" in the list to choose from; what a name says by itself stands there as it is. */
const optionName = (one: DeployedAsset): string =>
  namedKinds.has(one.asset_class) && one.asset_id === '' ? `All ${one.asset_class}` : assetName(one)

/** One row of a collection, by its id. */
function RowField({ collections, onAdd }: { collections: string[]; onAdd: (one: DeployedAsset) => void }) {
  const [collection, setCollection] = useState<string | null>(null)
  const [id, setId] = useState('')
  const isWhole = collection !== null && id.trim() !== ''
  const add = (): void => {
    if (!isWhole) return
    onAdd(assetOf(collection, id.trim()))
    setId('')
  }
  return (
    <Group align="flex-end" gap="xs">
      <Select
        label="Or a single row of"
        placeholder="Collection"
        searchable
        data={collections}
        value={collection}
        onChange={setCollection}
      />
      <TextInput
        label="Its item_id"
        style={{ flexGrow: 1 }}
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          // Else the form would be sent.
          event.preventDefault()
          add()
        }}
      />
      <Button variant="default" disabled={!isWhole} onClick={add}>
        Add the row
      </Button>
    </Group>
  )
}
