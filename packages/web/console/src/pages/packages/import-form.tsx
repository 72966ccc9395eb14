/** Where a package goes, and Import. Into a system that is there, what would change is shown first. */
import { Alert, Button, Group, Paper, Radio, Select, Stack, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { askTelling, type Progress } from '../../lines.ts'
import { systemsQuery } from '../systems.tsx'
import type { Looked } from './install.tsx'
import { type Answers, isSettled, noAnswers, PlanOf } from './plan.tsx'
import { assetKey } from './review.tsx'
import type { Report } from './shapes.ts'
import { advance, Ticking } from './ticking.tsx'

type Props = {
  looked: Looked
  left: ReadonlySet<string>
  into: string | undefined
  onImported: (report: Report) => void
}

export function ImportForm({ looked, left, into, onImported }: Props) {
  const { source, fetched } = looked
  const [isNew, setNew] = useState(into === undefined)
  const [name, setName] = useState(fetched.name)
  const [key, setKey] = useState<string | null>(into ?? null)
  const [answers, setAnswers] = useState<Answers>(noAnswers)
  const [steps, setSteps] = useState<Progress[]>([])
  const systems = useQuery(systemsQuery)
  const queries = useQueryClient()
  const choose = fetched.assets.map(assetKey).filter((asset) => !left.has(asset))
  const install = (more: object): Promise<Report> => {
    setSteps([])
    return askTelling<Report>('/admin/v/4/packages/install', {
      body: {
        ...source,
        ...(isNew ? { name: name.trim() } : { system: key }),
        ...(left.size > 0 && { choose }),
        content_hash: fetched.contentHash,
        ...more,
      },
      onProgress: (next) => setSteps((before) => advance(before, next)),
    })
  }
  const answered = {
    allow: answers.allow,
    overwrite: answers.overwrite,
    ...(Object.keys(answers.runAs).length > 0 && { confirm_run_as: answers.runAs }),
  }
  const plan = useMutation({ mutationFn: () => install({ dry_run: true }) })
  const doing = useMutation({
    mutationFn: () => install(isNew ? {} : answered),
    onSuccess: async (report) => {
      await queries.invalidateQueries()
      onImported(report)
    },
  })
  const busy = plan.isPending || doing.isPending
  const planned = isNew ? undefined : plan.data
  const turn = (change: () => void): void => {
    change()
    plan.reset()
    doing.reset()
    setAnswers(noAnswers)
  }
  const nothing = choose.length === 0
  return (
    <Paper withBorder p="md" component="section" aria-label="Import">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (isNew || planned !== undefined) doing.mutate()
          else plan.mutate()
        }}
      >
        <Stack>
          <Title order={2} size="h4">
            Where it goes
          </Title>
          <Radio.Group
            aria-label="Where it goes"
            value={isNew ? 'new' : 'there'}
            onChange={(value) => turn(() => setNew(value === 'new'))}
          >
            <Group>
              <Radio value="new" label="A new system" disabled={busy} />
              <Radio value="there" label="A system that is there" disabled={busy || systems.data?.length === 0} />
            </Group>
          </Radio.Group>
          {isNew ? (
            <TextInput
              label="Name of the new system"
              required
              maw={420}
              value={name}
              onChange={(event) => turn(() => setName(event.currentTarget.value))}
            />
          ) : (
            <Select
              label="System"
              required
              maw={420}
              searchable
              placeholder="Choose one"
              data={(systems.data ?? []).map((one) => ({ value: one.appID, label: one.name }))}
              value={key}
              onChange={(value) => turn(() => setKey(value))}
            />
          )}
          {nothing && <Alert color="yellow">Nothing of the package is chosen.</Alert>}
          {planned !== undefined && <PlanOf planned={planned} answers={answers} onAnswers={setAnswers} />}
          {busy && <Ticking steps={steps} doing={plan.isPending ? 'Looking' : 'Importing'} />}
          {plan.isError && <Failure error={plan.error} title="It cannot be imported there" />}
          {doing.isError && <Failure error={doing.error} title="Nothing was imported" />}
          <Group>
            {isNew || planned !== undefined ? (
              <Button
                type="submit"
                loading={doing.isPending}
                disabled={nothing || (planned !== undefined && !isSettled(planned, answers))}
              >
                Import
              </Button>
            ) : (
              <Button type="submit" loading={plan.isPending} disabled={nothing || key === null}>
                See what would change
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Paper>
  )
}
