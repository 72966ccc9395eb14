/**
 * Upgrade and Undo of an installed package: what would happen first, what is in the way or needs a yes to be settled, then
 * the step itself. What people changed here stays unless they say otherwise.
 */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { askTelling, type Progress } from '../../lines.ts'
import { type Answers, changesNothing, isSettled, noAnswers, PlanOf } from '../packages/plan.tsx'
import type { Report } from '../packages/shapes.ts'
import { advance, Ticking } from '../packages/ticking.tsx'
import type { Installed } from './shapes.ts'

export type Change = 'upgrade' | 'undo'
type Props = { change: Change; installed: Installed; onClose: () => void }

export function ChangePackage({ asked, onClose }: { asked: Omit<Props, 'onClose'> | undefined; onClose: () => void }) {
  const title =
    asked?.change === 'undo' ? `Undo the last change of ${asked.installed.name}` : `Upgrade ${asked?.installed.name}`
  return (
    <Modal opened={asked !== undefined} onClose={onClose} title={title} size="xl">
      {asked?.change === 'upgrade' && <Upgrade installed={asked.installed} onClose={onClose} />}
      {asked?.change === 'undo' && <Undo installed={asked.installed} onClose={onClose} />}
    </Modal>
  )
}

function Upgrade({ installed, onClose }: Omit<Props, 'change'>) {
  const key = useSystemKey()
  const { source } = installed
  const [url, setUrl] = useState(source.kind === 'git' || source.kind === 'archive' ? source.address : '')
  const [from, setFrom] = useState<string>()
  if (from === undefined) {
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault()
          setFrom(url.trim())
        }}
      >
        <Stack>
          <TextInput
            label="URL"
            description="Where the other version is. What you changed since the install stays as it is."
            required
            data-autofocus
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit">See what would change</Button>
          </Group>
        </Stack>
      </form>
    )
  }
  const again = from === source.address
  const body = {
    url: from,
    system: key,
    ...(again && source.ref !== undefined && { ref: source.ref }),
    ...(again && source.folder !== undefined && source.folder !== '' && { folder: source.folder }),
  }
  return (
    <Carrying
      path="/admin/v/4/packages/install"
      body={body}
      label="Upgrade"
      done={`${installed.name} is upgraded.`}
      onClose={onClose}
      needsChange
    />
  )
}

function Undo({ installed, onClose }: Omit<Props, 'change'>) {
  const key = useSystemKey()
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        What the last install or upgrade made goes, and what it changed is as it was before. Collections, columns and
        what people wrote stay. One step back is kept.
      </Text>
      <Carrying
        path={`/admin/v/4/system/${key}/packages/undo`}
        body={{ name: installed.name }}
        label="Undo"
        done={`The last change of ${installed.name} is undone.`}
        onClose={onClose}
      />
    </>
  )
}

type Carried = {
  path: string
  body: object
  label: string
  done: string
  onClose: () => void
  /** An upgrade to what is there already would only take the step back away. */
  needsChange?: boolean
}

/** Looks first, then does it; the second call says what was looked at, where there is a package to it. */
function Carrying({ path, body, label, done, onClose, needsChange = false }: Carried) {
  const queries = useQueryClient()
  const [steps, setSteps] = useState<Progress[]>([])
  const [answers, setAnswers] = useState<Answers>(noAnswers)
  const send = (more: object): Promise<Report> => {
    setSteps([])
    const onProgress = (next: Progress): void => setSteps((before) => advance(before, next))
    return askTelling<Report>(path, { body: { ...body, ...more }, onProgress })
  }
  const plan = useMutation({ mutationFn: () => send({ dry_run: true }) })
  const act = useMutation({
    mutationFn: () => {
      const hash = plan.data?.contentHash
      return send({
        allow: answers.allow,
        overwrite: answers.overwrite,
        ...(hash !== undefined && { content_hash: hash }),
        ...(Object.keys(answers.runAs).length > 0 && { confirm_run_as: answers.runAs }),
      })
    },
    onSuccess: async () => {
      await queries.invalidateQueries()
      tellDone(done)
      onClose()
    },
  })
  const { mutate: look } = plan
  useEffect(() => look(), [look])
  const busy = plan.isPending || act.isPending
  return (
    <Stack>
      {plan.isError && <Failure error={plan.error} title="It cannot be done" />}
      {plan.isSuccess && <PlanOf planned={plan.data} answers={answers} onAnswers={setAnswers} />}
      {busy && <Ticking steps={steps} doing={plan.isPending ? 'Looking' : label} />}
      {act.isError && <Failure error={act.error} title="Nothing was changed" />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose} disabled={act.isPending}>
          Cancel
        </Button>
        <Button
          loading={act.isPending}
          disabled={!plan.isSuccess || !isSettled(plan.data, answers) || (needsChange && changesNothing(plan.data))}
          onClick={() => act.mutate()}
        >
          {label}
        </Button>
      </Group>
    </Stack>
  )
}
