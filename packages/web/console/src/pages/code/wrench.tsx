/** The dialog behind the wrench: Properties, Requires and Security of a service, or the first two of a library. */
import { Button, Group, Loader, Modal, Stack, Tabs } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import type { Unit, UnitPlace } from './code-api.ts'
import { type Properties, PropertiesTab } from './properties-tab.tsx'
import { RequiresTab } from './requires-tab.tsx'
import { RightsEditor } from './rights-editor.tsx'
import { levelsOf, type Resource, type Role, rolesQuery, writeLevels } from './roles-api.ts'
import { emailQuery } from './run-as.tsx'
import { saveUnit } from './save.ts'

type Props = { opened: boolean; onClose: () => void; place: UnitPlace; unit: Unit }

export function Wrench({ opened, onClose, place, unit }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={unit.name} size="lg">
      {opened && <Loaded place={place} unit={unit} onClose={onClose} />}
    </Modal>
  )
}

/** What the form starts from is read afresh: a kept answer could undo what somebody else changed. */
const fresh = { staleTime: 0, refetchOnWindowFocus: false } as const

function Loaded({ place, unit, onClose }: Omit<Props, 'opened'>) {
  const email = useQuery({ ...emailQuery(place.key, unit.runAs), ...fresh })
  const roles = useQuery({ ...rolesQuery(place.key), ...fresh })
  const error = email.error ?? roles.error
  if (error !== null) return <Failure error={error} />
  if (email.data === undefined || roles.data === undefined || roles.isRefetching) {
    return <Loader aria-label="Loading the settings" />
  }
  return <Form place={place} unit={unit} email={email.data} roles={roles.data} onClose={onClose} />
}

const boxes = [{ label: 'Executable', bit: 1 }] as const

type FormProps = { place: UnitPlace; unit: Unit; email: string; roles: Role[]; onClose: () => void }

function Form({ place, unit: given, email, roles: givenRoles, onClose }: FormProps) {
  // What is written is what differs from this, whatever comes in while the dialog is open.
  const [{ unit, roles }] = useState({ unit: given, roles: givenRoles })
  const queries = useQueryClient()
  const resource: Resource = { kind: 'services', name: place.name }
  const before = levelsOf(roles, resource)
  const [levels, setLevels] = useState(before)
  const [requires, setRequires] = useState(unit.dependencies)
  const [properties, setProperties] = useState<Properties>({ ...unit, runAs: email })
  const apply = useMutation({
    mutationFn: async () => {
      const answer = await saveUnit(queries, place, unit.version, changesOf(unit, email, properties, requires))
      if (answer.kind === 'stale') {
        throw new Error('Somebody else saved a new version meanwhile. Close this, look at it, and open it again.')
      }
      if (place.kind === 'service') await writeLevels(place.key, resource, before, levels)
      await queries.invalidateQueries({ queryKey: rolesQuery(place.key).queryKey })
    },
    onSuccess: () => {
      tellDone(`The settings of ${place.name} are applied`)
      onClose()
    },
  })
  return (
    <Stack>
      <Tabs defaultValue="properties" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="properties">Properties</Tabs.Tab>
          <Tabs.Tab value="requires">Requires</Tabs.Tab>
          {place.kind === 'service' && <Tabs.Tab value="security">Security</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="properties">
          <PropertiesTab systemKey={place.key} unit={unit} value={properties} onChange={setProperties} />
        </Tabs.Panel>
        <Tabs.Panel value="requires">
          <RequiresTab place={place} requires={requires} onChange={setRequires} />
        </Tabs.Panel>
        {place.kind === 'service' && (
          <Tabs.Panel value="security">
            <RightsEditor
              roles={roles}
              resource={resource}
              boxes={boxes}
              first={1}
              levels={levels}
              onChange={setLevels}
            />
          </Tabs.Panel>
        )}
      </Tabs>
      {apply.isError && <Failure error={apply.error} title="Not applied" />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={apply.isPending} onClick={() => apply.mutate()}>
          Apply
        </Button>
      </Group>
    </Stack>
  )
}

/** Only what was changed here, so that nothing else is undone. */
function changesOf(unit: Unit, email: string, now: Properties, requires: string[]): Record<string, unknown> {
  return {
    ...(now.description !== unit.description && { description: now.description }),
    ...(now.modern !== unit.modern && { engine_type: now.modern ? 1 : 0 }),
    ...(requires.join() !== unit.dependencies.join() && { dependencies: requires.join(',') }),
    ...(unit.kind === 'service' && {
      ...(now.runAs.trim() !== email && { run_user: now.runAs.trim() }),
      ...(now.logging !== unit.logging && { logging_enabled: now.logging }),
      ...(now.timeout !== unit.timeout && { execution_timeout: now.timeout }),
      ...(now.params.join() !== unit.params.join() && { parameters: now.params }),
    }),
  }
}
