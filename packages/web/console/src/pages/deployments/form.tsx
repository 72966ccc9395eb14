/** The form of a deployment: a new one, one to change, or one of a package that is to become active. */
import { Alert, Button, Group, Stack, Switch, TagsInput, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { allEdges, assetName } from '../edges/shapes.ts'
import { AssetsField } from './assets-field.tsx'
import { type Deployment, noSignIn, saveDeployment } from './shapes.ts'
import { SignInFields } from './sign-in-fields.tsx'

const fresh: Deployment = { name: '', description: '', edges: [], assets: [], sign_in: null, active: false }

export function DeploymentForm({ before, onDone }: { before: Deployment | undefined; onDone: () => void }) {
  const key = useSystemKey()
  const [now, setNow] = useState(before ?? fresh)
  const set = (part: Partial<Deployment>): void => setNow({ ...now, ...part })
  const edges = useQuery({
    queryKey: ['edge-names', key],
    queryFn: ({ signal }) => ask<{ name: string; state?: string }[]>(`/admin/edges/${key}`, { signal }),
  })
  const save = useMutation({
    mutationFn: () => saveDeployment(key, before, { ...now, name: now.name.trim() }),
    onSuccess: () => {
      tellDone(`${now.name.trim()} is ${before === undefined ? 'made' : before.active ? 'saved' : 'active'}.`)
      onDone()
    },
  })
  const isEverywhere = now.edges.includes(allEdges)
  const isActivation = before?.active === false
  const label = before === undefined ? 'Create Deployment' : isActivation ? 'Activate' : 'Save'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        {isActivation && <FromPackage one={before} />}
        {before === undefined && (
          <TextInput
            label="Name"
            required
            data-autofocus
            value={now.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
        )}
        <Textarea
          label="Description"
          autosize
          minRows={1}
          value={now.description}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <Title order={2} size="h5">
          Edges
        </Title>
        <Switch
          label="All edges, also those to come"
          checked={isEverywhere}
          onChange={(event) => set({ edges: event.currentTarget.checked ? [allEdges] : [] })}
        />
        {!isEverywhere && (
          <TagsInput
            label="Edges"
            description="Choose, or type a name and press Enter"
            data={edges.data?.filter(({ state }) => state !== undefined).map(({ name }) => name) ?? []}
            value={now.edges}
            onChange={(value) => set({ edges: value })}
          />
        )}
        <AssetsField assets={now.assets} onChange={(assets) => set({ assets })} />
        <Title order={2} size="h5">
          Sign-in
        </Title>
        <Switch
          label="Deploy the sign-in"
          description="The auth service with what it requires, its setting, and the users you name here"
          checked={now.sign_in !== null}
          onChange={(event) => set({ sign_in: event.currentTarget.checked ? (before?.sign_in ?? noSignIn) : null })}
        />
        {now.sign_in !== null && <SignInFields value={now.sign_in} onChange={(value) => set({ sign_in: value })} />}
        {save.isError && <Failure error={save.error} title={isActivation ? 'Not activated' : 'Not saved'} />}
        <Group gap="xs">
          <Button type="submit" loading={save.isPending}>
            {label}
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function FromPackage({ one }: { one: Deployment }) {
  const { left_out: left = [], changed = [] } = one
  return (
    <Alert color="blue" title="A package brought this deployment">
      <Text size="sm">
        Nothing of it goes to an edge until you activate it. Choose the edges, and look at the users.
      </Text>
      {[...left, ...changed].map((noted) => (
        <Text key={`${noted.asset_class} ${noted.asset_id}`} size="sm" mt={4}>
          <Text span fw={600} size="sm">
            {left.includes(noted) ? `${noted.asset_id || noted.asset_class} stays behind` : assetName(noted)}
          </Text>
          : {noted.why}
        </Text>
      ))}
    </Alert>
  )
}
