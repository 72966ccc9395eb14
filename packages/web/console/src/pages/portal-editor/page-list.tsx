/** The pages of a portal and the areas that all of them share: which one is edited, and adding, naming, ordering, deleting pages. */
import { ActionIcon, Button, Group, NavLink, Stack, Text, TextInput } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { Confirm } from '../../frame/confirm.tsx'
import { type Area, type Editor, newId } from './editor.ts'
import { freeName } from './model/config.ts'
import { addPage, homeId, inOrder, orderPages, removePage, renamePage, whyNotNamed } from './model/pages.ts'

type Props = { editor: Editor; area: Area; onArea: (area: Area) => void }

export function PageList({ editor, area, onArea }: Props) {
  const { model, work, edit } = editor
  const pages = inOrder(work.config, model.pages)
  const isOpen = (other: Area): boolean => JSON.stringify(other) === JSON.stringify(area)
  const entry = (to: Area, label: string) => (
    <NavLink
      component="button"
      type="button"
      key={JSON.stringify(to)}
      label={label}
      active={isOpen(to)}
      {...(isOpen(to) && { 'aria-current': 'true' as const })}
      onClick={() => onArea(to)}
      px={8}
      py={5}
      style={{ borderRadius: 'var(--mantine-radius-sm)' }}
      styles={{ label: { overflow: 'hidden', textOverflow: 'ellipsis' }, body: { minWidth: 0 } }}
    />
  )
  const add = (): void => {
    const id = newId()
    const name = freeName(
      'Page',
      pages.map((page) => page.name),
    )
    edit((config) => addPage(config, { id, name }))
    onArea({ kind: 'page', id })
  }
  return (
    <Stack gap="xs">
      <nav aria-label="Pages">
        <Group justify="space-between" px={8} py={4}>
          <Text size="xs" fw={700} tt="uppercase" c="dimmed">
            Pages
          </Text>
          <ActionIcon variant="subtle" aria-label="Add a page" title="Add a page" onClick={add}>
            <IconPlus size={16} />
          </ActionIcon>
        </Group>
        {pages.map(({ id, name }) => entry({ kind: 'page', id }, name))}
      </nav>
      {area.kind === 'page' && <PageTools key={area.id} editor={editor} id={area.id} onArea={onArea} />}
      <nav aria-label="Areas of all pages">
        <Text size="xs" fw={700} tt="uppercase" c="dimmed" px={8} py={4}>
          On all pages
        </Text>
        {entry({ kind: 'header' }, 'Header')}
        {entry({ kind: 'flyout' }, 'Flyout')}
        {model.modals.map(({ id, name }) => entry({ kind: 'modal', id }, `Modal ${name}`))}
      </nav>
    </Stack>
  )
}

function PageTools({ editor, id, onArea }: { editor: Editor; id: string; onArea: (area: Area) => void }) {
  const { model, work, edit } = editor
  const pages = inOrder(work.config, model.pages)
  const index = pages.findIndex((page) => page.id === id)
  const page = pages[index]
  const [typed, setTyped] = useState<string>()
  const [deleting, setDeleting] = useState(false)
  if (page === undefined) return null
  const name = typed ?? page.name
  const why = typed === undefined ? undefined : whyNotNamed(work.config, typed, id)
  const panes = model.panes.filter(({ pageId }) => pageId === id)
  const move = (by: number): void => {
    const ids = pages.map((one) => one.id)
    const [own] = ids.splice(index, 1)
    ids.splice(index + by, 0, own!)
    edit((config) => orderPages(config, ids))
  }
  const remove = (): void => {
    onArea({ kind: 'page', id: pages.find((one) => one.id !== id)!.id })
    edit((config) => removePage(config, id))
  }
  return (
    <Stack gap={6} px={8}>
      <TextInput
        label="Name of the page"
        size="xs"
        value={name}
        error={why}
        onChange={(event) => {
          const next = event.currentTarget.value
          setTyped(next)
          if (whyNotNamed(work.config, next, id) === undefined) {
            edit((config) => renamePage(config, id, next), `${id}.name`)
          }
        }}
        onBlur={() => setTyped(undefined)}
      />
      <Group gap={4}>
        <ActionIcon
          variant="default"
          aria-label={`Move ${page.name} up`}
          disabled={index === 0}
          onClick={() => move(-1)}
        >
          <IconArrowUp size={15} />
        </ActionIcon>
        <ActionIcon
          variant="default"
          aria-label={`Move ${page.name} down`}
          disabled={index === pages.length - 1}
          onClick={() => move(1)}
        >
          <IconArrowDown size={15} />
        </ActionIcon>
        <Button
          size="compact-sm"
          variant="light"
          color="red"
          leftSection={<IconTrash size={14} />}
          disabled={id === homeId || pages.length === 1}
          onClick={() => (panes.length === 0 ? remove() : setDeleting(true))}
        >
          Delete page
        </Button>
      </Group>
      {id === homeId && (
        <Text size="xs" c="dimmed">
          The portal begins with this page.
        </Text>
      )}
      <Confirm
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete the page ${page.name}?`}
        label="Delete"
        action={async () => remove()}
      >
        It goes with {panes.length === 1 ? 'its pane' : `its ${panes.length} panes`} and all widgets in them. Undo
        brings it back, and nothing is gone before you save.
      </Confirm>
    </Stack>
  )
}
