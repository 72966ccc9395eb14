/** Pages, panes and widgets: the list of pages, the grid at one width, and the settings of what is chosen. */
import { Button, Group, Menu, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconLayoutBoard, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { nearestFilled } from '../../../../portal/src/model/layout.ts'
import { Canvas, paneName } from './canvas.tsx'
import { type Area, breakpointOf, type Chosen, colsOf, type Editor, layoutsOf, newId } from './editor.ts'
import { freeName } from './model/config.ts'
import { type Kind, kinds } from './model/kinds.ts'
import { homeId } from './model/pages.ts'
import { addPane } from './model/panes.ts'
import { type Breakpoint, breakpoints, type Grid } from './model/places.ts'
import { addWidget, gridOf } from './model/widgets.ts'
import { PageList } from './page-list.tsx'
import { PaneSettings } from './pane-settings.tsx'
import classes from './portal-editor.module.css'
import { WidgetSettings } from './widget-settings.tsx'

type Props = { editor: Editor; area: Area; onArea: (area: Area) => void }

export function PagesTab({ editor, area: wanted, onArea }: Props) {
  const { model } = editor
  const [breakpoint, setBreakpoint] = useState<Breakpoint>('lg')
  const [chosen, setChosen] = useState<Chosen>()
  const [tabs, setTabs] = useState<ReadonlyMap<string, string>>(new Map())
  // An undo may have taken away what was open.
  const area = isThere(editor, wanted) ? wanted : { kind: 'page' as const, id: firstPage(editor) }
  const openTab = (pane: string, tab: string): void => setTabs(new Map(tabs).set(pane, tab))
  return (
    <div className={classes.columns}>
      <div className={classes.side}>
        <PageList
          editor={editor}
          area={area}
          onArea={(next) => {
            setChosen(undefined)
            onArea(next)
          }}
        />
      </div>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Width of the screen"
            value={breakpoint}
            onChange={(next) => setBreakpoint(next as Breakpoint)}
            data={breakpoints.map(({ name }) => ({ value: name, label: name }))}
          />
          <Group gap="xs">
            {area.kind === 'page' && (
              <Button size="xs" variant="default" leftSection={<IconLayoutBoard size={15} />} onClick={addOne}>
                Pane
              </Button>
            )}
            <WidgetMenu onKind={(kind) => put(kind)} disabled={target() === undefined} />
          </Group>
        </Group>
        <Text size="xs" c="dimmed">
          {widthWords(breakpoint)} {derivedWords(editor, area, breakpoint)}
        </Text>
        <Canvas
          editor={editor}
          area={area}
          breakpoint={breakpoint}
          chosen={chosen}
          onChoose={setChosen}
          tabs={tabs}
          onTab={openTab}
        />
        <HiddenPanes editor={editor} area={area} breakpoint={breakpoint} onChoose={setChosen} />
        <Text size="xs" c="dimmed">
          Drag by mouse, and the corner to size; by finger, tap a widget first. By keys: arrows move what has the focus,
          with Shift they size it, Delete takes it away. A width beside a title says that what is in the pane is laid
          out for that one.
        </Text>
      </Stack>
      <div className={classes.side}>
        <Settings editor={editor} chosen={chosen} breakpoint={breakpoint} onChoose={setChosen} />
      </div>
    </div>
  )

  function addOne(): void {
    if (area.kind !== 'page') return
    const id = newId()
    const titles = model.panes.filter(({ pageId }) => pageId === area.id).map(({ title }) => title)
    const title = freeName('Pane', titles)
    editor.edit((config) => addPane(config, { id, tab: newId(), page: area.id, title }, model.cols))
    setChosen({ kind: 'pane', id })
  }

  /** Where a new widget goes: into the chosen pane, beside the chosen widget, or into the first pane that there is. */
  function target(): Grid | undefined {
    if (area.kind !== 'page') return area
    if (chosen?.kind === 'widget') return gridOf(editor.work.config, chosen.id)
    const own = model.panes.filter(({ pageId }) => pageId === area.id)
    const pane = own.find(({ id }) => id === chosen?.id) ?? own[0]
    const open = pane?.tabs.find(({ id }) => id === tabs.get(pane.id))?.id ?? pane?.activeTab
    return open === undefined || open === '' ? undefined : { kind: 'tab', id: open }
  }

  function put(kind: Kind): void {
    const grid = target()
    if (grid === undefined) return
    const id = newId()
    const size = grid.kind === 'header' ? { w: 4, h: 1 } : kind.size
    const props = structuredClone(kind.props)
    editor.edit((config) => addWidget(config, grid, { id, type: kind.type, props, size }, colsOf(editor, grid)))
    setChosen({ kind: 'widget', id })
  }
}

const firstPage = ({ model }: Editor): string => (model.pages.find(({ id }) => id === homeId) ?? model.pages[0]!).id

const isThere = ({ model }: Editor, area: Area): boolean =>
  area.kind === 'page'
    ? model.pages.some(({ id }) => id === area.id)
    : area.kind !== 'modal' || model.modals.some(({ id }) => id === area.id)

function widthWords(breakpoint: Breakpoint): string {
  const index = breakpoints.findIndex(({ name }) => name === breakpoint)
  const { from } = breakpoints[index]!
  const above = breakpoints[index - 1]?.from
  if (above === undefined) return `${breakpoint}: screens of ${from} pixels and more.`
  return from === 0
    ? `${breakpoint}: screens below ${above} pixels.`
    : `${breakpoint}: screens of ${from} to ${above - 1} pixels.`
}

function derivedWords(editor: Editor, area: Area, breakpoint: Breakpoint): string {
  const from = nearestFilled(layoutsOf(editor, area), breakpoint)
  if (from === undefined || from === breakpoint) return ''
  return `Nothing is laid out for it: places are made from ${from}. What you drag here stands for ${breakpoint} alone.`
}

function WidgetMenu({ onKind, disabled }: { onKind: (kind: Kind) => void; disabled: boolean }) {
  return (
    <Menu position="bottom-end" disabled={disabled}>
      <Menu.Target>
        <Button size="xs" leftSection={<IconPlus size={15} />} disabled={disabled}>
          Widget
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah="60dvh" style={{ overflowY: 'auto' }}>
        {kinds.map((kind) => (
          <Menu.Item key={kind.type} onClick={() => onKind(kind)}>
            {kind.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

type HiddenProps = Props & { breakpoint: Breakpoint; onChoose: (chosen: Chosen) => void }

function HiddenPanes({ editor, area, breakpoint, onChoose }: Omit<HiddenProps, 'onArea'>) {
  if (area.kind !== 'page') return null
  const hidden = editor.model.panes.filter(({ pageId, hiddenAt }) => pageId === area.id && hiddenAt.has(breakpoint))
  if (hidden.length === 0) return null
  return (
    <Group gap={6}>
      <Text size="xs" c="dimmed">
        Hidden at this width:
      </Text>
      {hidden.map((pane) => (
        <Button
          key={pane.id}
          size="compact-xs"
          variant="default"
          onClick={() => onChoose({ kind: 'pane', id: pane.id })}
        >
          {paneName(pane)}
        </Button>
      ))}
    </Group>
  )
}

type SettingsProps = { editor: Editor; chosen: Chosen; breakpoint: Breakpoint; onChoose: (chosen: Chosen) => void }

function Settings({ editor, chosen, breakpoint, onChoose }: SettingsProps) {
  const { panes, widgets } = editor.model
  const pane = chosen?.kind === 'pane' ? panes.find(({ id }) => id === chosen.id) : undefined
  const widget = chosen?.kind === 'widget' ? widgets.find(({ id }) => id === chosen.id) : undefined
  if (pane !== undefined) {
    return (
      <section aria-label={`Settings of ${paneName(pane)}`}>
        <PaneSettings key={pane.id} editor={editor} pane={pane} at={breakpoint} onGone={() => onChoose(undefined)} />
      </section>
    )
  }
  if (widget !== undefined) {
    const at = breakpointOf(editor, gridOf(editor.work.config, widget.id), breakpoint)
    return (
      <section aria-label="Settings of the widget">
        <WidgetSettings key={widget.id} editor={editor} widget={widget} at={at} onChoose={onChoose} />
      </section>
    )
  }
  return (
    <Text size="sm" c="dimmed">
      Choose a pane or a widget to set it.
    </Text>
  )
}
