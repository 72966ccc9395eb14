/** Code History: what runs of a service logged, and the runs that failed, by time. */
import { Group, Loader, Modal, NavLink, ScrollArea, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { type Row, useFollowed } from '../../frame/follow.ts'
import { type FailedRun, logsQuery, type UnitPlace } from './code-api.ts'
import { Output } from './run-result.tsx'

type Props = { opened: boolean; onClose: () => void; place: UnitPlace; logging: boolean }

export function CodeHistory({ opened, onClose, place, logging }: Props) {
  const [which, setWhich] = useState('logs')
  return (
    <Modal opened={opened} onClose={onClose} title={`Code History of ${place.name}`} size="xl">
      <Stack>
        <SegmentedControl
          aria-label="Which runs"
          value={which}
          onChange={setWhich}
          data={[
            { value: 'logs', label: 'Debug Logs' },
            { value: 'failed', label: 'Failed Runs' },
          ]}
        />
        {opened && which === 'logs' && <DebugLogs place={place} logging={logging} />}
        {opened && which === 'failed' && <FailedRuns place={place} />}
      </Stack>
    </Modal>
  )
}

/** Of all services of the system. */
const most = 500

/** New runs come in while one looks. */
const live = { refetchInterval: 5_000 }

function DebugLogs({ place, logging }: { place: UnitPlace; logging: boolean }) {
  const logs = useQuery({ ...logsQuery(place), ...live })
  const [chosen, setChosen] = useState<string>()
  if (logs.isPending) return <Loader aria-label="Loading the logs" />
  if (logs.isError) return <Failure error={logs.error} />
  const shown = logs.data.find((one) => one.service_execution_time === chosen) ?? logs.data[0]
  if (shown === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {logging
          ? 'No run was logged yet.'
          : 'Logging is off. Switch it on under the wrench, Properties; Save and Test shows the log of its own run anyway.'}
      </Text>
    )
  }
  return (
    <Runs
      times={logs.data.map((one) => ({ id: one.service_execution_time, at: one.service_execution_time }))}
      chosen={shown.service_execution_time}
      onChoose={setChosen}
    >
      <Output title="Log" text={shown.log.trimEnd()} empty="This run logged nothing." />
    </Runs>
  )
}

function FailedRuns({ place }: { place: UnitPlace }) {
  const { rows, error } = useFollowed<FailedRun & Row>(place.key, 'failed-runs', most)
  const [chosen, setChosen] = useState<string>()
  if (rows === undefined) {
    return error === undefined ? <Loader aria-label="Loading the failed runs" /> : <Failure error={error} />
  }
  const failed = rows.filter(({ Service }) => Service === place.name)
  const shown = failed.find((one) => one.Id === chosen) ?? failed[0]
  if (shown === undefined) {
    return (
      <Text size="sm" c="dimmed">
        No run has failed.
      </Text>
    )
  }
  return (
    <Runs times={failed.map((one) => ({ id: one.Id, at: one.Datetime }))} chosen={shown.Id} onChoose={setChosen}>
      <Output title="Why" text={shown.Error.error ?? ''} empty="Nothing is known." />
      <Output title="Parameters" text={JSON.stringify(shown.Args ?? {}, null, 2)} empty="None." />
      <Output title="Log" text={(shown.Response.logs ?? '').trimEnd()} empty="This run logged nothing." />
    </Runs>
  )
}

type RunsProps = {
  times: { id: string; at: string }[]
  chosen: string
  onChoose: (id: string) => void
  children: React.ReactNode
}

function Runs({ times, chosen, onChoose, children }: RunsProps) {
  return (
    <Group align="flex-start">
      <ScrollArea.Autosize mah="50dvh" w={{ base: '100%', sm: 210 }} type="auto">
        <Stack gap={2} component="nav" aria-label="Runs by time">
          {times.map(({ id, at }) => (
            <NavLink
              key={id}
              component="button"
              type="button"
              label={new Date(at).toLocaleString()}
              active={id === chosen}
              aria-pressed={id === chosen}
              onClick={() => onChoose(id)}
            />
          ))}
        </Stack>
      </ScrollArea.Autosize>
      <Stack style={{ flex: '1 1 280px', minWidth: 0 }}>{children}</Stack>
    </Group>
  )
}
