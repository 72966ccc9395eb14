/** What is set of a pane: title, looks, tabs, where it is hidden. */
import { ActionIcon, Button, Chip, Group, NativeSelect, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import type { Pane } from '../../../../portal/src/model/model.ts'
import { type Editor, newId } from './editor.ts'
import { fields, freeName, thing } from './model/config.ts'
import { addTab, changePane, removePane, removeTab, renameTab } from './model/panes.ts'
import { type Breakpoint, breakpoints } from './model/places.ts'
import { PlaceFields } from './place-fields.tsx'

type Props = { editor: Editor; pane: Pane; at: Breakpoint; onGone: () => void }

export function PaneSettings({ editor, pane, at, onGone }: Props) {
  const { model, edit } = editor
  const ids = model.panes
    .filter(({ pageId, hiddenAt }) => pageId === pane.pageId && !hiddenAt.has(at))
    .map(({ id }) => id)
  const set = (changes: Record<string, unknown>, joins?: string): void =>
    edit((config) => changePane(config, pane.id, changes), joins && `${pane.id}.${joins}`)
  return (
    <Stack gap="sm">
      <TextInput
        label="Title"
        value={pane.title}
        onChange={(event) => set({ header: { title: event.currentTarget.value } }, 'title')}
      />
      <PlaceFields
        editor={editor}
        grid={{ kind: 'page', id: pane.pageId }}
        id={pane.id}
        ids={ids}
        at={at}
        cols={model.cols}
      />
      <Switch
        label="Header with the title"
        checked={!pane.headerHidden}
        onChange={(event) => set({ header: { hide: !event.currentTarget.checked } })}
      />
      <Switch
        label="Border"
        checked={!pane.bordersHidden}
        onChange={(event) => set({ hideBorders: !event.currentTarget.checked })}
      />
      <NativeSelect
        label="Colours"
        data={[...new Set(['primary', 'secondary', pane.theme])]}
        value={pane.theme}
        onChange={(event) => set({ themeType: event.currentTarget.value })}
      />
      <TextInput
        label="Id in the page"
        description="For style sheets and code; may be empty"
        value={pane.customId}
        onChange={(event) => set({ customPaneId: event.currentTarget.value }, 'customId')}
      />
      <Tabs editor={editor} pane={pane} />
      <div>
        <Text size="sm" fw={600} mb={4} id="hidden-at" component="div">
          Hidden at
        </Text>
        <Chip.Group multiple value={[...pane.hiddenAt]} onChange={(hidden) => hide(editor, pane, hidden)}>
          <Group gap={4} role="group" aria-labelledby="hidden-at">
            {breakpoints.map(({ name }) => (
              <Chip key={name} value={name} size="xs">
                {name}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </div>
      <Button
        variant="light"
        color="red"
        leftSection={<IconTrash size={16} />}
        onClick={() => {
          onGone()
          edit((config) => removePane(config, pane.id))
        }}
      >
        Delete the pane
      </Button>
    </Stack>
  )
}

function hide({ edit }: Editor, { id }: Pane, hidden: string[]): void {
  edit((config) => {
    const held = fields(thing(config, 'panes', id).hiddenBreakpoints)
    const made = Object.fromEntries(breakpoints.map(({ name }) => [name, hidden.includes(name)]))
    const changed = Object.fromEntries(Object.entries(made).filter(([name, is]) => is || held[name] === true))
    return changePane(config, id, { hiddenBreakpoints: { ...held, ...changed } })
  })
}

function Tabs({ editor: { edit }, pane }: { editor: Editor; pane: Pane }) {
  const titles = pane.tabs.map(({ title }, index) => title || `Tab ${index + 1}`)
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600} component="div">
          Tabs
        </Text>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconPlus size={13} />}
          onClick={() => edit((config) => addTab(config, pane.id, newId(), freeName('Tab', ['Tab', ...titles])))}
        >
          Tab
        </Button>
      </Group>
      {pane.tabs.length < 2 && (
        <Text size="xs" c="dimmed">
          One, which is not shown as such
        </Text>
      )}
      {pane.tabs.length > 1 && (
        <Stack gap={4}>
          {pane.tabs.map(({ id }, index) => (
            <Group key={id} gap={4} wrap="nowrap">
              <TextInput
                flex={1}
                size="xs"
                aria-label={`Title of tab ${index + 1}`}
                value={pane.tabs[index]!.title}
                onChange={(event) => {
                  const title = event.currentTarget.value
                  edit((config) => renameTab(config, pane.id, id, title), `${id}.title`)
                }}
              />
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={`Delete ${titles[index]}`}
                onClick={() => edit((config) => removeTab(config, pane.id, id))}
              >
                <IconTrash size={15} />
              </ActionIcon>
            </Group>
          ))}
        </Stack>
      )}
    </div>
  )
}
