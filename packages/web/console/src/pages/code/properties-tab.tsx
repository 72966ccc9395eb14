/** Properties of a service or a library. */
import { NumberInput, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import type { Unit } from './code-api.ts'
import { RunAsBox } from './run-as.tsx'

/** What the tab changes; `runAs` is an e-mail here. */
export type Properties = Pick<Unit, 'params' | 'runAs' | 'logging' | 'timeout' | 'modern' | 'description'>

type Props = { systemKey: string; unit: Unit; value: Properties; onChange: (value: Properties) => void }

export function PropertiesTab({ systemKey, unit, value, onChange }: Props) {
  const set = (part: Partial<Properties>) => onChange({ ...value, ...part })
  const unlimited = value.timeout < 0
  return (
    <Stack>
      <TextInput label="Name" value={unit.name} readOnly description={`A ${unit.kind} keeps its name`} />
      {unit.kind === 'service' && (
        <>
          <RunAsBox systemKey={systemKey} value={value.runAs} onChange={(runAs) => set({ runAs })} />
          <Switch
            label="Logging enabled"
            description="Keeps the log of every run under Code History"
            checked={value.logging}
            onChange={(event) => set({ logging: event.currentTarget.checked })}
          />
          <NumberInput
            label="Execution timeout"
            description={unlimited ? 'Without a limit of its own' : 'Seconds that a run may take'}
            min={1}
            max={2_147_483_647}
            allowDecimal={false}
            disabled={unlimited}
            value={unlimited ? '' : value.timeout}
            onChange={(timeout) => typeof timeout === 'number' && set({ timeout })}
          />
          <Switch
            label="No limit"
            checked={unlimited}
            onChange={(event) => set({ timeout: event.currentTarget.checked ? -1 : 60 })}
          />
          <TagsInput
            label="Parameters"
            description="Names of what the caller sends; press Enter after each"
            value={value.params}
            onChange={(params) => set({ params })}
          />
        </>
      )}
      <Textarea
        label="Description"
        autosize
        maxRows={6}
        value={value.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <Switch
        label="Modern engine"
        description="For new code: const and let as the language has them. Off for code from older platforms"
        checked={value.modern}
        onChange={(event) => set({ modern: event.currentTarget.checked })}
      />
    </Stack>
  )
}
