/** The boxes for what is set of a datasource, by the names of its settings. */
import { Autocomplete, MultiSelect, NumberInput, Switch, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { flag, number } from '../../../../portal/src/model/fields.ts'
import type { Datasource } from '../../../../portal/src/model/model.ts'
import { listQuery } from '../code/code-api.ts'
import { collectionsQuery } from '../data/data-api.ts'
import type { Editor } from './editor.ts'
import { isObject, text, textsIn } from './model/config.ts'

type BoxProps = {
  box: string
  editor: Editor
  source: Datasource
  set: (changes: Record<string, unknown>, joins?: string) => void
}

export function DatasourceSetting({ box, editor, source: { id, type, settings }, set }: BoxProps) {
  const value = settings[box]
  const { systemKey, model } = editor
  const services = useQuery({ ...listQuery(systemKey), enabled: box === 'code_name' })
  const collections = useQuery({ ...collectionsQuery(systemKey), enabled: box === 'collection_name' })
  switch (box) {
    case 'code_name':
      return (
        <Autocomplete
          label="Service"
          value={text(value)}
          data={(services.data ?? []).filter(({ kind }) => kind === 'service').map(({ name }) => name)}
          onChange={(next) => set({ code_name: next }, box)}
        />
      )
    case 'collection_name':
      return (
        <Autocomplete
          label="Collection"
          value={text(value)}
          data={[...new Set((collections.data ?? []).map(({ name }) => name))]}
          onChange={(next) => set({ collection_name: next }, box)}
        />
      )
    case 'payload':
      return <Payload value={value} onChange={(next) => set({ payload: next }, box)} />
    case 'refresh_interval':
      return (
        <NumberInput
          label="Asked again every"
          description="Seconds; 0 is never"
          min={0}
          value={number(value, 0)}
          onChange={(next) => set({ refresh_interval: next === '' ? 0 : next }, box)}
        />
      )
    case 'CALL_ON_LOAD':
      return (
        <Switch
          label="Asked when the portal is opened"
          checked={flag(value, type !== 'CB_CODE_SERVICE')}
          onChange={(event) => set({ CALL_ON_LOAD: event.currentTarget.checked })}
        />
      )
    case 'datasources':
      return (
        <MultiSelect
          label="Datasources"
          description="Its data are theirs, each under its name"
          value={textsIn(value)}
          data={[
            ...model.datasources.filter((one) => one.id !== id).map((one) => ({ value: one.id, label: one.name })),
            ...textsIn(value)
              .filter((one) => !model.datasources.some((other) => other.id === one))
              .map((one) => ({ value: one, label: 'One that is gone' })),
          ]}
          onChange={(next) => set({ datasources: next })}
        />
      )
    default:
      return (
        <Textarea
          label="Value at first"
          description="JSON, or else a text"
          autosize
          minRows={2}
          value={typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)}
          onChange={(event) => set({ [box]: event.currentTarget.value }, box)}
        />
      )
  }
}

/** Stored as a text with JSON in it. */
function Payload({ value, onChange }: { value: unknown; onChange: (value: string) => void }) {
  const words = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
  return (
    <Textarea
      label="Parameters"
      description="A JSON object"
      autosize
      minRows={2}
      value={words}
      error={isJsonObject(words) ? undefined : 'Not a JSON object yet; the service is given none.'}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function isJsonObject(words: string): boolean {
  if (words.trim() === '') return true
  try {
    return isObject(JSON.parse(words))
  } catch {
    return false
  }
}
