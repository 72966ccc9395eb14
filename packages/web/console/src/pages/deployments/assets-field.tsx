/** The assets of a deployment: each with where its changes go, and a list to add from. */
import { ActionIcon, Checkbox, Group, Paper, Select, Stack, Text, Title } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
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
  const choices = (group: string, all: DeployedAsset[]) => ({
    group,
    items: all.filter((one) => !held.has(keyOf(one))).map((one) => ({ value: keyOf(one), label: assetName(one) })),
  })
  const units = (kind: 'service' | 'library', assetClass: string): DeployedAsset[] =>
    (code.data ?? []).filter((one) => one.kind === kind).map(({ name }) => assetOf(assetClass, name))
  const groups = [
    choices(
      'Collections',
      (items.data?.Collections ?? []).map(({ name }) => assetOf(name, '')),
    ),
    choices('Services', units('service', 'services')),
    choices('Libraries', units('library', 'libraries')),
    choices(
      'Portals',
      (items.data?.Portals ?? []).map(({ name }) => assetOf('portals', name)),
    ),
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
            {one.sync_to_platform && (
              <Select
                size="xs"
                mt="xs"
                label="Where an edge and another place changed the same row"
                aria-label={`Rule for conflicts in ${name}`}
                data={rules}
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
    </Stack>
  )
}
