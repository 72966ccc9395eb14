/** Scripts and style sheets of a portal: its own, in the order in which they are loaded, and those from elsewhere. */
import { ActionIcon, Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { CodeField } from './code-field.tsx'
import { type Editor, newId } from './editor.ts'
import { fields, freeName, isObject, list, text, textsIn } from './model/config.ts'
import { addResource, changeResource, orderResources, removeResource, setScripts } from './model/sources.ts'
import { linesIn } from './widget-settings.tsx'

type Resource = { id: string; name: string; type: 'js' | 'css'; file: string }

function resourcesOf({ work: { config } }: Editor): Resource[] {
  const order = textsIn(config.internalResourceOrder)
  const all = Object.entries(fields(config.internalResources)).filter((entry) => isObject(entry[1]))
  const read = all.map(([key, held]): Resource => {
    const own = fields(held)
    const name = text(own.name, key)
    const type = /css/i.test(text(own.type)) || /\.css$/i.test(name) ? 'css' : 'js'
    return { id: text(own.id, key), name, type, file: text(own.file) }
  })
  const rank = ({ id, name }: Resource): number => {
    const at = order.findIndex((one) => one === id || one === name)
    return at === -1 ? order.length : at
  }
  return read.sort((one, other) => rank(one) - rank(other))
}

export function ResourcesTab({ editor }: { editor: Editor }) {
  const { edit, work } = editor
  const resources = resourcesOf(editor)
  const scripts = list(work.config.externalScripts).map((one) =>
    typeof one === 'string' ? one : text(fields(one).url),
  )
  const add = (type: 'js' | 'css'): void => {
    const name = freeName(
      type === 'js' ? 'script' : 'style',
      resources.map((one) => one.name.replace(/\.\w+$/, '')),
    )
    edit((config) => addResource(config, { id: newId(), name: `${name.replace(' ', '-')}.${type}`, type }, Date.now()))
  }
  const move = (index: number, by: number): void => {
    const ids = resources.map(({ id }) => id)
    const [own] = ids.splice(index, 1)
    ids.splice(index + by, 0, own!)
    edit((config) => orderResources(config, ids))
  }
  return (
    <Stack maw={860}>
      <Textarea
        label="External scripts and style sheets"
        description="Addresses by https, one a line; they come first"
        autosize
        minRows={2}
        key={scripts.join('\n')}
        defaultValue={scripts.join('\n')}
        onBlur={(event) => {
          const addresses = linesIn(event.currentTarget.value)
          if (addresses.join('\n') === scripts.join('\n')) return
          edit((config) => ({ ...config, externalScripts: setScripts(config.externalScripts, addresses) }))
        }}
      />
      <Group justify="space-between">
        <div>
          <Text fw={600}>Resources</Text>
          <Text size="sm" c="dimmed">
            Kept in the portal; they come in this order, before all widgets.
          </Text>
        </div>
        <Group gap="xs">
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => add('js')}>
            Script
          </Button>
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => add('css')}>
            Style sheet
          </Button>
        </Group>
      </Group>
      {resources.length === 0 && (
        <Text size="sm" c="dimmed">
          There is none yet.
        </Text>
      )}
      {resources.map(({ id, name, type, file }, index) => (
        <Stack key={id} gap="xs" component="section" aria-label={name}>
          <Group gap="xs" align="flex-end">
            <TextInput
              label="Name"
              flex={1}
              value={name}
              onChange={(event) => {
                const next = event.currentTarget.value
                edit((config) => changeResource(config, id, { name: next }, Date.now()), `${id}.name`)
              }}
            />
            <NativeSelect
              label="Sort"
              data={[
                { value: 'js', label: 'Script' },
                { value: 'css', label: 'Style sheet' },
              ]}
              value={type}
              onChange={(event) => {
                const next = event.currentTarget.value
                edit((config) => changeResource(config, id, { type: next }, Date.now()))
              }}
            />
            <ActionIcon.Group>
              <ActionIcon
                size={36}
                variant="default"
                aria-label={`Move ${name} up`}
                disabled={index === 0}
                onClick={() => move(index, -1)}
              >
                <IconArrowUp size={16} />
              </ActionIcon>
              <ActionIcon
                size={36}
                variant="default"
                aria-label={`Move ${name} down`}
                disabled={index === resources.length - 1}
                onClick={() => move(index, 1)}
              >
                <IconArrowDown size={16} />
              </ActionIcon>
              <ActionIcon
                size={36}
                variant="default"
                aria-label={`Delete ${name}`}
                onClick={() => edit((config) => removeResource(config, id))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </ActionIcon.Group>
          </Group>
          <CodeField
            key={type}
            label={`Text of ${name}`}
            language={type === 'js' ? 'javascript' : 'css'}
            value={file}
            onChange={(next) => edit((config) => changeResource(config, id, { file: next }, Date.now()), `${id}.file`)}
          />
        </Stack>
      ))}
    </Stack>
  )
}
