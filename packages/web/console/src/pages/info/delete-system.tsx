/** Deletes a system, once its name was typed. */
import { Button, Group, Text } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { ExportSystem } from '../../frame/export-system.tsx'
import { tellDone } from '../../frame/tell.ts'
import { useIsOwner } from './sharing.tsx'

export function DeleteSystem({ systemKey, name }: { systemKey: string; name: string }) {
  const [asking, setAsking] = useState(false)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const isOwner = useIsOwner(systemKey)
  if (isOwner === false) {
    return (
      <Group justify="space-between">
        <Text size="sm" c="dimmed" flex={1} miw={220}>
          Its owner alone deletes it.
        </Text>
        <ExportSystem systemKey={systemKey} name={name} />
      </Group>
    )
  }
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed" flex={1} miw={220}>
        Users, collections with all their rows, code and portals go with it. Export it first if you may want it again.
      </Text>
      <ExportSystem systemKey={systemKey} name={name} />
      <Button
        component="button"
        variant="outline"
        color="red"
        leftSection={<IconTrash size={16} />}
        onClick={() => setAsking(true)}
      >
        Delete system
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Delete ${name}?`}
        label="Delete for ever"
        typed={name}
        action={async () => {
          await ask(`/admin/v/4/systemmanagement?id=${encodeURIComponent(systemKey)}`, { method: 'DELETE' })
          navigate('/systems', { replace: true })
          queries.removeQueries({ queryKey: ['system', systemKey] })
          await queries.invalidateQueries({ queryKey: ['systems'] })
          tellDone(`${name} is deleted.`)
        }}
      >
        Everything in it is lost: users, rows, code, portals, sessions. Nobody can bring it back.
      </Confirm>
    </Group>
  )
}
