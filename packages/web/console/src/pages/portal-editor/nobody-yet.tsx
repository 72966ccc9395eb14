/** Says so where no role may open a portal, since then nobody sees it, not even its preview; and lets that be set. */
import { Alert, Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { PortalRoles } from '../portal-roles.tsx'
import { itemLevel, rolesQuery } from '../roles/shapes.ts'

const mayOpen = 1

export function NobodyYet({ systemKey, name }: { systemKey: string; name: string }) {
  const roles = useQuery(rolesQuery(systemKey))
  const [editing, setEditing] = useState(false)
  const nobody = roles.data?.every((role) => (itemLevel(role, 'Portals', name) & mayOpen) === 0) === true
  return (
    <>
      {nobody && (
        <Alert color="blue" title="No role may open this portal yet" role="status">
          <Group justify="space-between">
            <Text size="sm">Until one may, nobody sees it or its preview.</Text>
            <Button size="xs" variant="default" onClick={() => setEditing(true)}>
              Edit Roles
            </Button>
          </Group>
        </Alert>
      )}
      <PortalRoles portal={name} opened={editing} onClose={() => setEditing(false)} />
    </>
  )
}
