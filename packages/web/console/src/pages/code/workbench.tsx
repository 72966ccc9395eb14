/** The editor of one service or library with everything that is done to it. */
import { Alert, Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { type RunAnswer, runService, type Unit, type UnitPlace } from './code-api.ts'
import { CodeHistory } from './code-history.tsx'
import { Editor } from './editor.tsx'
import { LeaveGuard } from './leave-guard.tsx'
import { RemoveUnit } from './remove-unit.tsx'
import { RunResult } from './run-result.tsx'
import { StaleSave } from './stale-save.tsx'
import { bodyOf, TestParameters, useTestParameters, whyNotJson } from './test-parameters.tsx'
import { Tools } from './tools.tsx'
import { TypedSecrets } from './typed-secrets.tsx'
import { useEditing } from './use-editing.ts'
import { Versions } from './versions.tsx'
import { Wrench } from './wrench.tsx'

export type DialogName = 'parameters' | 'wrench' | 'versions' | 'history' | 'remove' | 'stale'

export function Workbench({ place, current }: { place: UnitPlace; current: Unit }) {
  const editing = useEditing(place, current)
  const { base, dirty, save } = editing
  const [dialog, setDialog] = useState<DialogName>()
  const close = () => setDialog(undefined)
  const [parameters, setParameters] = useTestParameters(place, base.params)
  const run = useMutation({ mutationFn: () => runService(place.key, place.name, bodyOf(parameters)) })

  // Within the editor the editor takes it.
  useHotkeys([['mod+S', () => dialog === undefined && void saveText()]])

  /** Answers whether the text is saved now. */
  async function saveText(over = false): Promise<boolean> {
    try {
      const answer = await save.mutateAsync({ over })
      if (answer.kind === 'stale') setDialog('stale')
      else tell(answer.version, answer.version === base.version, answer.problem?.message)
      return answer.kind === 'saved'
    } catch (error) {
      tellFailed(error, 'Not saved')
      return false
    }
  }

  async function saveAndTest(): Promise<void> {
    if (parameters.some(({ json }) => whyNotJson(json) !== '')) return setDialog('parameters')
    if (!dirty || (await saveText())) run.mutate()
  }

  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Group gap="xs" style={{ minWidth: 0 }}>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {base.name}
          </Title>
          <Badge variant="light" color="gray" tt="none">
            {base.kind} · version {base.version}
          </Badge>
          {dirty && (
            <Badge variant="light" color="orange" tt="none">
              not saved
            </Badge>
          )}
        </Group>
        <Tools
          service={base.kind === 'service'}
          saving={save.isPending}
          running={run.isPending}
          given={parameters.filter(({ name, json }) => name !== '' && json !== '').length}
          onSave={() => saveText()}
          onTest={saveAndTest}
          onOpen={setDialog}
        />
      </Group>
      {editing.draft !== undefined && (
        <Alert color="blue" title="There is text that was not saved" role="status">
          <Text size="sm">
            Written here at {new Date(editing.draft.at).toLocaleString()}, on top of version {editing.draft.version}.
          </Text>
          <Group gap="xs" mt="xs">
            <Button size="xs" onClick={editing.restoreDraft}>
              Bring it back
            </Button>
            <Button size="xs" variant="default" onClick={editing.forget}>
              Throw it away
            </Button>
          </Group>
        </Alert>
      )}
      {editing.overtaken && (
        <Alert color="orange" title={`Version ${current.version} was saved meanwhile`} role="status">
          <Group justify="space-between">
            <Text size="sm">Your text is made from version {base.version}.</Text>
            <Button size="xs" variant="default" onClick={() => setDialog('stale')}>
              Compare
            </Button>
          </Group>
        </Alert>
      )}
      {base.problem !== undefined && (
        <Alert color="red" title={`Line ${base.problem.line} does not compile`} role="status" py="xs">
          <Group justify="space-between">
            <Text size="sm">{base.problem.message}</Text>
            <Button size="xs" variant="default" onClick={() => editing.editor.current?.goTo(base.problem!)}>
              Go to line {base.problem.line}
            </Button>
          </Group>
        </Alert>
      )}
      <TypedSecrets place={place} version={base.version} dirty={dirty} />
      <Editor
        label={`Code of ${base.name}`}
        initial={base.code}
        problem={base.problem}
        facts={{ params: base.params, requires: base.dependencies }}
        onEdit={editing.edited}
        onSave={() => void saveText()}
        handle={editing.editor}
      />
      <TestParameters
        opened={dialog === 'parameters'}
        onClose={close}
        parameters={parameters}
        onChange={setParameters}
      />
      <RunResult answer={run.data as RunAnswer | undefined} error={run.error ?? undefined} onClose={run.reset} />
      <Wrench opened={dialog === 'wrench'} onClose={close} place={place} unit={base} />
      <Versions
        opened={dialog === 'versions'}
        onClose={close}
        place={place}
        text={() => editing.editor.current?.text() ?? base.code}
        dirty={dirty}
      />
      <CodeHistory opened={dialog === 'history'} onClose={close} place={place} logging={base.logging} />
      <RemoveUnit opened={dialog === 'remove'} onClose={close} place={place} onGone={editing.takeCurrent} />
      <StaleSave
        opened={dialog === 'stale'}
        onClose={close}
        current={current}
        text={() => editing.editor.current?.text() ?? ''}
        onOver={async () => void ((await saveText(true)) && close())}
        onTake={() => {
          editing.takeCurrent()
          editing.forget()
          close()
        }}
      />
      <LeaveGuard dirty={dirty} onLeave={editing.forget} />
    </Stack>
  )
}

function tell(version: number, same: boolean, problem: string | undefined): void {
  const saved = same ? `Nothing has changed since version ${version}` : `Saved as version ${version}`
  if (problem === undefined) tellDone(saved)
  else notifications.show({ color: 'orange', title: `${saved}, which does not compile`, message: problem })
}
