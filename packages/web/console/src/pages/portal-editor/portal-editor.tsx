/** The editor of one portal: its parts as tabs, and above them undo, preview and save. */
import { ActionIcon, Alert, Badge, Button, Group, Stack, Tabs, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconArrowBackUp, IconArrowForwardUp, IconDeviceFloppy, IconExternalLink } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { pathOf } from '../../../../portal/src/model/pages.ts'
import { PageHead } from '../../frame/page-head.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { LeaveGuard } from '../code/leave-guard.tsx'
import { AboutTab } from './about-tab.tsx'
import { DatasourcesTab } from './datasources-tab.tsx'
import type { Area, Editor } from './editor.ts'
import { isOldConfig } from './model/config.ts'
import { homeId } from './model/pages.ts'
import { modelOf, renewed, type Stored } from './model/portal.ts'
import { NobodyYet } from './nobody-yet.tsx'
import { PagesTab } from './pages-tab.tsx'
import { previewUrl } from './portal-api.ts'
import { ResourcesTab } from './resources-tab.tsx'
import { StalePortal } from './stale-portal.tsx'
import { ThemeTab } from './theme-tab.tsx'
import { type Editing, usePortalEditing } from './use-portal-editing.ts'

type Props = { systemKey: string; name: string; current: Stored }

export function PortalEditor({ systemKey, name, current }: Props) {
  const editing = usePortalEditing(systemKey, name, current)
  const { work, dirty, save, edit, editWork } = editing
  const [stale, setStale] = useState(false)
  const [gone, setGone] = useState(false)
  const [area, setArea] = useState<Area>({ kind: 'page', id: homeId })
  const model = useMemo(() => modelOf(name, work), [name, work])
  const editor: Editor = { systemKey, name, work, model, edit, editWork }

  async function saveIt(over = false): Promise<void> {
    try {
      const answer = await save.mutateAsync({ over })
      setStale(answer.kind === 'stale')
      if (answer.kind === 'saved') tellDone(`${name} is saved.`)
    } catch (error) {
      tellFailed(error, 'Not saved')
    }
  }

  const preview = useMutation({
    mutationFn: async () => {
      // Opened by the click itself, since a window that opens later is taken for an advertisement. It gets no way back here.
      const window = globalThis.open('', '_blank')
      try {
        const url = new URL(await previewUrl(systemKey, name, work))
        if (window === null)
          throw new Error('The browser opened no window. Allow it to for this page, and press again.')
        const page = area.kind === 'page' ? model.pages.find(({ id }) => id === area.id) : undefined
        url.hash = page === undefined ? '/' : pathOf(model.pages, page)
        window.opener = null
        window.location.href = url.href
      } catch (error) {
        window?.close()
        throw error
      }
    },
    onError: (error) => tellFailed(error, 'There is no preview'),
  })

  const trySave = (): void => {
    if (dirty && !save.isPending) void saveIt()
  }
  // Within boxes and code the first belongs to them alone; saving is wanted everywhere.
  useHotkeys([['mod+S', trySave]], [], true)
  useHotkeys([
    ['mod+Z', editing.undo],
    ['mod+shift+Z', editing.redo],
  ])

  return (
    <Stack gap="sm">
      <PageHead
        title={name}
        actions={
          <>
            {dirty && (
              <Badge variant="light" color="orange" tt="none" mt={6}>
                not saved
              </Badge>
            )}
            <Steps editing={editing} />
            <Button
              variant="default"
              leftSection={<IconExternalLink size={16} />}
              loading={preview.isPending}
              onClick={() => preview.mutate()}
            >
              Preview
            </Button>
            <Button
              leftSection={<IconDeviceFloppy size={16} />}
              loading={save.isPending}
              disabled={!dirty}
              onClick={trySave}
            >
              Save
            </Button>
          </>
        }
      />
      <Notices editing={editing} onCompare={() => setStale(true)} />
      <NobodyYet systemKey={systemKey} name={name} />
      {isOldConfig(work.config) ? (
        <OldPortal editor={editor} />
      ) : (
        <Tabs defaultValue="pages" keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="pages">Pages</Tabs.Tab>
            <Tabs.Tab value="datasources">Datasources</Tabs.Tab>
            <Tabs.Tab value="resources">Resources</Tabs.Tab>
            <Tabs.Tab value="theme">Theme</Tabs.Tab>
            <Tabs.Tab value="about">About</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="pages">
            <PagesTab editor={editor} area={area} onArea={setArea} />
          </Tabs.Panel>
          <Tabs.Panel value="datasources">
            <DatasourcesTab editor={editor} />
          </Tabs.Panel>
          <Tabs.Panel value="resources">
            <ResourcesTab editor={editor} />
          </Tabs.Panel>
          <Tabs.Panel value="theme">
            <ThemeTab editor={editor} />
          </Tabs.Panel>
          <Tabs.Panel value="about">
            <AboutTab
              editor={editor}
              onGone={() => {
                setGone(true)
                editing.forget()
              }}
            />
          </Tabs.Panel>
        </Tabs>
      )}
      <StalePortal
        opened={stale}
        onClose={() => setStale(false)}
        current={current}
        work={work}
        saving={save.isPending}
        onOver={() => void saveIt(true)}
        onTake={() => {
          editing.takeCurrent()
          setStale(false)
        }}
      />
      <LeaveGuard dirty={dirty && !gone} onLeave={editing.forget} />
    </Stack>
  )
}

const Steps = ({ editing }: { editing: Editing }) => (
  <ActionIcon.Group>
    <ActionIcon size={36} variant="default" aria-label="Undo" disabled={!editing.canUndo} onClick={editing.undo}>
      <IconArrowBackUp size={18} />
    </ActionIcon>
    <ActionIcon size={36} variant="default" aria-label="Redo" disabled={!editing.canRedo} onClick={editing.redo}>
      <IconArrowForwardUp size={18} />
    </ActionIcon>
  </ActionIcon.Group>
)

function Notices({ editing, onCompare }: { editing: Editing; onCompare: () => void }) {
  return (
    <>
      {editing.draft !== undefined && (
        <Alert color="blue" title="There is work that was not saved" role="status">
          <Text size="sm">Done here at {new Date(editing.draft.at).toLocaleString()}.</Text>
          <Group gap="xs" mt="xs">
            <Button size="xs" onClick={editing.restoreDraft}>
              Bring it back
            </Button>
            <Button size="xs" variant="default" onClick={editing.forget}>
              Throw it away
            </Button>
          </Group>
        </Alert>
      )}
      {editing.overtaken && (
        <Alert color="orange" title="Somebody else saved this portal meanwhile" role="status">
          <Group justify="space-between">
            <Text size="sm">Yours is made from what was stored before.</Text>
            <Button size="xs" variant="default" onClick={onCompare}>
              Compare
            </Button>
          </Group>
        </Alert>
      )}
    </>
  )
}

const OldPortal = ({ editor: { editWork } }: { editor: Editor }) => (
  <Alert color="blue" title="This portal is of the old type, from before there were pages">
    <Text size="sm" mb="xs">
      It runs as it is. To be edited here it is turned into one page of today's shape: its panes, widgets and
      datasources come along, and what else it has is kept beside them. Nothing is stored before you save.
    </Text>
    <Button size="xs" onClick={() => editWork(renewed)}>
      Turn it into pages
    </Button>
  </Alert>
)
