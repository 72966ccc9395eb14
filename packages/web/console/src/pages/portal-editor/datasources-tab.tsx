/** The datasources of a portal: adding, setting and deleting them, and who uses one. */
import { Button, Group, Menu, NavLink, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconDatabaseImport, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { flag } from '../../../../portal/src/model/fields.ts'
import type { Datasource } from '../../../../portal/src/model/model.ts'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { CodeField } from './code-field.tsx'
import { DatasourceSetting } from './datasource-setting.tsx'
import { type Editor, newId } from './editor.ts'
import { JsonField } from './json-field.tsx'
import { freeName, isObject, text } from './model/config.ts'
import { labelOf } from './model/kind-of.ts'
import { addDatasource, changeDatasource, removeDatasource, usersOf } from './model/sources.ts'
import { codeIn } from './model/widgets.ts'
import classes from './portal-editor.module.css'
import { namesFor } from './setting-field.tsx'

const types: Record<string, { label: string; name: string; settings: Record<string, unknown>; boxes: string[] }> = {
  CB_CODE_SERVICE: {
    label: 'Code service',
    name: 'service',
    settings: { code_name: '', payload: '{}', refresh_interval: 0, CALL_ON_LOAD: true },
    boxes: ['code_name', 'payload', 'refresh_interval', 'CALL_ON_LOAD'],
  },
  CB_COLLECTION: {
    label: 'Collection',
    name: 'collection',
    settings: { collection_name: '', refresh_interval: 0 },
    boxes: ['collection_name', 'refresh_interval', 'CALL_ON_LOAD'],
  },
  LOCAL_DATASOURCE_PLUGIN: {
    label: 'Local variable',
    name: 'local',
    settings: { defaultValue: '' },
    boxes: ['defaultValue'],
  },
  DATASOURCE_AGGREGATOR: {
    label: 'Aggregator',
    name: 'all',
    settings: { datasources: [] },
    boxes: ['datasources'],
  },
  CB_USER_LIST: {
    label: 'User list',
    name: 'users',
    settings: { refresh_interval: 0 },
    boxes: ['refresh_interval', 'CALL_ON_LOAD'],
  },
}

const typeLabel = (type: string): string => (Object.hasOwn(types, type) ? types[type]!.label : type || 'Nothing')

export function DatasourcesTab({ editor }: { editor: Editor }) {
  const { model, edit } = editor
  const [wanted, setWanted] = useState<string>()
  const open = model.datasources.find(({ id }) => id === wanted) ?? model.datasources[0]
  const add = (type: string): void => {
    const id = newId()
    const { name, settings } = types[type]!
    const free = freeName(
      name,
      model.datasources.map((one) => one.name),
    ).replace(' ', '')
    edit((config) => addDatasource(config, id, free, type, structuredClone(settings)))
    setWanted(id)
  }
  const adding = (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="xs" leftSection={<IconPlus size={15} />}>
          Datasource
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(types).map(([type, { label }]) => (
          <Menu.Item key={type} onClick={() => add(type)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
  if (open === undefined) {
    return (
      <NothingYet icon={IconDatabaseImport} title="This portal has no datasource" action={adding}>
        Widgets that are not static take their data from one: what a service answers, rows of a collection, a variable
        of the page.
      </NothingYet>
    )
  }
  return (
    <div className={classes.two}>
      <Stack gap="xs">
        <div>{adding}</div>
        <nav aria-label="Datasources">
          {model.datasources.map(({ id, name, type }) => (
            <NavLink
              component="button"
              type="button"
              key={id}
              label={name}
              description={typeLabel(type)}
              active={id === open.id}
              {...(id === open.id && { 'aria-current': 'true' as const })}
              onClick={() => setWanted(id)}
              px={8}
              py={5}
              style={{ borderRadius: 'var(--mantine-radius-sm)' }}
            />
          ))}
        </nav>
      </Stack>
      <section aria-label={`Settings of ${open.name}`}>
        <OneDatasource key={open.id} editor={editor} source={open} onGone={() => setWanted(undefined)} />
      </section>
    </div>
  )
}

type OneProps = { editor: Editor; source: Datasource; onGone: () => void }

const common = ['USE_PARSER', 'DATASOURCE_PARSER', 'SUPPRESS_DATASOURCE_ERRORS']

function OneDatasource({ editor, source, onGone }: OneProps) {
  const { edit, model, work } = editor
  const { id, name, type, settings } = source
  const [typed, setTyped] = useState<string>()
  const users = usersOf(work.config, source)
  const boxes = Object.hasOwn(types, type) ? types[type]!.boxes : []
  const set = (changes: Record<string, unknown>, joins?: string): void =>
    edit((config) => changeDatasource(config, id, { settings: changes }), joins && `${id}.${joins}`)
  const whyNot = (next: string): string | undefined => {
    if (next.trim() === '') return 'A datasource needs a name.'
    return model.datasources.some((one) => one.id !== id && one.name === next)
      ? 'There is a datasource of this name already.'
      : undefined
  }
  const others = Object.fromEntries(Object.entries(settings).filter(([key]) => ![...boxes, ...common].includes(key)))
  const parser = settings.DATASOURCE_PARSER
  return (
    <Stack gap="sm">
      <TextInput
        label="Name"
        description="Code finds it by this name: where it is used, change it there too"
        value={typed ?? name}
        error={typed === undefined ? undefined : whyNot(typed)}
        onChange={(event) => {
          const next = event.currentTarget.value
          setTyped(next)
          if (whyNot(next) === undefined) edit((config) => changeDatasource(config, id, { name: next }), `${id}.name`)
        }}
        onBlur={() => setTyped(undefined)}
      />
      {boxes.map((box) => (
        <DatasourceSetting key={box} box={box} editor={editor} source={source} set={set} />
      ))}
      <Switch
        label="Parser for whatever comes"
        checked={flag(settings.USE_PARSER)}
        onChange={(event) => set({ USE_PARSER: event.currentTarget.checked })}
      />
      {flag(settings.USE_PARSER) && (
        <CodeField
          label="Parser"
          description="Returns the data; this.datasource is what came."
          language="javascript"
          names={namesFor(editor)}
          value={text(codeIn(parser))}
          onChange={(value) =>
            set({ DATASOURCE_PARSER: isObject(parser) ? { ...parser, value } : value }, 'DATASOURCE_PARSER')
          }
        />
      )}
      <Switch
        label="Quiet when it fails"
        checked={flag(settings.SUPPRESS_DATASOURCE_ERRORS)}
        onChange={(event) => set({ SUPPRESS_DATASOURCE_ERRORS: event.currentTarget.checked })}
      />
      {(Object.keys(others).length > 0 || boxes.length === 0) && (
        <JsonField
          label="Other settings"
          value={others}
          refuse={(value) => (isObject(value) ? undefined : 'This must be an object: {"name": value}.')}
          onChange={(value) =>
            edit((config) => {
              const kept = Object.fromEntries(Object.entries(settings).filter(([key]) => !(key in others)))
              return changeDatasource(config, id, { all: { ...kept, ...(isObject(value) && value) } })
            }, `${id}.others`)
          }
        />
      )}
      <Text size="sm" c="dimmed">
        {users.length === 0 ? 'Nothing uses it.' : `Used by ${usedBy(editor, users)}.`}
      </Text>
      <Group>
        <Button
          variant="light"
          color="red"
          leftSection={<IconTrash size={16} />}
          onClick={() => {
            onGone()
            edit((config) => removeDatasource(config, id))
          }}
        >
          Delete {name}
        </Button>
      </Group>
    </Stack>
  )
}

function usedBy({ model }: Editor, ids: string[]): string {
  const names = ids.map((id) => {
    const widget = model.widgets.find((one) => one.id === id)
    return widget === undefined ? (model.datasources.find((one) => one.id === id)?.name ?? id) : labelOf(widget.type)
  })
  return [...new Set(names)].slice(0, 12).join(', ')
}
