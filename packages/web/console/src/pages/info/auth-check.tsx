/** Beneath the name of an auth service: what would refuse everybody, looked at while it is typed, each with its mend. */
import { Alert, Anchor, Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconAlertTriangle, IconCircleCheck, IconLock } from '@tabler/icons-react'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'react-router'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'

type Finding = { check: string; problem: string; mend: string }
type Check = { service: string; ok: boolean; findings: Finding[] }

export function AuthCheck({ service, isSaved }: { service: string; isSaved: boolean }) {
  const key = useSystemKey()
  const [asked] = useDebouncedValue(service, 300)
  const check = useQuery({
    queryKey: ['auth-check', key, asked],
    queryFn: ({ signal }) =>
      ask<Check>(`/admin/v/4/system/${key}/auth-service/check?service=${encodeURIComponent(asked)}`, { signal }),
    // Code, roles and accounts change elsewhere while this page stands open.
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  })
  if (check.isError) return <Failure error={check.error} title="The check did not run" />
  const data = check.data
  if (data === undefined || data.service !== service) return <Loader size="xs" aria-label="Checking" />
  if (service === '') {
    return (
      <Alert color="gray" icon={<IconLock size={18} />} role="status" aria-label="Check of the auth service">
        Users sign in with e-mail and password alone.
      </Alert>
    )
  }
  if (data.ok) {
    return (
      <Alert color="teal" icon={<IconCircleCheck size={18} />} role="status" aria-label="Check of the auth service">
        Nothing stands in the way: {service} would be asked{isSaved ? '' : ' once this is saved'}.
      </Alert>
    )
  }
  return (
    <Alert
      color="yellow"
      icon={<IconAlertTriangle size={18} />}
      title={isSaved ? 'As it stands, this refuses everybody' : 'Saved like this, it would refuse everybody'}
      role="status"
      aria-label="Check of the auth service"
    >
      <Stack gap="xs">
        {data.findings.map((finding) => (
          <Mend key={finding.check + finding.problem} finding={finding} service={service} />
        ))}
      </Stack>
    </Alert>
  )
}

function Mend({ finding: { check, problem, mend }, service }: { finding: Finding; service: string }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const grant = useMutation({
    mutationFn: () =>
      ask(`/admin/user/${key}/roles`, {
        method: 'PUT',
        body: { id: 'Anonymous', changes: { services: [{ itemInfo: { name: service }, permissions: 1 }] } },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['auth-check', key] })
      tellDone(`Anonymous may execute ${service}.`)
    },
    onError: (error) => tellFailed(error),
  })
  return (
    <Group gap="xs" justify="space-between" align="flex-start">
      <div>
        <Text size="sm" fw={600}>
          {problem}
        </Text>
        <Text size="sm">{mend}</Text>
      </div>
      {check === 'anonymous' && (
        <Button size="xs" variant="default" loading={grant.isPending} onClick={() => grant.mutate()}>
          Let Anonymous execute it
        </Button>
      )}
      {['code', 'run-as', 'rights', 'service'].includes(check) && (
        <Anchor component={Link} to={`/systems/${key}/code`} size="sm">
          To the code
        </Anchor>
      )}
      {check === 'rights' && (
        <Anchor component={Link} to={`/systems/${key}/roles`} size="sm">
          To the roles
        </Anchor>
      )}
    </Group>
  )
}
