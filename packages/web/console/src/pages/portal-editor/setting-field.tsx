/** One setting of a widget: a plain value, or one that is fixed, calculated, or comes from a datasource. */
import {
  Box,
  NativeSelect,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { flag, number } from '../../../../portal/src/model/fields.ts'
import { CodeField } from './code-field.tsx'
import { ColourField } from './colour-field.tsx'
import type { Editor } from './editor.ts'
import { JsonField } from './json-field.tsx'
import { fields, isObject, text } from './model/config.ts'
import type { Setting } from './model/kinds.ts'
import {
  codeIn,
  emptyHtml,
  type SettingSource,
  setOutgoing,
  setSource,
  setValue,
  sourceOf,
  sources,
  valueIn,
} from './model/widgets.ts'

type Props = {
  editor: Editor
  widget: string
  setting: Setting
  value: unknown
  onChange: (value: unknown, joins?: string) => void
}

export function SettingField(props: Props) {
  const { setting, value, onChange, widget } = props
  const { label, name } = setting
  const typed = (next: unknown): void => onChange(next, `${widget}.${name}`)
  switch (setting.kind) {
    case 'text':
      return <TextInput label={label} value={text(value)} onChange={(event) => typed(event.currentTarget.value)} />
    case 'number':
      return (
        <NumberInput
          label={label}
          value={Number.isNaN(number(value, Number.NaN)) ? '' : number(value, 0)}
          onChange={(next) => typed(next === '' ? undefined : next)}
        />
      )
    case 'colour':
      return <ColourField label={label} empty="From the theme" value={text(value)} onChange={typed} />
    case 'flag':
      return (
        <Switch
          label={label}
          checked={flag(value, setting.usually)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <NativeSelect
          label={label}
          data={[...new Set([...setting.choices, text(value, setting.choices[0])])]}
          value={text(value, setting.choices[0])}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    case 'json':
      return <JsonField label={label} value={value} onChange={typed} />
    case 'out':
      return <OutgoingField {...props} />
    default:
      return <SourceField {...props} html={setting.kind === 'html'} />
  }
}

/** Names that code of a portal sees. */
export const namesFor = ({ model }: Pick<Editor, 'model'>): string[] => [
  ...model.datasources
    .filter(({ name }) => /^[A-Za-z_$][\w$]*$/.test(name))
    .flatMap(({ name }) => ['latestData()', 'sendData()', 'refresh()'].map((call) => `datasources.${name}.${call}`)),
  ...['this.datasource', 'this.widget', 'portalTitle', 'CB_PORTAL.selectPage()', 'CB_PORTAL.ClearBlade'],
  ...['CB_PORTAL.Loader.show()', 'CB_PORTAL.Loader.hide()', 'CB_PORTAL.createNotification()'],
  ...['CB_PORTAL.Modals.open()', 'CB_PORTAL.Modals.close()', 'CB_PORTAL.toggleFlyout()'],
]

const sourceLabels: Record<SettingSource, string> = { static: 'Static', dynamic: 'Dynamic', calculated: 'Calculated' }

function SourceField({ editor, widget, setting: { label, name }, value, onChange, html }: Props & { html: boolean }) {
  const source = sourceOf(value) ?? 'static'
  const held = valueIn(value)
  const key = `${widget}.${name}.${source}`
  const set = (next: unknown): void =>
    onChange(setValue(sourceOf(value) === undefined ? setSource(value, 'static', html) : value, next), key)
  // Content of HTML widgets is three texts, which are not calculated, unless they are already.
  const offered = (Object.keys(sources) as SettingSource[]).filter(
    (one) => !html || one !== 'calculated' || one === source,
  )
  return (
    <Box role="group" aria-label={label}>
      <Text size="sm" fw={600} mb={4} component="div">
        {label}
      </Text>
      <Stack gap="xs">
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label={`Source of ${label}`}
          value={source}
          data={offered.map((one) => ({ value: one, label: sourceLabels[one] }))}
          onChange={(next) => onChange(setSource(value, next as SettingSource, html))}
        />
        {source === 'dynamic' && <DatasourceBox editor={editor} value={value} onChange={onChange} />}
        {html && source !== 'calculated' ? (
          <HtmlParts name={key} value={held} onChange={set} editor={editor} />
        ) : source === 'static' ? (
          <FixedValue key={key} label="Value" value={held} onChange={set} />
        ) : (
          <CodeField
            key={key}
            label={source === 'dynamic' ? 'Parser' : 'Code'}
            description={
              source === 'dynamic'
                ? 'Returns what is shown; this.datasource is the newest data.'
                : 'Returns what is shown, again whenever a datasource that it names has newer data.'
            }
            language="javascript"
            names={namesFor(editor)}
            value={text(held)}
            onChange={set}
          />
        )}
      </Stack>
    </Box>
  )
}

function FixedValue({ label, value, onChange }: { label: string; value: unknown; onChange: (value: unknown) => void }) {
  if (typeof value === 'boolean') {
    return <Switch label={label} checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
  }
  if (typeof value === 'object' && value !== null) return <JsonField label={label} value={value} onChange={onChange} />
  return (
    <Textarea
      aria-label={label}
      autosize
      minRows={1}
      maxRows={8}
      value={text(value)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

const parts = [
  { part: 'HTML', language: 'html' },
  { part: 'CSS', language: 'css' },
  { part: 'JavaScript', language: 'javascript' },
] as const

type HtmlProps = { name: string; value: unknown; editor: Editor; onChange: (value: unknown) => void }

function HtmlParts({ name, value, editor, onChange }: HtmlProps) {
  const held = isObject(value) ? value : { ...emptyHtml, HTML: text(value) }
  return parts.map(({ part, language }) => (
    <CodeField
      key={`${name}.${part}`}
      label={part}
      language={language}
      names={namesFor(editor)}
      value={text(held[part])}
      onChange={(next) => onChange({ ...held, [part]: next })}
    />
  ))
}

function DatasourceBox({ editor, value, onChange }: Pick<Props, 'editor' | 'value' | 'onChange'>) {
  const id = text(fields(value).id)
  const known = editor.model.datasources.some((one) => one.id === id)
  return (
    <NativeSelect
      label="Datasource"
      {...(editor.model.datasources.length === 0 && { description: 'There is none yet; make one under Datasources.' })}
      value={id}
      data={[
        { value: '', label: 'None' },
        ...editor.model.datasources.map((one) => ({ value: one.id, label: one.name })),
        ...(known || id === '' ? [] : [{ value: id, label: 'One that is gone' }]),
      ]}
      onChange={(event) => onChange({ ...fields(value), id: event.currentTarget.value })}
    />
  )
}

/** Of what goes out: where to, and code that says what is sent. */
function OutgoingField({ editor, widget, setting: { label, name }, value, onChange }: Props) {
  const held = fields(value)
  const wired = sourceOf(value) === undefined ? { ...held, dataType: sources.dynamic } : held
  // Where it goes to no datasource, other packages have the code under `value`.
  const code = text(codeIn(held.outgoing_parser))
  const elsewhere = code === '' && text(held.id) === '' ? text(held.value) : ''
  return (
    <Box role="group" aria-label={label}>
      <Text size="sm" fw={600} mb={4} component="div">
        {label}
      </Text>
      <Stack gap="xs">
        <DatasourceBox editor={editor} value={wired} onChange={onChange} />
        <CodeField
          key={`${widget}.${name}`}
          label="What is sent"
          description="Returns what is sent to the datasource; this.widget is what the widget gives."
          language="javascript"
          names={namesFor(editor)}
          value={code === '' ? elsewhere : code}
          onChange={(next) => onChange(setOutgoing(wired, next), `${widget}.${name}.out`)}
        />
      </Stack>
    </Box>
  )
}
