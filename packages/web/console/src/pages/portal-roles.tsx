/** Which roles may open a portal, and which may also edit it. */
import { Button, Checkbox, Group, Loader, Modal, Stack, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { useSystemKey } from '../frame/system-frame.tsx'
import { tellDone } from '../frame/tell.ts'
import { itemLevel, type Role, rolesQuery } from './roles/shapes.ts'

const [mayOpen, mayEdit] = [1, 4]

export function PortalRoles({ portal, opened, onClose }: { portal: string; opened: boolean; onClose: () => void }) {
  const key = useSystemKey()
  const roles = useQuery({ ...rolesQuery(key), enabled: opened })
  return (
    <Modal opened={opened} onClose={onClose} title={`Who may open ${portal}`}>
      {roles.isPending && <Loader aria-label="Loading the roles" />}
      {roles.isError && <Failure error={roles.error} />}
      {roles.data !== undefined && <RolesForm portal={portal} roles={roles.data} onClose={onClose} />}
    </Modal>
  )
}

function RolesForm({ portal, roles, onClose }: { portal: string; roles: Role[]; onClose: () => void }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const [levels, setLevels] = useState(
    () => new Map(roles.map((role) => [role.ID, itemLevel(role, 'Portals', portal)])),
  )
  const save = useMutation({
    mutationFn: async () => {
      for (const role of roles) {
        const level = levels.get(role.ID)!
        if (level === itemLevel(role, 'Portals', portal)) continue
        const changes = { portals: [{ itemInfo: { name: portal }, permissions: level }] }
        await ask(`/admin/user/${key}/roles`, { method: 'PUT', body: { id: role.ID, changes } })
      }
    },
    onSuccess: () => {
      tellDone(`Who may open ${portal} is saved.`)
      onClose()
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['roles', key] }),
  })
  const turn = (id: string, bit: number, on: boolean): void => {
    const level = levels.get(id)!
    setLevels(new Map(levels).set(id, on ? level | bit : level & ~bit))
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Role</Table.Th>
              <Table.Th w={70}>Open</Table.Th>
              <Table.Th w={70}>Edit</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {roles.map(({ ID, Name }) => (
              <Table.Tr key={ID}>
                <Table.Td>
                  {Name}
                  {Name === 'Anonymous' && (
                    <Text size="xs" c="dimmed">
                      whoever has the link, without signing in
                    </Text>
                  )}
                </Table.Td>
                {[mayOpen, mayEdit].map((bit) => (
                  <Table.Td key={bit}>
                    <Checkbox
                      aria-label={`${Name} may ${bit === mayOpen ? 'open' : 'edit'} it`}
                      checked={((levels.get(ID) ?? 0) & bit) !== 0}
                      onChange={(event) => turn(ID, bit, event.currentTarget.checked)}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {save.isError && <Failure error={save.error} title="Not saved" />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
