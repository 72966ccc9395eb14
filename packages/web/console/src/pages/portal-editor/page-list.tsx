/** The pages of a portal and the areas that all of them share: which one is edited, and adding, naming, ordering, deleting pages. */
import { ActionIcon, Button, Group, NativeSelect, NavLink, Stack, Text, TextInput } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { Confirm } from '../../frame/confirm.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Area, type Editor, newId } from './editor.ts'
import { freeName } from './model/config.ts'
import { addModal, changeModal, removeModal } from './model/modals.ts'
import {
  addPage,
  homeId,
  inOrder,
  orderPages,
  parentOf,
  putBelow,
  removePage,
  renamePage,
  whyNotNamed,
} from './model/pages.ts'

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
  const addAModal = (): void => {
    const id = newId()
    const names = model.modals.map((modal) => modal.name)
    edit((config) => addModal(config, id, freeName('Modal', names)))
    onArea({ kind: 'modal', id })
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
        {pages.map(({ id, name }) => {
          const above = model.pages.find((page) => page.id === parentOf(work.config, id))
          return entry({ kind: 'page', id }, above === undefined ? name : `${above.name} › ${name}`)
        })}
      </nav>
      {area.kind === 'page' && <PageTools key={area.id} editor={editor} id={area.id} onArea={onArea} />}
      <nav aria-label="Areas of all pages">
        <Group justify="space-between" px={8} py={4}>
          <Text size="xs" fw={700} tt="uppercase" c="dimmed">
            On all pages
          </Text>
          <ActionIcon variant="subtle" aria-label="Add a modal" title="Add a modal" onClick={addAModal}>
            <IconPlus size={16} />
          </ActionIcon>
        </Group>
        {entry({ kind: 'header' }, 'Header')}
        {entry({ kind: 'flyout' }, 'Flyout')}
        {model.modals.map(({ id, name }) => entry({ kind: 'modal', id }, name))}
      </nav>
      {area.kind === 'modal' && <ModalTools key={area.id} editor={editor} id={area.id} onArea={onArea} />}
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
      <Below editor={editor} id={id} />
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

/** Pages stand one deep: one that has others below it, and the first one, stand by themselves. */
function Below({ editor: { model, work, edit }, id }: { editor: Editor; id: string }) {
  const page = model.pages.find((one) => one.id === id)
  const takers = model.pages.filter((one) => one.id !== id && parentOf(work.config, one.id) === undefined)
  if (id === homeId || page === undefined || page.children.length > 0 || takers.length === 0) return null
  return (
    <NativeSelect
      label="Stands below"
      size="xs"
      value={parentOf(work.config, id) ?? ''}
      data={[{ value: '', label: 'No other page' }, ...takers.map((one) => ({ value: one.id, label: one.name }))]}
      onChange={(event) => {
        const parent = event.currentTarget.value
        edit((config) => putBelow(config, id, parent === '' ? undefined : parent))
      }}
    />
  )
}

function ModalTools({ editor, id, onArea }: { editor: Editor; id: string; onArea: (area: Area) => void }) {
  const { model, edit } = editor
  const modal = model.modals.find((one) => one.id === id)
  if (modal === undefined) return null
  return (
    <Stack gap={6} px={8}>
      <TextInput
        label="Name of the modal"
        description="CB_PORTAL.Modals.open(name) shows it"
        size="xs"
        value={modal.name}
        onChange={(event) => {
          const name = event.currentTarget.value
          edit((config) => changeModal(config, id, { name }), `${id}.name`)
        }}
      />
      <TextInput
        label="Title"
        size="xs"
        value={modal.title}
        onChange={(event) => {
          const title = event.currentTarget.value
          edit((config) => changeModal(config, id, { title }), `${id}.title`)
        }}
      />
      <Group>
        <Button
          size="compact-sm"
          variant="light"
          color="red"
          leftSection={<IconTrash size={14} />}
          onClick={() => {
            onArea({ kind: 'header' })
            edit((config) => removeModal(config, id))
            tellDone(`${modal.name} is deleted. Undo brings it back.`)
          }}
        >
          Delete modal
        </Button>
      </Group>
    </Stack>
  )
}
