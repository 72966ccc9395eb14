/** Deployments: what of the system goes to which of its edges. */
import { Badge, Button, Group, Loader, Modal, Paper, Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconCopy, IconPencil, IconPlayerPlay, IconPlus, IconTopologyStar3, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { allEdges, assetName, kindWords, namedKinds } from '../edges/shapes.ts'
import { DeploymentForm } from './form.tsx'
import { type DeployedAsset, type Deployment, deploymentsQuery } from './shapes.ts'

export function DeploymentsPage() {
  const key = useSystemKey()
  const queries = useQueryClient()
  const deployments = useQuery(deploymentsQuery(key))
  const [edited, setEdited] = useState<Deployment | 'new'>()
  const [removed, setRemoved] = useState<Deployment>()
  const [pushed, setPushed] = useState<Deployment>()
  const isNarrow = useMediaQuery('(max-width: 48em)') === true
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ['deployments', key] })
  const close = (): void => {
    setEdited(undefined)
    void refresh()
  }
  const title =
    edited === 'new' || edited === undefined
      ? 'New deployment'
      : `${edited.active ? 'Edit' : 'Activate'} ${edited.name}`
  return (
    <Stack>
      <PageHead
        title="Deployments"
        text="What of this system goes to which of its edges: collections, code, portals, and the sign-in with its users."
        actions={
          <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited('new')}>
            New
          </Button>
        }
      />
      {deployments.isPending && <Loader aria-label="Loading the deployments" />}
      {deployments.isError && <Failure error={deployments.error} title="The deployments cannot be listed" />}
      {deployments.data?.length === 0 && (
        <NothingYet icon={IconTopologyStar3} title="Nothing goes to an edge yet">
          Press New, and choose what goes to which edges. Packages bring deployments too; they wait here until you
          activate them.
        </NothingYet>
      )}
      {(deployments.data?.length ?? 0) > 0 && (
        <Stack role="list" aria-label="Deployments" gap="sm">
          {deployments.data?.map((one) => (
            <Entry
              key={one.name}
              one={one}
              onEdit={() => setEdited(one)}
              onPush={() => setPushed(one)}
              onRemove={() => setRemoved(one)}
            />
          ))}
        </Stack>
      )}
      <Modal opened={edited !== undefined} onClose={close} title={title} size="xl" fullScreen={isNarrow}>
        {edited !== undefined && <DeploymentForm before={edited === 'new' ? undefined : edited} onDone={close} />}
      </Modal>
      <Confirm
        opened={pushed !== undefined}
        onClose={() => setPushed(undefined)}
        title={`Push ${pushed?.name} again?`}
        label="Push"
        action={async () => {
          const path = `/admin/v/4/system/${key}/deployments/${encodeURIComponent(pushed!.name)}/push`
          await ask(path, { method: 'POST', body: {} })
          await refresh()
          tellDone(`${pushed!.name} goes to its edges anew.`)
        }}
      >
        {pushed !== undefined && <WhatIsReplaced one={pushed} />}
      </Confirm>
      <Confirm
        opened={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={`Remove ${removed?.name}?`}
        label="Remove"
        action={async () => {
          await ask(`/admin/${key}/deployments/${encodeURIComponent(removed!.name)}`, { method: 'DELETE' })
          await refresh()
          tellDone(`${removed!.name} is removed.`)
        }}
      >
        What it brought leaves the edges that no other deployment gives it to, with rows that were written there alone.
      </Confirm>
    </Stack>
  )
}

/** Of what is copied once: rows by what becomes of them, and the rest, which users cannot change there. */
function WhatIsReplaced({ one }: { one: Deployment }) {
  const copies = copiesOf(one)
  const rows = copies.filter(({ asset_class: kind }) => !namedKinds.has(kind))
  const others = copies.filter((asset) => !rows.includes(asset))
  return (
    <Stack gap="xs">
      {rows.length > 0 && (
        <div>
          Columns and rows of {rows.map(assetName).join(', ')} are copied to {whereOf(one)} as they are now. Rows that
          the platform has are replaced, with whatever users changed of them there; rows that were made there stay.
        </div>
      )}
      {others.length > 0 && (
        <div>
          {others.map((asset) => `${kindWords(asset.asset_class)} ${assetName(asset)}`).join(', ')}: replaced at{' '}
          {whereOf(one)} by what the platform has now.
        </div>
      )}
      <div>What follows the platform anyway is not touched.</div>
    </Stack>
  )
}

const copiesOf = ({ assets }: Deployment): DeployedAsset[] => assets.filter((one) => !one.sync_to_edge)

const whereOf = ({ edges }: Deployment): string =>
  edges.includes(allEdges) ? 'all edges' : edges.length === 0 ? 'no edge yet' : edges.join(', ')

type EntryProps = { one: Deployment; onEdit: () => void; onPush: () => void; onRemove: () => void }

function Entry({ one, onEdit, onPush, onRemove }: EntryProps) {
  const { name, description, assets, sign_in: signIn, active } = one
  const what = [...(signIn === null ? [] : ['Sign-in']), ...assets.map(assetName)]
  return (
    <Paper withBorder p="md" role="listitem" aria-label={name}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={2} miw={0}>
          <Group gap="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Text>
            <Badge variant="light" tt="none" color={active ? 'teal' : 'gray'}>
              {active ? 'active' : 'from a package, not active'}
            </Badge>
          </Group>
          {description !== '' && (
            <Text size="sm" c="dimmed">
              {description}
            </Text>
          )}
          <Text size="sm">
            <Text span fw={500} size="sm">
              {what.length === 0 ? 'Nothing' : shortened(what)}
            </Text>{' '}
            to {whereOf(one)}
          </Text>
        </Stack>
        <Group gap="xs">
          <Button
            size="xs"
            variant={active ? 'default' : 'filled'}
            leftSection={active ? <IconPencil size={14} /> : <IconPlayerPlay size={14} />}
            aria-label={`${active ? 'Edit' : 'Activate'} ${name}`}
            onClick={onEdit}
          >
            {active ? 'Edit' : 'Activate'}
          </Button>
          {active && copiesOf(one).length > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconCopy size={14} />}
              aria-label={`Push ${name}`}
              onClick={onPush}
            >
              Push
            </Button>
          )}
          {active && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconTrash size={14} />}
              aria-label={`Remove ${name}`}
              onClick={onRemove}
            >
              Remove
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  )
}

const mostNamed = 8

const shortened = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(', ')
    : `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more`
