/** What is set of a widget: where it stands, the settings of its kind, scripts, and all others as JSON. */
import { Badge, Button, Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { IconCopy, IconTrash } from '@tabler/icons-react'
import { useMemo } from 'react'
import type { Widget } from '../../../../portal/src/model/model.ts'
import { paneName, widgetsIn } from './canvas.tsx'
import { type Chosen, colsOf, type Editor, newId } from './editor.ts'
import { JsonField } from './json-field.tsx'
import { isObject, thing } from './model/config.ts'
import { kindOf, labelOf, settingsOf } from './model/kind-of.ts'
import { inOrder } from './model/pages.ts'
import type { Breakpoint, Grid } from './model/places.ts'
import { setScripts } from './model/sources.ts'
import { changeWidget, copyWidget, gridOf, moveWidget, removeWidget, setProp } from './model/widgets.ts'
import { PlaceFields } from './place-fields.tsx'
import { SettingField } from './setting-field.tsx'

type Props = { editor: Editor; widget: Widget; at: Breakpoint; onChoose: (chosen: Chosen) => void }

const size = { w: 6, h: 6 }

export function WidgetSettings({ editor, widget, at, onChoose }: Props) {
  const { edit, work } = editor
  const { id, type, props } = widget
  const grid = gridOf(work.config, id)
  const cols = colsOf(editor, grid)
  const settings = settingsOf(type, props)
  const named = settings.map(({ name }) => name).join()
  const others = useMemo(
    () => Object.fromEntries(Object.entries(props).filter(([name]) => !named.split(',').includes(name))),
    [props, named],
  )
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Text fw={700}>{kindOf(type) === undefined ? labelOf(type) : `${labelOf(type)} widget`}</Text>
        {kindOf(type) === undefined && type !== '' && (
          <Badge variant="light" color="gray" tt="none">
            not known here
          </Badge>
        )}
      </Group>
      <PlaceFields
        editor={editor}
        grid={grid}
        id={id}
        ids={widgetsIn(editor, grid).map((one) => one.id)}
        at={at}
        cols={cols}
      />
      {settings.map((setting) => (
        <SettingField
          key={`${id}.${setting.name}`}
          editor={editor}
          widget={id}
          setting={setting}
          value={props[setting.name]}
          onChange={(value, joins) => edit((config) => setProp(config, id, setting.name, value), joins)}
        />
      ))}
      <Where editor={editor} widget={widget} grid={grid} />
      <Textarea
        label="External scripts"
        description="Addresses by https, one a line; they are there before its code runs"
        autosize
        minRows={1}
        key={`${id}.scripts`}
        defaultValue={widget.scripts.join('\n')}
        onBlur={(event) => {
          const addresses = linesIn(event.currentTarget.value)
          if (addresses.join('\n') === widget.scripts.join('\n')) return
          edit((config) => {
            const { externalScripts } = thing(config, 'widgets', id)
            return changeWidget(config, id, { externalScripts: setScripts(externalScripts, addresses) })
          })
        }}
      />
      <JsonField
        key={`${id}.others`}
        label="Other settings"
        description="All that has no box of its own, as JSON"
        value={others}
        refuse={(value) =>
          value === undefined || isObject(value) ? undefined : 'This must be an object: {"name": value}.'
        }
        onChange={(value) =>
          edit((config) => {
            const kept = Object.fromEntries(Object.entries(props).filter(([name]) => !(name in others)))
            return changeWidget(config, id, { props: { ...kept, ...(isObject(value) && value) } })
          }, `${id}.others`)
        }
      />
      <Group gap="xs" grow>
        <Button
          variant="default"
          leftSection={<IconCopy size={16} />}
          onClick={() => {
            const copy = newId()
            edit((config) => copyWidget(config, id, copy, kindOf(type)?.size ?? size, cols))
            onChoose({ kind: 'widget', id: copy })
          }}
        >
          Duplicate
        </Button>
        <Button
          variant="light"
          color="red"
          leftSection={<IconTrash size={16} />}
          onClick={() => {
            onChoose(undefined)
            edit((config) => removeWidget(config, id))
          }}
        >
          Delete
        </Button>
      </Group>
    </Stack>
  )
}

export const linesIn = (words: string): string[] =>
  words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Every grid that takes widgets, by the words that people find it by. */
function gridsOf({ model, work }: Editor): { grid: Grid; label: string }[] {
  const panes = inOrder(work.config, model.pages).flatMap((page) =>
    model.panes
      .filter(({ pageId }) => pageId === page.id)
      .flatMap((pane) =>
        pane.tabs.map(({ id, title }, index) => ({
          grid: { kind: 'tab', id } as Grid,
          label: [page.name, paneName(pane), ...(pane.tabs.length > 1 ? [title || `Tab ${index + 1}`] : [])].join(
            ' › ',
          ),
        })),
      ),
  )
  return [
    ...panes,
    ...model.modals.map(({ id, name }) => ({ grid: { kind: 'modal', id } as Grid, label: `Modal ${name}` })),
    { grid: { kind: 'header' }, label: 'Header' },
    { grid: { kind: 'flyout' }, label: 'Flyout' },
  ]
}

function Where({ editor, widget, grid }: { editor: Editor; widget: Widget; grid: Grid }) {
  const places = gridsOf(editor)
  const now = places.findIndex((one) => JSON.stringify(one.grid) === JSON.stringify(grid))
  return (
    <NativeSelect
      label="Stands in"
      value={String(now)}
      data={[
        ...(now === -1 ? [{ value: '-1', label: 'A pane that is gone' }] : []),
        ...places.map(({ label }, index) => ({ value: String(index), label })),
      ]}
      onChange={(event) => {
        const to = places[Number(event.currentTarget.value)]
        if (to === undefined) return
        const own = kindOf(widget.type)?.size ?? size
        editor.edit((config) => moveWidget(config, widget.id, to.grid, own, colsOf(editor, to.grid)))
      }}
    />
  )
}
