/** Keys of providers that were typed into code: says which, and offers to move them into the system's secrets. */
import { Alert, Button, Group, List, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { listKey, type UnitPlace, unitQuery } from './code-api.ts'

type TypedSecret = { constant: string; line: number; secret: string; hosts: string[] }

/** `version` is the one that is shown; nothing is offered while its text is being changed. */
export function TypedSecrets({ place, version, dirty }: { place: UnitPlace; version: number; dirty: boolean }) {
  const { key, kind, name } = place
  const path = `/admin/v/4/system/${encodeURIComponent(key)}/code/${kind}/${encodeURIComponent(name)}/typed-secrets`
  const queries = useQueryClient()
  const found = useQuery({
    queryKey: [...unitQuery(place).queryKey, 'typed-secrets', version],
    queryFn: ({ signal }) => ask<TypedSecret[]>(path, { signal }),
  })
  const move = useMutation({
    mutationFn: () => ask(path, { method: 'POST', body: {} }),
    onSuccess: async () => {
      tellDone('Moved. The code names the secrets now, and holds none.')
      await queries.invalidateQueries({ queryKey: listKey(key) })
    },
  })
  if (dirty || found.data === undefined || found.data.length === 0) return null
  return (
    <Alert color="orange" title="This looks like keys of a provider" role="status">
      <List size="sm">
        {found.data.map(({ constant, line, secret, hosts }) => (
          <List.Item key={constant}>
            <b>{constant}</b> in line {line} would become the secret {secret}
            {hosts.length > 0 && `, good for ${hosts.join(', ')} alone`}
          </List.Item>
        ))}
      </List>
      <Group justify="space-between" mt="xs" gap="xs">
        <Text size="sm" maw={640}>
          A secret is never shown again, and code says secret:NAME in its place. Older versions keep what was typed, so
          let the provider make another key afterwards.
        </Text>
        <Button size="xs" color="#ad3d0b" loading={move.isPending} onClick={() => move.mutate()}>
          Move into secrets
        </Button>
      </Group>
      {move.isError && <Failure error={move.error} title="Not moved" />}
    </Alert>
  )
}
