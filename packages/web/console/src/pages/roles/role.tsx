/** One role: its name, its rights item by item and system-wide, to change and save as a whole. */
import { Alert, Anchor, Button, Group, Loader, Paper, Stack, Switch, Textarea, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Item, itemsQuery } from './items.ts'
import { changesOf, type Levels, levelKey } from './levels.ts'
import { RightsTable } from './rights-table.tsx'
import { namesOf } from './roles.tsx'
import {
  defaultRoles,
  itemKinds,
  itemLevel,
  type Role,
  rolesQuery,
  standsForAll,
  wideKinds,
  wideLevel,
} from './shapes.ts'

export function RolePage() {
  const key = useSystemKey()
  const id = useParams().roleId!
  const roles = useQuery(rolesQuery(key))
  const items = useQuery(itemsQuery(key))
  const role = roles.data?.find(({ ID }) => ID === id)
  return (
    <Stack>
      <Anchor component={Link} to={`/systems/${key}/roles`} size="sm">
        All roles
      </Anchor>
      {(roles.isPending || items.isPending) && <Loader aria-label="Loading the role" />}
      {roles.isError && <Failure error={roles.error} />}
      {items.isError && <Failure error={items.error} />}
      {roles.isSuccess && role === undefined && <Alert color="gray">There is no such role any more.</Alert>}
      {role !== undefined && items.isSuccess && <RoleForm key={id} role={role} items={items.data} />}
    </Stack>
  )
}

function RoleForm({ role, items }: { role: Role; items: Record<string, Item[]> }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState(role.Name)
  const [description, setDescription] = useState(role.Description)
  const [privileged, setPrivileged] = useState(role.Privileged)
  const [levels, setLevels] = useState<Levels>(new Map())
  const [topics, setTopics] = useState<string[]>([])
  const [deleting, setDeleting] = useState(false)
  const isDefault = defaultRoles.includes(role.ID)
  const changes = changesOf(role, levels, items)
  const isMarked = privileged !== role.Privileged
  const isChanged = name !== role.Name || description !== role.Description || isMarked || changes !== undefined
  const toList = () => navigate(`/systems/${key}/roles`)
  const save = useMutation({
    mutationFn: () => {
      const body = {
        id: role.ID,
        ...(name !== role.Name && { name: name.trim() }),
        changes: {
          ...changes,
          ...(description !== role.Description && { description }),
          ...(isMarked && { privileged }),
        },
      }
      return ask(`/admin/user/${key}/roles`, { method: 'PUT', body })
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['roles', key] })
      await queries.invalidateQueries({ queryKey: ['user-roles', key] })
      tellDone(`${name.trim()} is saved. What it may do holds at once.`)
      toList()
    },
  })
  const levelOf = (kind: string, item: string): number =>
    levels.get(levelKey(kind, item)) ?? (item === '' ? wideLevel(role, kind) : itemLevel(role, kind, item))
  const set = (kind: string, item: string, level: number): void =>
    setLevels(new Map(levels).set(levelKey(kind, item), level))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <PageHead
          title={role.Name}
          actions={
            !isDefault && (
              <Button variant="outline" color="red" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            )
          }
        />
        <Group align="flex-start">
          <TextInput
            label="Name"
            description={isDefault ? 'Every system has this role; its name stays.' : undefined}
            required
            disabled={isDefault}
            w={300}
            maw="100%"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            flex={1}
            miw={220}
            autosize
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        </Group>
        {!standsForAll.includes(role.ID) && (
          <Switch
            label="Privileged"
            description={
              role.ID === 'Administrator'
                ? 'This role always is: it counts only where its user signed in.'
                : 'The role counts only where its user signed in: at an edge, or here, never through a session from the other end.'
            }
            disabled={role.ID === 'Administrator'}
            checked={privileged}
            onChange={(event) => setPrivileged(event.currentTarget.checked)}
          />
        )}
        {itemKinds.map(({ read, title, all }) => {
          const names = namesOf(read, [role], items)
          const shown = read === 'Topics' ? [...new Set([...names, ...topics])] : names
          const wide = all === undefined ? [] : [{ kind: all.read, item: '', label: `All ${title.toLowerCase()}` }]
          const rows = [...wide, ...shown.map((item) => ({ kind: read, item, label: item }))]
          return (
            <Section key={read} title={title}>
              <RightsTable title={title} kind={read} rows={rows} levelOf={levelOf} onLevel={set} />
              {read === 'Topics' && <AddTopic onAdd={(topic) => setTopics([...topics, topic])} />}
            </Section>
          )
        })}
        <Section title="System-wide">
          <RightsTable
            title="System-wide"
            kind="wide"
            rows={wideKinds.map(({ read, title, text }) => ({
              kind: read,
              item: '',
              label: title,
              ...(text !== '' && { text }),
            }))}
            levelOf={levelOf}
            onLevel={set}
          />
        </Section>
        {save.isError && <Failure error={save.error} title="Not saved" />}
        <Group gap="xs">
          <Button type="submit" loading={save.isPending} disabled={!isChanged}>
            Save and Exit
          </Button>
          <Button variant="default" onClick={toList}>
            Cancel
          </Button>
        </Group>
      </Stack>
      <Confirm
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete the role ${role.Name}?`}
        label="Delete role"
        action={async () => {
          await ask(`/admin/user/${key}/roles?role=${encodeURIComponent(role.ID)}`, { method: 'DELETE' })
          toList()
          await queries.invalidateQueries({ queryKey: ['roles', key] })
          await queries.invalidateQueries({ queryKey: ['user-roles', key] })
          tellDone(`${role.Name} is deleted.`)
        }}
      >
        Users who hold it lose its rights at once.
      </Confirm>
    </form>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  )
}

function AddTopic({ onAdd }: { onAdd: (topic: string) => void }) {
  const [topic, setTopic] = useState('')
  return (
    <Group align="flex-end" gap="xs" mt="xs">
      <TextInput
        label="Another topic"
        placeholder="plant/+/alarm"
        value={topic}
        onChange={(event) => setTopic(event.currentTarget.value)}
      />
      <Button
        variant="default"
        disabled={topic.trim() === ''}
        onClick={() => {
          onAdd(topic.trim())
          setTopic('')
        }}
      >
        Add
      </Button>
    </Group>
  )
}
