/** Beneath Auth Service: the rule by which a version that errs withdraws itself, the version named as safe, and what serves. */
import { Alert, Button, Checkbox, Group, NumberInput, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'
import type { Draft } from './draft.ts'

type Versions = {
  service: string
  current: number | null
  serving: 'current' | 'safe' | 'none'
  safe: { version: number; named_at: string; named_by: string } | null
  withdrawn: { version: number; at: string; erred: number; seen: number } | null
}

const usual = { share: 0.2, window: 600, least: 3 }

export function Withdrawal({ draft }: { draft: Draft }) {
  const rule = draft.values.auth_withdraw
  const set = (change: Partial<typeof usual>): void => draft.set('auth_withdraw', { ...usual, ...rule, ...change })
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          When a new version errs
        </Title>
        <SafeVersion />
        <Checkbox
          label="A version that errs withdraws itself"
          description="To err is to end without a verdict. The version named as safe is asked instead; without one, sign-in refuses."
          checked={rule !== null}
          onChange={(event) => draft.set('auth_withdraw', event.currentTarget.checked ? usual : null)}
        />
        {rule !== null && (
          <Group align="flex-end">
            <NumberInput
              label="Share of accounts (%)"
              w={170}
              min={1}
              max={100}
              value={Math.round(rule.share * 100)}
              onChange={(value) => set({ share: Number(value) / 100 })}
            />
            <NumberInput
              label="Within (seconds)"
              w={170}
              min={60}
              max={86_400}
              value={rule.window}
              onChange={(value) => set({ window: Number(value) })}
            />
            <NumberInput
              label="Accounts, at least"
              w={170}
              min={1}
              max={1_000}
              value={rule.least}
              onChange={(value) => set({ least: Number(value) })}
            />
          </Group>
        )}
      </Stack>
    </Paper>
  )
}

function SafeVersion() {
  const key = useSystemKey()
  const path = `/admin/v/4/system/${key}/auth-service/versions`
  const queries = useQueryClient()
  const versions = useQuery({
    queryKey: ['auth-versions', key],
    queryFn: ({ signal }) => ask<Versions>(path, { signal }),
    refetchInterval: 5_000,
  })
  const act = useMutation({
    mutationFn: ({ rest, method }: { rest: string; method: 'POST' | 'DELETE'; done: string }) =>
      ask(`${path}${rest}`, { method, body: {} }),
    onSuccess: async (_, { done }) => {
      await queries.invalidateQueries({ queryKey: ['auth-versions', key] })
      await queries.invalidateQueries({ queryKey: ['auth-check', key] })
      tellDone(done)
    },
    onError: (error) => tellFailed(error),
  })
  if (versions.isError) return <Failure error={versions.error} />
  const { service = '', current = null, safe = null, withdrawn = null } = versions.data ?? {}
  if (service === '') {
    return (
      <Text size="sm" c="dimmed">
        No auth service is saved yet.
      </Text>
    )
  }
  return (
    <>
      {withdrawn !== null && (
        <Alert color="red" title={`Version ${withdrawn.version} has withdrawn itself`}>
          <Text size="sm">
            It erred for {withdrawn.erred} of {withdrawn.seen} accounts, {atDay(Date.parse(withdrawn.at))}.{' '}
            {safe === null ? 'No version is named as safe, so sign-in refuses.' : `Version ${safe.version} is asked.`}
          </Text>
          <Button
            size="xs"
            variant="default"
            mt="xs"
            loading={act.isPending}
            onClick={() => act.mutate({ rest: '/restore', method: 'POST', done: 'It serves again, counted anew.' })}
          >
            Let it serve again
          </Button>
        </Alert>
      )}
      <Group gap="xs">
        <Text size="sm" flex={1} miw={220}>
          {safe === null
            ? `Version ${current ?? '?'} of ${service} is in use. None is named as safe.`
            : `Version ${safe.version} is named as safe since ${atDay(Date.parse(safe.named_at))}; ${current ?? '?'} is in use.`}
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={act.isPending}
          disabled={current === null}
          onClick={() => act.mutate({ rest: '/safe', method: 'POST', done: `Version ${current} is named as safe.` })}
        >
          Name the one in use as safe
        </Button>
        {safe !== null && (
          <Button
            size="xs"
            variant="default"
            loading={act.isPending}
            onClick={() => act.mutate({ rest: '/safe', method: 'DELETE', done: 'No version is named as safe.' })}
          >
            Name none
          </Button>
        )}
      </Group>
    </>
  )
}
